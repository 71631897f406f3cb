// SPDX-License-Identifier: GPL-3.0-or-later
// Screens as nobody's desk has them: every case in a real X server.
#include <doctest/doctest.h>
#include <xcb/xcb.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "capture/x11/connection.h"
#include "capture/x11/x11_source.h"
#include "tests/capture/source_rig.h"

using namespace beside;
using namespace beside::capture;
using namespace beside::capture_test;
using session::ConsentMachine;

namespace {

struct Rig : SourceRig {
  explicit Rig(const std::string& display) : SourceRig(display, Draws::BesideWindows) {}
  int bits_per_pixel() const {
    for (auto it = xcb_setup_pixmap_formats_iterator(x->setup()); it.rem > 0; xcb_format_next(&it))
      if (it.data->depth == x->screen()->root_depth) return it.data->bits_per_pixel;
    return 0;
  }
  // Random pixels of the server's own kind, drawn line by line.
  void noise(int width, int height) {
    const int bytes = bits_per_pixel() / 8;
    const std::size_t row = static_cast<std::size_t>((width * bytes + 3) / 4 * 4);
    std::vector<std::uint8_t> line(row);
    std::uint32_t state = 12345;
    for (int y = 0; y < height; ++y) {
      for (auto& byte : line) byte = static_cast<std::uint8_t>((state = state * 1664525U + 1013904223U) >> 24);
      xcb_put_image(x->xcb(), XCB_IMAGE_FORMAT_Z_PIXMAP, x->root(), gc, static_cast<std::uint16_t>(width), 1, 0, static_cast<std::int16_t>(y), 0,
                    x->screen()->root_depth, static_cast<std::uint32_t>(row), line.data());
    }
    x->sync();
  }
  // Pixels of the frame that are not what the server holds there, its bits taken apart by the visual's masks and each channel
  // scaled so that full stays full.
  int differing(const ports::Frame& f) {
    const auto image = image_of(f);
    const xcb_visualtype_t* visual = nullptr;
    for (auto depth = xcb_screen_allowed_depths_iterator(x->screen()); depth.rem > 0; xcb_depth_next(&depth))
      for (auto v = xcb_depth_visuals_iterator(depth.data); v.rem > 0; xcb_visualtype_next(&v))
        if (v.data->visual_id == x->screen()->root_visual) visual = v.data;
    REQUIRE(visual != nullptr);
    const auto channel = [](std::uint32_t value, std::uint32_t mask) {
      while ((mask & 1) == 0) value >>= 1, mask >>= 1;
      return static_cast<int>((static_cast<double>(value & mask) * 255 / mask) + 0.5);
    };
    const int bytes = bits_per_pixel() / 8;
    const std::ptrdiff_t row = (f.area.width * bytes + 3) / 4 * 4;
    int wrong = 0;
    for (int py = 0; py < f.area.height; ++py)
      for (int px = 0; px < f.area.width; ++px) {
        std::uint32_t value = 0;
        std::memcpy(&value, xcb_get_image_data(image.get()) + py * row + std::ptrdiff_t{px} * bytes, static_cast<std::size_t>(bytes));
        const std::uint8_t* p = f.pixels->row(py) + std::ptrdiff_t{4} * px;
        if (int{p[2]} != channel(value, visual->red_mask) || int{p[1]} != channel(value, visual->green_mask) || int{p[0]} != channel(value, visual->blue_mask)) ++wrong;
      }
    return wrong;
  }
};

ports::Grant see() { return ConsentMachine::grant(Right::See); }

// Xephyr within Xvfb: the one server here whose outputs turn.
struct TurningServer {
  TurningServer() : outer({}, "1000x1000x24") {
    if (!outer.ok()) return;
    inner = Child({"Xephyr", "-displayfd", "1", "-screen", "640x480", "-noreset", "-nolisten", "tcp"}, {"DISPLAY=" + outer.display()});
    if (const auto number = inner.line(8000)) display = ":" + *number;
  }
  bool turn(const char* way) const { return Child({"xrandr", "-o", way}, {"DISPLAY=" + display}).wait_for_exit() == 0; }
  XServer outer;
  Child inner;
  std::string display;
};

}  // namespace

TEST_CASE("every colour of a 15, 16, 24 and 30 bit display comes out as it is, by shared memory and through the socket") {
  BS_NEEDS_XVFB();
  for (const char* screen : {"321x57x15", "321x57x16", "321x57x24", "321x57x30"}) {
    for (const bool shared : {true, false}) {
      CAPTURE(screen);
      CAPTURE(shared);
      XServer server(shared ? std::vector<std::string>{} : std::vector<std::string>{"-extension", "MIT-SHM"}, screen);
      REQUIRE(server.ok());
      Rig rig(server.display());
      rig.noise(321, 57);
      REQUIRE(rig.source->start(see(), 0));
      auto frame = rig.frame();
      REQUIRE(frame);
      CHECK(rig.differing(*frame) == 0);
      frame.reset();
      rig.fill({33, 7, 41, 3}, 0x35a6c1d7);   // a part alone takes the same way
      frame = rig.frame();
      REQUIRE(frame);
      CHECK(rig.differing(*frame) == 0);
      const std::string words = rig.source->describe();
      CAPTURE(words);
      CHECK((words.find("rounded to 24 bits") != std::string::npos) == (std::strstr(screen, "x30") != nullptr));
      CHECK((words.find("16-bit colours") != std::string::npos) == (std::strstr(screen, "x16") != nullptr));
      CHECK((words.find("MIT-SHM") != std::string::npos) == shared);
    }
  }
}

TEST_CASE("a palette display is refused in words") {
  BS_NEEDS_XVFB();
  XServer server({}, "320x200x8");
  REQUIRE(server.ok());
  const auto made = make_x11_source(server.display(), std::make_shared<ports::RightsGate>(), std::make_shared<ports::OwnWindows>(), std::make_shared<LayoutBook>());
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::Environment);
  CHECK(made.error().detail.find("palette") != std::string::npos);
}

TEST_CASE("screens wider or higher than any GPU's pictures are captured to the pixel") {
  BS_NEEDS_XVFB();
  for (const auto& [screen, width, height] : {std::tuple{"20000x40x24", 20000, 40}, std::tuple{"40x20000x24", 40, 20000}, std::tuple{"32767x16x24", 32767, 16}}) {
    CAPTURE(screen);
    XServer server({}, screen);
    REQUIRE(server.ok());
    Rig rig(server.display());
    REQUIRE(rig.source->start(see(), 0));
    auto frame = rig.frame();
    REQUIRE(frame);
    CHECK(frame->area == Rect{0, 0, width, height});
    frame.reset();
    const Rect corner{width - 9, height - 5, 9, 5};
    rig.fill(corner, 0x123456);
    frame = rig.frame();
    REQUIRE(frame);
    CHECK(frame->damage == std::vector<Rect>{corner});
    CHECK(rig.differing(*frame) == 0);
  }
}

TEST_CASE("the smallest screen there is has one pixel") {
  BS_NEEDS_XVFB();
  XServer server({}, "1x1x24");
  REQUIRE(server.ok());
  Rig rig(server.display());
  REQUIRE(rig.source->start(see(), 0));
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(frame->area == Rect{0, 0, 1, 1});
  CHECK(frame->damage == std::vector<Rect>{{0, 0, 1, 1}});
}

TEST_CASE("an output that is switched off and on leaves no monitor of size zero, and the picture comes back") {
  BS_NEEDS_XVFB();
  if (!have_program("xrandr")) {
    MESSAGE("skipped: no xrandr on this machine");
    return;
  }
  XServer server({}, "640x480x24");
  REQUIRE(server.ok());
  Rig rig(server.display());
  const auto layout = rig.source->layout();
  REQUIRE(layout);
  REQUIRE(layout->monitors.size() == 1);
  REQUIRE(rig.source->start(see(), layout->monitors[0].id));
  REQUIRE(rig.frame());
  // xrandr cannot make the root as small as nothing and says so, but the output is off by then.
  (void)server.run({"xrandr", "--output", "screen", "--off"});
  (void)rig.source->next(local_now() + 300ms);
  const auto off = rig.source->layout();
  REQUIRE(off);
  for (const auto& monitor : off->monitors) CHECK_FALSE(monitor.area.empty());
  REQUIRE(server.run({"xrandr", "--output", "screen", "--auto"}));
  std::optional<ports::Frame> frame;
  for (int i = 0; i < 6 && !frame; ++i) {
    rig.fill({10, 10, 20, 20}, 0x10101U * static_cast<unsigned>(i + 1));
    frame = rig.frame(500ms);
  }
  REQUIRE(frame);
  CHECK(frame->area == Rect{0, 0, 640, 480});
  CHECK(rig.differing(*frame) == 0);
}

TEST_CASE("a turned output is shown as the person sees it") {
  BS_NEEDS_XVFB();
  if (!have_program("Xephyr") || !have_program("xrandr")) {
    MESSAGE("skipped: no Xephyr or no xrandr on this machine");
    return;
  }
  TurningServer server;
  if (server.display.empty()) {
    MESSAGE("skipped: Xephyr does not start here");
    return;
  }
  Rig rig(server.display);
  REQUIRE(rig.source->start(see(), 0));
  auto first = rig.frame();
  REQUIRE(first);
  CHECK(first->area == Rect{0, 0, 640, 480});
  first.reset();
  for (const auto& [way, width, height] : {std::tuple{"left", 480, 640}, std::tuple{"inverted", 640, 480}, std::tuple{"right", 480, 640}, std::tuple{"normal", 640, 480}}) {
    CAPTURE(way);
    REQUIRE(server.turn(way));
    rig.fill({0, 0, 100, 30}, 0xaa3311);   // the upper left corner for the person, however the glass hangs
    std::optional<ports::Frame> frame;
    for (int i = 0; i < 8; ++i) {
      auto next = rig.frame(300ms);
      if (next) frame = std::move(next);
      if (frame && frame->area.width == width && rig.differing(*frame) == 0) break;
    }
    REQUIRE(frame);
    CHECK(frame->area == Rect{0, 0, width, height});
    CHECK(rig.differing(*frame) == 0);
    CHECK(int{frame->pixels->row(5)[4 * 50 + 2]} == 0xaa);
    const auto layout = rig.source->layout();
    REQUIRE(layout);
    CHECK(layout->monitors[0].area == Rect{0, 0, width, height});
  }
}

TEST_CASE("a screen that changes its size all the time while it is grabbed never gives a wrong picture") {
  BS_NEEDS_XVFB();
  if (!have_program("xrandr")) {
    MESSAGE("skipped: no xrandr on this machine");
    return;
  }
  XServer server({}, "1024x768x24");
  REQUIRE(server.ok());
  REQUIRE(server.run({"xrandr", "--newmode", "small", "40", "800", "840", "968", "1056", "600", "601", "605", "628"}));
  REQUIRE(server.run({"xrandr", "--addmode", "screen", "small"}));
  Rig rig(server.display());
  REQUIRE(rig.source->start(see(), 0));
  std::atomic<bool> enough{false};
  std::thread hand([&] {
    for (int i = 0; !enough || i % 2 != 0; ++i) (void)server.run({"xrandr", "--output", "screen", "--mode", i % 2 == 0 ? "small" : "1024x768"});
  });
  int frames = 0, sizes = 0, last_width = 0;
  while (frames < 30 || sizes < 4) {   // the case's own limit ends it where neither comes
    rig.source->request_full();
    auto frame = rig.frame(100ms);
    if (!frame) continue;
    ++frames;
    if (frame->area.width != last_width) ++sizes;
    last_width = frame->area.width;
    const bool known = frame->area == Rect{0, 0, 800, 600} || frame->area == Rect{0, 0, 1024, 768};
    CHECK(known);
    CHECK(frame->pixels->width == frame->area.width);
    CHECK(frame->pixels->height == frame->area.height);
  }
  enough = true;
  hand.join();
  std::optional<ports::Frame> frame;
  for (int i = 0; i < 6; ++i) {
    rig.fill({100, 100, 50, 50}, 0x40U + static_cast<unsigned>(i));
    if (auto next = rig.frame(500ms)) frame = std::move(next);
    if (frame && frame->area.width == 1024) break;
  }
  REQUIRE(frame);
  CHECK(frame->area == Rect{0, 0, 1024, 768});
  CHECK(rig.differing(*frame) == 0);
}
