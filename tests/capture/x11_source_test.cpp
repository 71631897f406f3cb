// SPDX-License-Identifier: GPL-3.0-or-later
// Past 400 lines: one rig and what a screen does to it, case by case.
#include "capture/x11/x11_source.h"

#include <doctest/doctest.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "capture/x11/connection.h"
#include "capture/x11/grabber.h"
#include "capture/x11/hatch.h"
#include "engine/ports/copies.h"
#include "tests/capture/source_rig.h"

using namespace beside;
using namespace beside::capture;
using namespace beside::capture_test;
using session::ConsentMachine;

namespace {

// The server is there before what draws on it.
struct Served {
  explicit Served(const std::vector<std::string>& extra, const std::string& screen) : server(extra, screen) { REQUIRE(server.ok()); }
  XServer server;
};
struct Rig : Served, SourceRig {
  explicit Rig(const std::vector<std::string>& extra = {}, const std::string& screen = "800x600x24")
      : Served(extra, screen), SourceRig(server.display(), Draws::OverWindows) {}
  // Pixels that differ from what XGetImage says (24-bit servers).
  int differing(const ports::Frame& f, const std::vector<Rect>& but_for = {}) {
    const auto image = image_of(f);
    const auto* data = xcb_get_image_data(image.get());
    int wrong = 0;
    for (int py = 0; py < f.area.height; ++py)
      for (int px = 0; px < f.area.width; ++px) {
        bool skip = false;
        for (const auto& r : but_for) skip = skip || r.contains(f.area.x + px, f.area.y + py);
        if (!skip && std::memcmp(f.pixels->row(py) + px * 4, data + (std::ptrdiff_t{py} * f.area.width + px) * 4, 3) != 0) ++wrong;
      }
    return wrong;
  }
};

// As an application does: by an empty shape.
void hide_pointer(Rig& rig) {
  xcb_connection_t* c = rig.x->xcb();
  const xcb_pixmap_t nothing = xcb_generate_id(c);
  xcb_create_pixmap(c, 1, nothing, rig.x->root(), 16, 16);
  const xcb_gcontext_t gc1 = xcb_generate_id(c);
  const std::uint32_t zero = 0;
  xcb_create_gc(c, gc1, nothing, XCB_GC_FOREGROUND, &zero);
  const xcb_rectangle_t all{0, 0, 16, 16};
  xcb_poly_fill_rectangle(c, nothing, gc1, 1, &all);
  const xcb_cursor_t cursor = xcb_generate_id(c);
  xcb_create_cursor(c, cursor, nothing, nothing, 0, 0, 0, 0, 0, 0, 0, 0);
  const std::uint32_t value = cursor;
  xcb_change_window_attributes(c, rig.x->root(), XCB_CW_CURSOR, &value);
  rig.x->sync();
}

ports::Grant see() { return ConsentMachine::grant(Right::See); }

void draws_and_compares(Rig& rig) {
  REQUIRE(rig.source->start(see(), 0));
  {
    auto first = rig.frame();
    REQUIRE(first);
    CHECK(first->damage == std::vector<Rect>{{0, 0, 800, 600}});
    CHECK(rig.differing(*first) == 0);
  }
  for (int i = 0; i < 12; ++i) {
    rig.fill({10 + i * 37, 20 + i * 31, 90, 40}, 0x102030u * static_cast<unsigned>(i + 1));
    auto frame = rig.frame();
    REQUIRE(frame);
    CHECK(rig.differing(*frame) == 0);
  }
}

}  // namespace

TEST_CASE("grabs equal XGetImage by every way of reading") {
  BS_NEEDS_XVFB();
  SUBCASE("shared memory and XDamage") {
    Rig rig;
    CHECK(rig.source->describe().find("MIT-SHM fd, XDamage") != std::string::npos);
    draws_and_compares(rig);
  }
  SUBCASE("no shared memory") {
    Rig rig({"-extension", "MIT-SHM"});
    CHECK(rig.source->describe().find("GetImage") != std::string::npos);
    draws_and_compares(rig);
  }
  SUBCASE("no XDamage: the lines looked at find the change") {
    Rig rig({"-extension", "DAMAGE"});
    CHECK(rig.source->describe().find("no XDamage") != std::string::npos);
    draws_and_compares(rig);
  }
}

TEST_CASE("damage is what changed, and drawing the same again gives no frame") {
  BS_NEEDS_XVFB();
  Rig rig;
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  rig.fill({100, 100, 20, 10}, 0xff8800);
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(frame->damage == std::vector<Rect>{{100, 100, 20, 10}});
  frame.reset();
  rig.fill({100, 100, 20, 10}, 0xff8800);
  CHECK_FALSE(rig.frame(300ms));
}

TEST_CASE("what is drawn at once comes in one frame, and what is drawn in pieces ends as it is") {
  BS_NEEDS_XVFB();
  Rig rig;
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  for (const std::uint32_t colour : {0x405060u, 0x708090u}) {
    rig.fill({20, 20, 700, 500}, colour);
    auto page = rig.frame();
    REQUIRE(page);
    CHECK(rig.differing(*page) == 0);
    page.reset();
    CHECK_FALSE(rig.frame(50ms));
  }
  for (std::uint32_t round = 1; round <= 3; ++round) {
    std::atomic<bool> drawn{false};
    std::thread program([&rig, &drawn, round] {
      rig.fill({20, 20, 700, 500}, 0xffffff);
      for (int y = 20; y < 520; y += 10) rig.fill({20, y, 700, 5}, 0x0102u * round * static_cast<std::uint32_t>(y));
      drawn = true;
    });
    std::optional<ports::Frame> last;
    for (bool more = true; more;) {
      const bool all = drawn;
      auto next = rig.frame(300ms);
      more = next || !all;
      if (next) last = std::move(next);
    }
    program.join();
    REQUIRE(last);
    CHECK(rig.differing(*last) == 0);
  }
}

TEST_CASE("a letter and a page are copied once out of what the server gave, and what a buffer missed once more at most") {
  BS_NEEDS_XVFB();
  using Step = ports::CopyStep;
  Rig rig;
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  std::uint64_t slot = 0, caught_up = 0;
  const auto draw = [&](const Rect& r, std::uint32_t colour) {
    const std::uint64_t slot_before = ports::copied_pixels(Step::Slot), caught_up_before = ports::copied_pixels(Step::CatchUp);
    rig.fill(r, colour);
    const auto frame = rig.frame();
    REQUIRE(frame);
    CHECK(rig.differing(*frame) == 0);
    slot = ports::copied_pixels(Step::Slot) - slot_before;
    caught_up = ports::copied_pixels(Step::CatchUp) - caught_up_before;
  };
  constexpr std::uint64_t kPage = 640 * 480, kLetter = 8 * 16;
  for (std::uint32_t i = 1; i <= 6; ++i) {
    draw({64, 64, 640, 480}, 0x102030 * i);
    CHECK(slot == kPage);
    // A page replaces what the buffer missed of the page before it; only the first use of a buffer lacks the rest.
    if (i > 3) CHECK(caught_up == 0);
  }
  for (std::uint32_t i = 1; i <= 12; ++i) {
    draw({64 + 8 * static_cast<int>(i), 96, 8, 16}, 0xff0000 + i);
    CHECK(slot == kLetter);
    if (i > 3) CHECK(caught_up <= 2 * kLetter);
  }
}

TEST_CASE("what changes everywhere is grabbed into the frame itself, and stays there when the source is gone") {
  BS_NEEDS_XVFB();
  using Step = ports::CopyStep;
  Rig rig;
  REQUIRE(rig.source->start(see(), 0));
  std::optional<ports::Frame> frame = rig.frame();
  REQUIRE(frame);
  const Rect all = frame->area;
  std::uint64_t copied = 0;
  const auto draw = [&](const Rect& r, std::uint32_t colour) {
    const std::uint64_t before = ports::copied_pixels(Step::Slot) + ports::copied_pixels(Step::CatchUp);
    rig.fill(r, colour);
    frame = rig.frame();
    REQUIRE(frame);
    CHECK(rig.differing(*frame) == 0);
    copied = ports::copied_pixels(Step::Slot) + ports::copied_pixels(Step::CatchUp) - before;
  };
  for (std::uint32_t i = 1; i <= 8; ++i) {
    draw(all, 0x102030 * i);
    CHECK(copied == 0);
    draw({40, 40, 8, 16}, 0xff0000 + i);   // what is small comes between
    draw({0, 0, all.width, all.height * 7 / 8}, 0x010101 * i);
    CHECK(copied == 0);
  }
  rig.source.reset();
  CHECK(frame->pixels->row(all.height - 1)[0] == 0x80);   // of the last whole one: 0x30 * 8, cut off
  CHECK(frame->pixels->row(0)[0] == 8);
}

TEST_CASE("no grant or no right: not one pixel") {
  BS_NEEDS_XVFB();
  Rig rig;
  CHECK(rig.source->start(ConsentMachine::grant(Right::Point), 0).error().kind == ErrorKind::Refused);
  CHECK(rig.source->next(local_now()).error().kind == ErrorKind::Refused);
  ConsentMachine::set(*rig.gate, Rights());
  CHECK(rig.source->start(see(), 0).error().kind == ErrorKind::Refused);
  ConsentMachine::set(*rig.gate, Right::See);
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  ConsentMachine::set(*rig.gate, Rights());
  rig.fill({0, 0, 50, 50}, 0xff);
  CHECK(rig.source->next(local_now() + 1s).error().kind == ErrorKind::Refused);
}

TEST_CASE("our own windows are hatched, where the shell says and where the server says") {
  BS_NEEDS_XVFB();
  Rig rig;
  rig.own->set({{300, 200, 100, 50}});
  REQUIRE(rig.source->start(see(), 0));
  rig.fill({0, 0, 800, 600}, 0x00ff00);
  auto frame = rig.frame();
  REQUIRE(frame);
  const auto hatched = [&](int x, int y) { return frame->pixels->row(y)[x * 4 + 1] == (hatch_colour(x, y) & 0xff); };
  CHECK(hatched(300, 200));
  CHECK(hatched(399, 249));
  frame.reset();
  // A native window whose place the shell has not told yet.
  const xcb_window_t window = xcb_generate_id(rig.x->xcb());
  const std::uint32_t values[] = {0xff0000, 1};
  xcb_create_window(rig.x->xcb(), XCB_COPY_FROM_PARENT, window, rig.x->root(), 50, 60, 80, 40, 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, values);
  rig.own->set_native_ids({window});
  xcb_map_window(rig.x->xcb(), window);
  rig.x->sync();
  for (int i = 0; i < 5 && (!frame || !hatched(60, 70)); ++i) {
    auto next = rig.frame(500ms);
    if (next) frame = std::move(next);
  }
  REQUIRE(frame);
  CHECK(hatched(50, 60));
  CHECK(hatched(129, 99));
  CHECK(rig.differing(*frame, {{300, 200, 100, 50}, {50, 60, 80, 40}}) == 0);
}

TEST_CASE("a resize in mid-stream makes a new layout generation and a whole frame of the new size") {
  BS_NEEDS_XVFB();
  if (!have_program("xrandr")) {
    MESSAGE("skipped: no xrandr on this machine");
    return;
  }
  Rig rig({}, "1024x768x24");
  DesktopLayout told;
  rig.source->on_layout([&](const DesktopLayout& l) { told = l; });
  REQUIRE(rig.source->start(see(), 0));
  auto first = rig.frame();
  REQUIRE(first);
  // Xvfb knows only the mode that it was started with.
  REQUIRE(rig.server.run({"xrandr", "--newmode", "small", "40", "800", "840", "968", "1056", "600", "601", "605", "628"}));
  REQUIRE(rig.server.run({"xrandr", "--addmode", "screen", "small"}));
  REQUIRE(rig.server.run({"xrandr", "--output", "screen", "--mode", "small"}));
  std::optional<ports::Frame> frame;
  for (int i = 0; i < 6 && (!frame || frame->area.width != 800); ++i) frame = rig.frame(1s);
  REQUIRE(frame);
  CHECK(frame->area == Rect{0, 0, 800, 600});
  CHECK(frame->damage == std::vector<Rect>{{0, 0, 800, 600}});
  CHECK(told.width == 800);
  CHECK(frame->layout_generation == told.generation);
  CHECK(told.generation > first->layout_generation);
  CHECK(rig.differing(*frame) == 0);
}

TEST_CASE("what changed between two grabs is told at the next start, and a monitor that is not there gives no frame until another is chosen") {
  BS_NEEDS_XVFB();
  if (!have_program("xrandr")) {
    MESSAGE("skipped: no xrandr on this machine");
    return;
  }
  Rig rig({}, "1024x768x24");
  std::vector<DesktopLayout> told;
  rig.source->on_layout([&](const DesktopLayout& l) { told.push_back(l); });
  const auto known = rig.source->layout();
  REQUIRE(known);
  rig.source->prepare();
  REQUIRE(rig.server.run({"xrandr", "--newmode", "small", "40", "800", "840", "968", "1056", "600", "601", "605", "628"}));
  REQUIRE(rig.server.run({"xrandr", "--addmode", "screen", "small"}));
  REQUIRE(rig.server.run({"xrandr", "--output", "screen", "--mode", "small"}));
  REQUIRE(rig.source->start(see(), 7));
  REQUIRE(told.size() == 1);
  CHECK(told[0].width == 800);
  CHECK(told[0].generation > known->generation);
  CHECK_FALSE(rig.frame(300ms));
  REQUIRE(rig.source->start(see(), told[0].monitors.at(0).id));
  const auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(frame->area == Rect{0, 0, 800, 600});
  CHECK(frame->layout_generation == told[0].generation);
  CHECK(told.size() == 1);
}

TEST_CASE("16 and 30 bit displays come out in true colours") {
  BS_NEEDS_XVFB();
  for (const auto& [screen, red] : {std::pair{"320x200x16", 0xf800u}, std::pair{"320x200x30", 0x3ff00000u}}) {
    Rig rig({}, screen);
    REQUIRE(rig.source->start(see(), 0));
    rig.fill({0, 0, 320, 200}, red);
    auto frame = rig.frame();
    REQUIRE(frame);
    const std::uint8_t* p = frame->pixels->row(100) + 400;
    CAPTURE(screen);
    CHECK(int{p[0]} == 0);
    CHECK(int{p[1]} == 0);
    CHECK(int{p[2]} == 255);
  }
}

TEST_CASE("the pointer is a channel of its own: place, shape and hiding") {
  BS_NEEDS_XVFB();
  Rig rig;
  std::vector<ports::CursorImage> shapes;
  ports::CursorPosition at;
  rig.source->on_cursor([&](const ports::CursorImage& i) { shapes.push_back(i); }, [&](ports::CursorPosition p) { at = p; });
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  xcb_warp_pointer(rig.x->xcb(), XCB_NONE, rig.x->root(), 0, 0, 0, 0, 123, 45);
  rig.x->sync();
  for (int i = 0; i < 4 && at.x != 123; ++i) rig.frame(600ms);
  CHECK(at.x == 123);
  CHECK(at.y == 45);
  REQUIRE(!shapes.empty());
  CHECK(shapes.back().bgra.size() == static_cast<std::size_t>(shapes.back().width * shapes.back().height * 4));
  hide_pointer(rig);
  for (int i = 0; i < 4 && at.visible; ++i) rig.frame(600ms);
  CHECK_FALSE(at.visible);
}

TEST_CASE("what is drawn while the server is asked something else is seen at once") {
  // The notice came with the answer and lay unseen in XCB's queue until the next one: of 120 scrolls 2 were not shown, those during
  // which the source took its look at some lines once a second.
  BS_NEEDS_XVFB();
  Rig rig;
  bool drawn = false;
  rig.source->on_cursor([&](const ports::CursorImage& image) {
    const bool hidden = std::all_of(image.bgra.begin(), image.bgra.end(), [](std::uint8_t byte) { return byte == 0; });
    // Where the pointer is will be asked next.
    if (hidden && !std::exchange(drawn, true)) rig.fill({100, 100, 20, 10}, 0xff8800);
  }, {});
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  REQUIRE_FALSE(rig.frame(50ms));
  hide_pointer(rig);
  const LocalTime asked = local_now();
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(drawn);
  CHECK(frame->damage == std::vector<Rect>{{100, 100, 20, 10}});
  CHECK(local_now() - asked < 500ms);   // the next look would be later
}

TEST_CASE("cancel() ends a wait, and an idle desktop gives nothing") {
  BS_NEEDS_XVFB();
  Rig rig;
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  CHECK_FALSE(rig.frame(200ms));
  std::thread other([&] { rig.source->cancel(); });
  CHECK_FALSE(rig.frame(60s));  // the test's own limit would strike if cancel() did not
  other.join();
}

// Three films may have one waiting each, one is coded, one is being looked at: the next is grabbed all the same.
TEST_CASE("six frames may be lent at once; the seventh waits and then holds everything") {
  BS_NEEDS_XVFB();
  Rig rig;
  REQUIRE(rig.source->start(see(), 0));
  std::vector<ports::Frame> lent;
  for (int i = 0; i < 6; ++i) {
    rig.fill({i * 100, 0, 50, 50}, 0x1000u + static_cast<unsigned>(i));
    auto frame = rig.frame();
    REQUIRE(frame);
    lent.push_back(std::move(*frame));
  }
  rig.fill({650, 300, 50, 50}, 0x77);
  CHECK_FALSE(rig.frame(50ms));
  lent.erase(lent.begin());
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(rig.differing(*frame) == 0);
}

TEST_CASE("a display that goes away is an error, not an end") {
  BS_NEEDS_XVFB();
  Rig rig;
  REQUIRE(rig.source->start(see(), 0));
  REQUIRE(rig.frame());
  rig.server.kill();
  auto got = rig.source->next(local_now() + 3s);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Environment);
  CHECK(make_x11_source(":9999", rig.gate, rig.own, rig.layouts).error().kind == ErrorKind::Environment);
}

TEST_CASE("what is made ready before the grant has read no pixel, and the first grab finds it") {
  BS_NEEDS_XVFB();
  Rig rig;
  rig.fill({0, 0, 800, 600}, 0x5a6b7c);
  {
    auto grabber = Grabber::create(*rig.x);
    REQUIRE(grabber);
    (*grabber)->touch();
    const auto& memory = (*grabber)->shared();
    REQUIRE(memory.data() != nullptr);
    REQUIRE(memory.capacity() >= std::size_t{800} * 600 * 4);
    CHECK(std::all_of(memory.data(), memory.data() + memory.capacity(), [](std::uint8_t b) { return b == 0; }));
    const auto boxes = (*grabber)->grab({{0, 0, 800, 600}});   // the same memory shows the screen once somebody asks for it
    REQUIRE(boxes);
    CHECK(int{memory.data()[0]} == 0x7c);
  }
  ConsentMachine::set(*rig.gate, Rights());
  rig.source->prepare();
  CHECK(rig.source->next(local_now() + 50ms).error().kind == ErrorKind::Refused);
  CHECK(rig.source->start(see(), 0).error().kind == ErrorKind::Refused);
  ConsentMachine::set(*rig.gate, Right::See);
  REQUIRE(rig.source->start(see(), 0));
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(rig.differing(*frame) == 0);
  frame.reset();
  rig.source->prepare();   // too late, and harmless
  rig.fill({5, 5, 9, 9}, 0x112233);
  frame = rig.frame();
  REQUIRE(frame);
  CHECK(rig.differing(*frame) == 0);
}

TEST_CASE("a screen that changed its size between making ready and the grant is captured as it is") {
  BS_NEEDS_XVFB();
  if (!have_program("xrandr")) {
    MESSAGE("skipped: no xrandr on this machine");
    return;
  }
  Rig rig({}, "1024x768x24");
  rig.source->prepare();
  REQUIRE(rig.server.run({"xrandr", "--newmode", "small", "40", "800", "840", "968", "1056", "600", "601", "605", "628"}));
  REQUIRE(rig.server.run({"xrandr", "--addmode", "screen", "small"}));
  REQUIRE(rig.server.run({"xrandr", "--output", "screen", "--mode", "small"}));
  REQUIRE(rig.source->start(see(), 0));
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(frame->area == Rect{0, 0, 800, 600});
  CHECK(rig.differing(*frame) == 0);
}
