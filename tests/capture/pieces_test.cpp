// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <cstring>
#include <map>

#include "capture/x11/damage_set.h"
#include "capture/x11/hatch.h"
#include "capture/x11/hid_names.h"
#include "capture/x11/input_matcher.h"
#include "capture/x11/layout_book.h"
#include "capture/x11/pixels.h"
#include "capture/x11/session_kind.h"

using namespace beside;
using namespace beside::capture;

TEST_CASE("XWayland under Wayland counts as Wayland, and each kind has its words") {
  const auto kind = [](std::map<std::string, std::string> env) {
    return detect_session_kind([env](const std::string& name) {
      const auto found = env.find(name);
      return found == env.end() ? std::string() : found->second;
    });
  };
  CHECK(kind({{"DISPLAY", ":0"}}) == SessionKind::X11);
  CHECK(kind({{"DISPLAY", ":0"}, {"XDG_SESSION_TYPE", "x11"}}) == SessionKind::X11);
  CHECK(kind({{"DISPLAY", ":0"}, {"WAYLAND_DISPLAY", "wayland-0"}}) == SessionKind::Wayland);
  CHECK(kind({{"DISPLAY", ":0"}, {"XDG_SESSION_TYPE", "wayland"}}) == SessionKind::Wayland);
  CHECK(kind({}) == SessionKind::None);
  CHECK(words_for(SessionKind::X11).empty());
  CHECK(words_for(SessionKind::Wayland).find("Wayland") != std::string::npos);
  CHECK(!words_for(SessionKind::None).empty());
}

TEST_CASE("a layout's generation grows only when something differs, and a monitor keeps its id") {
  LayoutBook book;
  const MonitorInfo left{0, {0, 0, 100, 100}, "left", true}, right{0, {100, 0, 100, 100}, "right", false};
  const auto first = book.observe(200, 100, {left, right});
  CHECK(first.generation == 1);
  CHECK(book.observe(200, 100, {right, left}).generation == 1);
  const auto alone = book.observe(100, 100, {right});
  CHECK(alone.generation == 2);
  CHECK(alone.monitors.at(0).id == first.monitors.at(1).id);
  CHECK(book.observe(200, 100, {left, right}).monitors == first.monitors);
  std::vector<MonitorInfo> many;
  for (int i = 0; i < 20; ++i) many.push_back({0, {i, 0, 1, 1}, "m" + std::to_string(i), false});
  for (const auto& m : book.observe(200, 100, many).monitors) CHECK((m.id >= 1 && m.id <= 16));
}

TEST_CASE("pixels of odd depths become B, G, R, X with full staying full") {
  const auto one = [](PixelLayout layout, std::vector<std::uint8_t> raw) {
    std::uint8_t out[4];
    PixelConverter(layout).convert_row(raw.data(), out, 1);
    return std::vector<int>{out[0], out[1], out[2]};
  };
  PixelLayout rgb565;
  rgb565.bits_per_pixel = 16;
  rgb565.red = 0xf800, rgb565.green = 0x07e0, rgb565.blue = 0x001f;
  CHECK(one(rgb565, {0xff, 0xff}) == std::vector<int>{255, 255, 255});
  CHECK(one(rgb565, {0x00, 0xf8}) == std::vector<int>{0, 0, 255});
  PixelLayout deep;
  deep.red = 0x3ff00000, deep.green = 0xffc00, deep.blue = 0x3ff;
  CHECK(one(deep, {0xff, 0x03, 0x00, 0x00}) == std::vector<int>{255, 0, 0});
  CHECK(one(deep, {0x00, 0x00, 0x00, 0x20}) == std::vector<int>{0, 0, 128});
  PixelLayout big;
  big.big_endian = true;
  CHECK(one(big, {0, 1, 2, 3}) == std::vector<int>{3, 2, 1});
  PixelLayout bgr24;
  bgr24.bits_per_pixel = 24;
  bgr24.red = 0xff, bgr24.blue = 0xff0000;
  CHECK(one(bgr24, {1, 2, 3}) == std::vector<int>{3, 2, 1});
  CHECK(rgb565.bytes_per_row(3) == 8);
}

TEST_CASE("a cursor's premultiplied alpha is taken out") {
  const std::uint32_t argb[3] = {0x80400000, 0x00000000, 0xff102030};
  CHECK(straight_bgra(argb, 3) == std::vector<std::uint8_t>{0, 0, 128, 128, 0, 0, 0, 0, 0x30, 0x20, 0x10, 255});
}

TEST_CASE("comparison finds exactly the pixels that differ, tile by tile") {
  constexpr int w = 200, h = 150;
  std::vector<std::uint8_t> before(w * h * 4), now = before;
  const auto compare = [&] { return compare_tiles(now.data(), w * 4, before.data(), w * 4, {0, 0, w, h}); };
  CHECK(compare().empty());
  now[(70 * w + 65) * 4 + 1] = 9;
  CHECK(compare() == std::vector<Rect>{{65, 70, 1, 1}});
  now[(75 * w + 100) * 4] = 9;
  CHECK(compare() == std::vector<Rect>{{65, 70, 36, 6}});
  now[(149 * w + 199) * 4 + 3] = 1;
  CHECK(compare().size() == 2);
}

TEST_CASE("comparison that shrinks nothing gives the tiles of the box that differ") {
  constexpr int w = 200, h = 150;
  const Rect box{10, 20, 180, 120};
  std::vector<std::uint8_t> before(w * h * 4), now(before.begin(), before.begin() + 180 * 120 * 4);
  const auto compare = [&] { return compare_tiles(now.data(), 180 * 4, before.data(), w * 4, box, Shrink::No); };
  CHECK(compare().empty());
  now[((63 - 20) * 180 + (64 - 10)) * 4] = 9;
  now[((139 - 20) * 180 + (189 - 10)) * 4 + 2] = 9;
  CHECK(compare() == std::vector<Rect>{{64, 20, 64, 44}, {128, 128, 62, 12}});
}

TEST_CASE("joined damage never overlaps, never loses a pixel and stays within 64") {
  std::vector<Rect> tiles;
  for (int y = 0; y < 40; ++y)
    for (int x = y % 2; x < 30; x += 2) tiles.push_back({x * 64 + y % 7, y * 64 + 3, 40, 20});
  const auto joined = join_tiles(tiles);
  CHECK(joined.size() <= 64);
  for (std::size_t i = 0; i < joined.size(); ++i)
    for (std::size_t j = i + 1; j < joined.size(); ++j) CHECK(joined[i].clipped_to(joined[j]).empty());
  for (const auto& t : tiles) {
    std::int64_t covered = 0;
    for (const auto& r : joined) {
      const auto part = r.clipped_to(t);
      covered += std::int64_t{part.width} * part.height;
    }
    CHECK(covered == std::int64_t{t.width} * t.height);
  }
  CHECK(join_tiles({{0, 0, 64, 64}, {64, 0, 64, 64}, {0, 64, 64, 64}, {64, 64, 64, 64}}) == std::vector<Rect>{{0, 0, 128, 128}});
}

TEST_CASE("damage that belongs together is one box, and boxes do not overlap") {
  DamageSet set;
  for (int i = 0; i < 20; ++i) set.add({100 + i * 8, 50, 8, 16});
  CHECK(set.boxes({0, 0, 800, 600}) == std::vector<Rect>{{100, 50, 160, 16}});
  set.add({700, 500, 300, 300});
  CHECK(set.boxes({0, 0, 800, 600}).size() == 2);
  CHECK(set.boxes({0, 0, 800, 600}).back() == Rect{700, 500, 100, 100});
}

TEST_CASE("the hatch covers its area and nothing else, and is bound to the root") {
  std::vector<std::uint8_t> pixels(20 * 10 * 4, 7);
  hatch(pixels.data(), 80, {100, 100, 20, 10}, {{105, 102, 50, 3}});
  for (int y = 0; y < 10; ++y)
    for (int x = 0; x < 20; ++x) {
      const bool inside = x >= 5 && y >= 2 && y < 5;
      CHECK(pixels[static_cast<std::size_t>((y * 20 + x) * 4)] == (inside ? hatch_colour(100 + x, 100 + y) & 0xff : 7));
    }
  CHECK(hatch_colour(0, 0) != hatch_colour(8, 0));
}

TEST_CASE("own input is what was expected, in order and from an XTEST device; all else is the customer's") {
  const LocalTime t{1h};
  InputMatcher m;
  m.expect(RawKind::KeyPress, 38, t);
  m.expect(RawKind::KeyRelease, 38, t);
  CHECK_FALSE(m.is_ours(RawKind::KeyPress, 38, false));   // looks alike, but a hand did it
  CHECK_FALSE(m.is_ours(RawKind::KeyRelease, 38, true));  // out of order
  CHECK(m.is_ours(RawKind::KeyPress, 38, true));
  CHECK(m.is_ours(RawKind::KeyRelease, 38, true));
  CHECK_FALSE(m.is_ours(RawKind::KeyPress, 38, true));    // nothing expected
  m.expect(RawKind::Motion, 0, t);
  m.expect(RawKind::ButtonPress, 1, t);
  CHECK(m.is_ours(RawKind::ButtonPress, 1, true));        // the motion changed nothing and made no event
  m.expect(RawKind::KeyPress, 9, t);
  m.expect(RawKind::KeyRelease, 9, t + 5s);   // this process stood still in between: what it injected before is read first
  CHECK(m.is_ours(RawKind::KeyPress, 9, true));
  m.all_read(t + 5s);
  CHECK(m.is_ours(RawKind::KeyRelease, 9, true));
  m.expect(RawKind::KeyPress, 9, t);
  m.all_read(t + 2s);
  CHECK(m.pending() == 0);
  CHECK_FALSE(m.is_ours(RawKind::KeyPress, 9, true));
}

TEST_CASE("Esc three times within a second calls, slower or with other keys between does not") {
  const LocalTime t{1h};
  StopKeys keys;
  CHECK_FALSE(keys.pressed(true, t));
  CHECK_FALSE(keys.pressed(true, t + 400ms));
  CHECK(keys.pressed(true, t + 1s));
  CHECK_FALSE(keys.pressed(true, t + 1100ms));
  CHECK_FALSE(keys.pressed(false, t + 1200ms));
  CHECK_FALSE(keys.pressed(true, t + 1300ms));
  CHECK_FALSE(keys.pressed(true, t + 1800ms));
  CHECK_FALSE(keys.pressed(true, t + 2500ms));
}

TEST_CASE("places have XKB names") {
  CHECK(std::string(xkb_name_of_hid(0x04)) == "AC01");
  CHECK(std::string(xkb_name_of_hid(0x27)) == "AE10");
  CHECK(std::string(xkb_name_of_hid(0x32)) == "BKSL");
  CHECK(std::string(xkb_name_of_hid(0x45)) == "FK12");
  CHECK(std::string(xkb_name_of_hid(0x52)) == "UP");
  CHECK(std::string(xkb_name_of_hid(0x65)) == "COMP");
  CHECK(std::string(xkb_name_of_hid(0xe6)) == "RALT");
  CHECK(xkb_name_of_hid(0) == nullptr);
  CHECK(latin_of_hid(0x1d) == 'z');
}
