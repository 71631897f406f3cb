// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <vector>

#include "codec/tiles/tiles.h"
#include "tests/codec/tiles/screens.h"

using namespace beside;
using namespace beside::tiles;

TEST_CASE("what changed is found, and nothing more") {
  auto detector = make_change_detector();
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    Dice dice{seed};
    const int width = 20 + dice.below(300), height = 20 + dice.below(200);
    auto shadow = make_screen(static_cast<int>(seed), width, height, seed);
    auto frame = clone(*shadow);
    for (int i = 0; i < 5; ++i) {
      const int x = dice.below(width), y = dice.below(height);
      frame->row(y)[4 * x + dice.below(3)] ^= static_cast<std::uint8_t>(1 + dice.below(255));
    }
    for (int y = 0; y < height; ++y) frame->row(y)[4 * dice.below(width) + 3] ^= 0x5a;   // does not count
    const Rect damage[] = {{-5, -5, width + 10, height / 2 + 5}, {0, height / 3, width, height}};
    std::vector<Rect> changed;
    detector->find(*shadow, *frame, damage, changed);
    std::int64_t pixels = 0;
    for (const Rect& r : changed) {
      pixels += r.width * r.height;
      CHECK(r.clipped_to({0, 0, width, height}) == r);
      CHECK(r.x / 64 == (r.right() - 1) / 64);
      CHECK(r.y / 64 == (r.bottom() - 1) / 64);
      CHECK(!ports::same_pixels(*shadow, *frame, {r.x, r.y, r.width, 1}));   // tight at each side
      CHECK(!ports::same_pixels(*shadow, *frame, {r.x, r.bottom() - 1, r.width, 1}));
      CHECK(!ports::same_pixels(*shadow, *frame, {r.x, r.y, 1, r.height}));
      CHECK(!ports::same_pixels(*shadow, *frame, {r.right() - 1, r.y, 1, r.height}));
      for (const Rect& other : changed) CHECK((&other == &r || other.clipped_to(r).empty()));
      ports::copy_pixels(*shadow, *frame, r);
    }
    CHECK(equal(*shadow, *frame));
    CHECK(pixels <= 5 * 64 * 64);
  }
}

TEST_CASE("false damage and an unknown fourth byte are no change") {
  auto detector = make_change_detector();
  const auto shadow = make_screen(0, 200, 100, 1);
  auto frame = clone(*shadow);
  for (int y = 0; y < 100; ++y)
    for (int x = 0; x < 200; ++x) frame->row(y)[4 * x + 3] ^= 0xff;
  const Rect all{0, 0, 200, 100};
  std::vector<Rect> changed{all};
  detector->find(*shadow, *frame, {&all, 1}, changed);
  CHECK(changed.empty());
  detector->find(*shadow, *frame, {}, changed);
  CHECK(changed.empty());
}

TEST_CASE("a glyph is found as tight as it is") {
  auto detector = make_change_detector();
  const auto shadow = make_screen(9, 640, 400, 1);
  auto frame = clone(*shadow);
  for (int y = 203; y < 214; ++y)
    for (int x = 125; x < 132; ++x) frame->row(y)[4 * x] ^= 1;
  const Rect damage{64, 192, 128, 64};
  std::vector<Rect> changed;
  detector->find(*shadow, *frame, {&damage, 1}, changed);
  REQUIRE(changed.size() == 2);   // it lies across the border of two tiles
  ports::join_rects(changed, 12);
  REQUIRE(changed.size() == 1);
  CHECK(changed[0] == Rect{125, 203, 7, 11});
}
