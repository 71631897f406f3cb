// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "codec/tiles/tiles.h"
#include "tests/codec/tiles/screens.h"

using namespace beside;
using namespace beside::tiles;
using ports::Move;
using ports::PixelBuffer;

namespace {

// Runs the finder as the sender does and says how many of the changed pixels the moves saved.
struct Found {
  std::vector<Move> moves;
  std::int64_t before = 0, after = 0;
};
std::int64_t pixels_in(const std::vector<Rect>& rects) {
  std::int64_t sum = 0;
  for (const Rect& r : rects) sum += std::int64_t{r.width} * r.height;
  return sum;
}
Found run(const PixelBuffer& old, const PixelBuffer& frame) {
  auto detector = make_change_detector();
  auto finder = make_move_finder();
  auto shadow = clone(old), replay = clone(old);
  const Rect all{0, 0, frame.width, frame.height};
  std::vector<Rect> changed;
  Found out;
  detector->find(*shadow, frame, {&all, 1}, changed);
  out.before = pixels_in(changed);
  finder->find(*shadow, frame, changed, out.moves);
  for (const Move& m : out.moves) {
    const Rect to{m.x, m.y, m.from.width, m.from.height};
    CHECK(m.from.clipped_to(all) == m.from);
    CHECK(to.clipped_to(all) == to);
    ports::move_pixels(*replay, m);
    CHECK(ports::same_pixels(*replay, frame, to));   // at once, in this order
  }
  CHECK(equal(*replay, *shadow));
  detector->find(*shadow, frame, {&all, 1}, changed);
  out.after = pixels_in(changed);
  return out;
}
// `area` of the picture shows what was (dx, dy) further before; what comes in is drawn anew.
std::unique_ptr<PixelBuffer> scrolled(const PixelBuffer& old, const Rect& area, int dx, int dy, std::uint32_t seed) {
  auto frame = clone(old);
  const auto fresh = make_screen(1, old.width, old.height, seed);
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) {
      const PixelBuffer& from = area.contains(x + dx, y + dy) ? old : *fresh;
      const int fx = area.contains(x + dx, y + dy) ? x + dx : x, fy = area.contains(x + dx, y + dy) ? y + dy : y;
      for (int i = 0; i < 4; ++i) frame->row(y)[4 * x + i] = from.row(fy)[4 * fx + i];
    }
  }
  return frame;
}

}  // namespace

TEST_CASE("a region that scrolls up, down or sideways is found as a copy") {
  const auto old = make_screen(1, 800, 600, 5);
  const Rect area{103, 51, 611, 497};
  for (const auto& by : {std::pair{0, 18}, {0, -54}, {0, 3}, {0, 200}, {40, 0}, {-7, 0}, {13, 22}}) {
    const int dx = by.first, dy = by.second;
    INFO("by " << dx << "," << dy);
    const auto frame = scrolled(*old, area, dx, dy, 77);
    const Found found = run(*old, *frame);
    const std::int64_t fresh = std::int64_t{area.width} * area.height - std::int64_t{area.width - std::abs(dx)} * (area.height - std::abs(dy));
    CHECK(found.moves.size() <= 6);
    CHECK(found.after <= fresh + 6000);
  }
}

TEST_CASE("a dragged window is found wherever it goes, above other content") {
  const auto ground = make_screen(11, 900, 700, 3);
  const auto window = make_screen(2, 320, 240, 9);
  const auto with_window = [&](int x, int y) {
    auto out = clone(*ground);
    for (int row = 0; row < 240; ++row)
      for (int i = 0; i < 4 * 320; ++i) out->row(y + row)[4 * x + i] = window->row(row)[i];
    return out;
  };
  const auto old = with_window(200, 150);
  for (const auto& to : {std::pair{207, 150}, {200, 161}, {163, 118}, {520, 400}, {189, 155}}) {
    const int x = to.first, y = to.second;
    INFO("to " << x << "," << y);
    const Found found = run(*old, *with_window(x, y));
    REQUIRE(!found.moves.empty());
    const std::int64_t uncovered = 320 * 240 - std::int64_t{std::max(0, 320 - std::abs(x - 200))} * std::max(0, 240 - std::abs(y - 150));
    CHECK(found.after <= uncovered + 3500);
  }
}

TEST_CASE("a picture in which every pixel is doubled scrolls as well") {
  const auto small = make_screen(1, 400, 300, 5);
  auto old = ports::make_pixel_buffer(800, 600);
  for (int y = 0; y < 600; ++y)
    for (int x = 0; x < 800; ++x)
      for (int i = 0; i < 4; ++i) old->row(y)[4 * x + i] = small->row(y / 2)[4 * (x / 2) + i];
  const Found found = run(*old, *scrolled(*old, {0, 0, 800, 600}, 0, 36, 3));
  CHECK(!found.moves.empty());
  CHECK(found.after <= 800 * 36 + 6000);
}

TEST_CASE("two regions that scroll at once are both found") {
  const auto old = make_screen(1, 900, 600, 12);
  auto frame = scrolled(*old, {10, 10, 400, 560}, 0, 36, 5);
  frame = scrolled(*frame, {470, 30, 400, 500}, 0, -18, 6);
  const Found found = run(*old, *frame);
  CHECK(found.moves.size() >= 2);
  CHECK(found.after <= found.before / 5);
}

TEST_CASE("where nothing moved no copy is made, and pictures of any kind stay consistent") {
  CHECK(run(*make_screen(10, 300, 200, 1), *make_screen(10, 300, 200, 2)).moves.empty());
  CHECK(run(*make_screen(9, 300, 200, 1), *make_screen(9, 300, 200, 2)).moves.empty());
  for (int kind = 0; kind < kScreenKinds; ++kind) {   // the checks are in run()
    const auto old = make_screen(kind, 333, 222, 1);
    (void)run(*old, *scrolled(*old, {0, 0, 333, 222}, kind - 5, 7 - kind, 2));
    (void)run(*old, *make_screen(kind + 1, 333, 222, 1));
  }
  const auto narrow = make_screen(1, 9, 500, 1);
  (void)run(*narrow, *scrolled(*narrow, {0, 0, 9, 500}, 0, 18, 2));
}
