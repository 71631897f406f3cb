// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/x11/shared_memory.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <fstream>
#include <string>

#include "engine/x11/xcb_handles.h"
#include "tests/capture/support.h"

using namespace beside;
using namespace beside::capture_test;
using x11::SharedMemory;

namespace {

struct Rig {
  explicit Rig(const std::vector<std::string>& extra = {}) : server(extra, "64x48x24") {
    REQUIRE(server.ok());
    c.reset(xcb_connect(server.display().c_str(), nullptr));
    REQUIRE(xcb_connection_has_error(c.get()) == 0);
    screen = xcb_setup_roots_iterator(xcb_get_setup(c.get())).data;
    gc = xcb_generate_id(c.get());
    const std::uint32_t colour = 0x00aa5511;
    xcb_create_gc(c.get(), gc, screen->root, XCB_GC_FOREGROUND, &colour);
  }
  // The root's pixels by the memory; false when the server refuses.
  bool grab(const SharedMemory& memory) {
    const xcb_rectangle_t all{0, 0, 64, 48};
    xcb_poly_fill_rectangle(c.get(), screen->root, gc, 1, &all);
    const x11::Reply<xcb_shm_get_image_reply_t> got{xcb_shm_get_image_reply(
        c.get(), xcb_shm_get_image(c.get(), screen->root, 0, 0, 64, 48, ~0U, XCB_IMAGE_FORMAT_Z_PIXMAP, memory.segment(), 0), nullptr)};
    return got != nullptr;
  }
  XServer server;
  x11::Link c;
  xcb_screen_t* screen = nullptr;
  xcb_gcontext_t gc = 0;
};

// System V segments of the machine.
int segments() {
  std::ifstream list("/proc/sysvipc/shm");
  int lines = 0;
  for (std::string line; std::getline(list, line);) ++lines;
  return lines;
}

}  // namespace

TEST_CASE("the server writes into shared memory, by descriptor and by segment, and it grows") {
  BS_NEEDS_XVFB();
  Rig rig;
  for (const auto way : {SharedMemory::Way::Descriptor, SharedMemory::Way::Segment}) {
    SharedMemory memory(rig.c.get(), SharedMemory::Server::Writes, "test", way);
    CHECK(memory.way() == SharedMemory::Way::None);
    REQUIRE(memory.make_room(64 * 48 * 4));
    CHECK(memory.way() == way);
    CHECK(memory.capacity() % 4096 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % 4096 == 0);
    REQUIRE(rig.grab(memory));
    CHECK(int{memory.data()[0]} == 0x11);
    CHECK(int{memory.data()[1]} == 0x55);
    CHECK(int{memory.data()[2]} == 0xaa);
    const auto* before = memory.data();
    REQUIRE(memory.make_room(100));   // what is there is enough
    CHECK(memory.data() == before);
    REQUIRE(memory.make_room(5'000'000));
    CHECK(memory.capacity() >= 5'000'000);
    memory.data()[4'999'999] = 7;
    CHECK(rig.grab(memory));
    memory.drop();
    CHECK(memory.data() == nullptr);
    CHECK(memory.way() == SharedMemory::Way::None);
  }
}

TEST_CASE("memory that the server only reads is not written by it") {
  BS_NEEDS_XVFB();
  Rig rig;
  SharedMemory memory(rig.c.get(), SharedMemory::Server::Reads, "test");
  REQUIRE(memory.make_room(64 * 48 * 4));
  CHECK_FALSE(rig.grab(memory));
  CHECK(int{memory.data()[1]} == 0);
}

TEST_CASE("no segment stays behind, and a server without MIT-SHM is asked once") {
  BS_NEEDS_XVFB();
  const int before = segments();
  {
    Rig rig;
    SharedMemory memory(rig.c.get(), SharedMemory::Server::Writes, "test", SharedMemory::Way::Segment);
    REQUIRE(memory.make_room(1));
    rig.server.kill();   // the memory outlives the server's end
    memory.data()[0] = 1;
    memory.drop();
    CHECK_FALSE(memory.make_room(1));
  }
  CHECK(segments() == before);
  Rig rig({"-extension", "MIT-SHM"});
  SharedMemory memory(rig.c.get(), SharedMemory::Server::Writes, "test");
  CHECK_FALSE(memory.make_room(1));
  CHECK_FALSE(memory.make_room(1));
  CHECK(memory.way() == SharedMemory::Way::None);
  CHECK(x11::to_string(memory.way()) == "no shared memory");
  CHECK(xcb_connection_has_error(rig.c.get()) == 0);
}
