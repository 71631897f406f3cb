// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "engine/ports/canvas.h"
#include "engine/ports/copies.h"

using namespace beside;
using ports::Canvas;

namespace {

// Pixels whose value tells where in the whole picture they belong.
std::vector<std::uint8_t> coloured(const Rect& area, std::uint8_t tint) {
  std::vector<std::uint8_t> out;
  for (int y = area.y; y < area.bottom(); ++y)
    for (int x = area.x; x < area.right(); ++x)
      for (const int c : {x, y, int{tint}, 0}) out.push_back(static_cast<std::uint8_t>(c));
  return out;
}
void write(Canvas& canvas, const Rect& area, std::uint8_t tint, bool exact) {
  canvas.write(area, coloured(area, tint).data(), std::ptrdiff_t{4} * area.width, exact);
}
int at(const Canvas& canvas, int x, int y, int channel) {
  int out = -1;
  canvas.read([&](const ports::PixelBuffer& p) { out = p.row(y)[4 * x + channel]; });
  return out;
}

}  // namespace

TEST_CASE("what is committed is told once, with everything that changed since it was last taken") {
  int told = 0;
  Canvas canvas([&] { ++told; });
  canvas.reset(100, 50, 7, 2);
  canvas.commit({1});
  auto changes = canvas.take();
  CHECK(changes.resized);
  CHECK(changes.width == 100);
  CHECK(changes.layout_generation == 7);
  CHECK(changes.damage == std::vector<Rect>{{0, 0, 100, 50}});
  write(canvas, {10, 10, 5, 5}, 1, true);
  CHECK(canvas.take().damage.empty());   // not committed
  canvas.commit({2});
  write(canvas, {40, 10, 5, 5}, 1, true);
  canvas.commit({3});
  CHECK(told == 2);                      // the second one found the reader told already
  changes = canvas.take();
  CHECK(!changes.resized);
  CHECK(changes.damage == std::vector<Rect>{{10, 10, 5, 5}, {40, 10, 5, 5}});
  CHECK(changes.times.number == 3);
}

TEST_CASE("a cell is exact when all of it was written exactly, and not when a pixel of it is in doubt") {
  Canvas canvas;
  canvas.reset(40, 40, 1, 0);
  write(canvas, {0, 0, 40, 40}, 0, true);
  CHECK(canvas.exact({0, 0, 40, 40}));
  write(canvas, {20, 20, 1, 1}, 9, false);
  CHECK(!canvas.exact({16, 16, 1, 1}));
  CHECK(canvas.exact({0, 0, 16, 16}));
  write(canvas, {21, 21, 10, 10}, 9, true);
  CHECK(!canvas.exact({16, 16, 1, 1}));
  write(canvas, {17, 17, 14, 14}, 9, true);   // the pixel in doubt is among these
  CHECK(canvas.exact({0, 0, 40, 40}));
  canvas.mark({32, 32, 8, 8}, false);
  CHECK(!canvas.exact({39, 39, 1, 1}));
  CHECK(!canvas.exact({100, 100, 5, 5}));
}

// Whoever draws marks knows the cells of the picture before, which may have been exact: another monitor is often as large.
TEST_CASE("a new picture says of all its cells that their exactness may have changed, even where it is as large as the one before") {
  Canvas canvas;
  canvas.reset(40, 40, 1, 0);
  write(canvas, {0, 0, 40, 40}, 0, true);
  canvas.commit({1});
  (void)canvas.take();
  canvas.reset(40, 40, 1, 1);
  CHECK(canvas.take().marks.empty());   // not committed
  write(canvas, {0, 0, 16, 16}, 1, false);
  canvas.commit({2});
  CHECK(canvas.take().marks == std::vector<Rect>{{0, 0, 40, 40}});
}

TEST_CASE("a copy reads all of its source first, whichever way it goes, and stays inside") {
  for (const auto& [dx, dy] : {std::pair{0, 7}, {0, -7}, {3, 0}, {-3, 0}, {5, 9}, {-5, -9}, {60, 0}}) {
    Canvas canvas;
    canvas.reset(64, 64, 1, 0);
    write(canvas, {0, 0, 64, 64}, 0, true);
    canvas.copy({10, 10, 40, 40}, 10 + dx, 10 + dy);
    for (int y = 10; y < 50; ++y)
      for (int x = 10; x < 50; ++x) {
        if (x + dx < 0 || x + dx >= 64 || y + dy < 0 || y + dy >= 64) continue;
        CHECK(at(canvas, x + dx, y + dy, 0) == x);
        CHECK(at(canvas, x + dx, y + dy, 1) == y);
      }
    CHECK(at(canvas, 63, 63, 1) == 63);
  }
  Canvas canvas;
  canvas.reset(20, 20, 1, 0);
  write(canvas, {0, 0, 20, 20}, 0, true);
  canvas.copy({-5, -5, 15, 15}, 10, 10);   // of which only (0,0)..(4,4) can be taken to (15,15)
  CHECK(at(canvas, 15, 15, 0) == 0);
  CHECK(at(canvas, 19, 19, 0) == 4);
  CHECK(at(canvas, 14, 14, 0) == 14);
}

TEST_CASE("a cell becomes exact piece by piece, in any order, and doubt takes back only what it covers") {
  Canvas canvas;
  canvas.reset(40, 20, 1, 0);   // cells at the edges are smaller
  for (const int y : {13, 0, 5}) {
    CHECK(!canvas.exact({0, 0, 40, 16}));
    write(canvas, {0, y, 40, y == 13 ? 7 : y == 0 ? 5 : 8}, 0, true);
  }
  CHECK(canvas.exact({0, 0, 40, 20}));
  write(canvas, {33, 3, 2, 2}, 0, false);
  canvas.mark({33, 3, 1, 2}, true);
  CHECK(!canvas.exact({32, 0, 8, 16}));
  canvas.mark({34, 3, 1, 2}, true);
  CHECK(canvas.exact({0, 0, 40, 20}));
}

TEST_CASE("what was copied from doubt is in doubt") {
  Canvas canvas;
  canvas.reset(64, 64, 1, 0);
  write(canvas, {0, 0, 64, 64}, 0, true);
  write(canvas, {0, 0, 16, 16}, 0, false);
  canvas.copy({0, 0, 16, 16}, 32, 32);
  CHECK(!canvas.exact({32, 32, 16, 16}));
  canvas.copy({16, 16, 16, 16}, 32, 32);
  CHECK(canvas.exact({32, 32, 16, 16}));
}

TEST_CASE("sizes that no picture has leave no picture, and whatever is written then is nothing") {
  Canvas canvas;
  for (const auto& [w, h] : {std::pair{0, 10}, {10, -1}, {Canvas::kMostSide + 1, 10}}) {
    canvas.reset(w, h, 1, 0);
    write(canvas, {0, 0, 4, 4}, 1, true);
    canvas.copy({0, 0, 4, 4}, 2, 2);
    canvas.commit({1});
    CHECK(!canvas.has_picture());
    const auto changes = canvas.take();
    CHECK(changes.width == 0);
    CHECK(changes.damage.empty());
  }
}

TEST_CASE("a copy makes each cell as exact as the cells that it was made of") {
  Canvas canvas;
  canvas.reset(96, 32, 1, 0);
  write(canvas, {0, 0, 96, 32}, 0, true);
  canvas.mark({16, 0, 16, 16}, false);       // the second cell of the first row is in doubt
  canvas.copy({0, 0, 48, 16}, 48, 0);
  CHECK(canvas.exact({48, 0, 16, 16}));
  CHECK(!canvas.exact({64, 0, 16, 16}));
  CHECK(canvas.exact({80, 0, 16, 16}));
  canvas.copy({0, 0, 40, 16}, 8, 0);         // over itself: the doubt moves, and stays where it was only partly covered
  CHECK(!canvas.exact({16, 0, 16, 16}));
  CHECK(!canvas.exact({32, 0, 16, 16}));
}

TEST_CASE("what was shown is kept for readers while nobody waits, and the next update waits for no copy") {
  Canvas canvas({}, Canvas::Seen::WhenCommitted);
  canvas.reset(400, 300, 1, 0);
  write(canvas, {0, 0, 400, 300}, 1, true);
  canvas.commit({1});
  const auto copied = [] { return ports::copied_pixels(ports::CopyStep::Shown); };
  const std::uint64_t before = copied();
  canvas.settle();
  CHECK(copied() == before + 400 * 300);
  write(canvas, {10, 10, 20, 20}, 2, true);
  CHECK(copied() == before + 400 * 300);
  CHECK(at(canvas, 15, 15, 2) == 1);
  canvas.settle();   // in the middle of an update it changes nothing
  CHECK(at(canvas, 15, 15, 2) == 1);
  canvas.commit({2});
  canvas.settle();
  CHECK(copied() == before + 400 * 300 + 400);
  write(canvas, {12, 12, 20, 20}, 3, true);
  CHECK(at(canvas, 15, 15, 2) == 2);
}

TEST_CASE("a picture of a film is made where it lies and shown at once, and no copy of what was there is kept until tiles are written") {
  Canvas canvas({}, Canvas::Seen::WhenCommitted);
  canvas.reset(400, 300, 1, 0);
  write(canvas, {0, 0, 400, 300}, 1, true);
  canvas.commit({1});
  const auto copied = [] { return ports::copied_pixels(ports::CopyStep::Shown) + ports::copied_pixels(ports::CopyStep::Canvas); };
  canvas.settle();
  const std::uint64_t before = copied();
  const std::vector<Rect> parts{{16, 16, 64, 32}, {380, 280, 64, 64}};
  for (int tint = 2; tint < 5; ++tint) {
    ports::UpdateTimes times;
    CHECK(canvas.show(parts, [&](const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride) {
      CHECK(part == part.clipped_to({0, 0, 400, 300}));
      const auto pixels = coloured(part, static_cast<std::uint8_t>(tint));
      for (int y = 0; y < part.height; ++y) std::copy_n(pixels.data() + std::ptrdiff_t{4} * part.width * y, 4 * part.width, bgrx + y * stride);
    }, times));
    CHECK(times.decoded_at != LocalTime{});
    canvas.settle();
    CHECK(at(canvas, 79, 47, 2) == tint);
    CHECK(at(canvas, 399, 299, 0) == 399 % 256);
    CHECK(at(canvas, 80, 47, 2) == 1);
  }
  CHECK(copied() == before);
  CHECK_FALSE(canvas.exact({16, 16, 16, 16}));
  CHECK(canvas.exact({0, 0, 16, 16}));
  write(canvas, {20, 20, 8, 8}, 9, true);
  CHECK(at(canvas, 21, 21, 2) == 4);     // until it is committed
  canvas.commit({2});
  CHECK(at(canvas, 21, 21, 2) == 9);
}

TEST_CASE("whoever sees whole updates only sees nothing of one before its commit, neither pixels nor what is exact") {
  Canvas canvas({}, Canvas::Seen::WhenCommitted);
  bool seen = false;
  canvas.reset(100, 50, 7, 2);
  canvas.read([&](const ports::PixelBuffer&) { seen = true; });
  CHECK_FALSE(seen);
  write(canvas, {0, 0, 100, 50}, 1, true);
  canvas.read([&](const ports::PixelBuffer&) { seen = true; });
  CHECK_FALSE(seen);
  CHECK_FALSE(canvas.exact({0, 0, 100, 50}));
  canvas.commit({1});
  CHECK(at(canvas, 99, 49, 2) == 1);
  CHECK(canvas.exact({0, 0, 100, 50}));
  write(canvas, {10, 10, 20, 20}, 2, false);
  canvas.copy({0, 0, 8, 8}, 60, 30);
  CHECK(at(canvas, 15, 15, 2) == 1);
  CHECK(at(canvas, 60, 30, 0) == 60);
  CHECK(canvas.exact({0, 0, 100, 50}));
  canvas.commit({2});
  CHECK(at(canvas, 15, 15, 2) == 2);
  CHECK(at(canvas, 9, 9, 2) == 1);
  CHECK(at(canvas, 60, 30, 0) == 0);
  CHECK_FALSE(canvas.exact({10, 10, 20, 20}));
  // Several that nobody looked at are all there while the next is written.
  write(canvas, {40, 10, 8, 8}, 5, true);
  canvas.commit({2});
  write(canvas, {50, 10, 8, 8}, 6, true);
  canvas.commit({2});
  canvas.copy({40, 10, 8, 8}, 50, 10);
  write(canvas, {70, 40, 8, 8}, 7, true);
  CHECK(at(canvas, 41, 11, 2) == 5);
  CHECK(at(canvas, 51, 11, 2) == 6);
  CHECK(at(canvas, 71, 41, 2) == 1);
  canvas.commit({2});
  CHECK(at(canvas, 51, 11, 2) == 5);
  // A mark alone is seen with its commit as well.
  canvas.mark({10, 10, 20, 20}, true);
  CHECK_FALSE(canvas.exact({10, 10, 20, 20}));
  canvas.commit({3});
  CHECK(canvas.exact({10, 10, 20, 20}));
  // What was shown last is what the next update builds on.
  write(canvas, {70, 10, 5, 5}, 3, true);
  CHECK(at(canvas, 72, 12, 2) == 1);
  canvas.commit({4});
  CHECK(at(canvas, 72, 12, 2) == 3);
  CHECK(at(canvas, 15, 15, 2) == 2);
  CHECK(at(canvas, 60, 30, 0) == 0);
  canvas.copy({70, 10, 5, 5}, 80, 40);
  canvas.commit({5});
  CHECK(at(canvas, 82, 42, 2) == 3);
  CHECK(at(canvas, 99, 49, 2) == 1);
  // A new picture shows nothing of the old one.
  canvas.reset(40, 30, 8, 2);
  seen = false;
  canvas.read([&](const ports::PixelBuffer&) { seen = true; });
  CHECK_FALSE(seen);
  canvas.commit({6});
  CHECK(at(canvas, 5, 5, 2) == 0);
}
