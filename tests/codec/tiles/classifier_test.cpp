// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <vector>

#include "codec/tiles/tiles.h"
#include "tests/codec/tiles/screens.h"

using namespace beside;
using namespace beside::tiles;
using ports::TileClass;
using ports::TileFacts;

namespace {

TileFacts moving_photo() {
  TileFacts f;
  f.changed = true;
  f.changes = 12;
  f.rested = 33ms;
  f.changed_pixels = 4096;
  f.colours = 65;
  f.gradient_percent = 80;
  f.exact_bytes = 6000;
  return f;
}

}  // namespace

TEST_CASE("each kind of content gets its class") {
  const TileFacts photo = moving_photo();
  CHECK(classify(photo, TileClass::Nothing) == TileClass::Video);
  TileFacts typing = photo;
  typing.changed_pixels = 120;
  typing.exact_bytes = 60;
  CHECK(classify(typing, TileClass::Nothing) == TileClass::Exact);
  TileFacts first = photo;
  first.changes = 1;
  first.rested = 5s;
  CHECK(classify(first, TileClass::Nothing) == TileClass::Exact);
  TileFacts spinner = photo;
  spinner.colours = 12;
  spinner.gradient_percent = 5;
  spinner.exact_bytes = 300;
  CHECK(classify(spinner, TileClass::Exact) == TileClass::Exact);
  TileFacts scroll = photo;
  scroll.changed = false;
  scroll.copied = true;
  CHECK(classify(scroll, TileClass::Exact) == TileClass::Copy);
  CHECK(classify(TileFacts{}, TileClass::Exact) == TileClass::Nothing);
}

TEST_CASE("a few rows of a film are video beside the rest of it, and nowhere else") {
  TileFacts edge = moving_photo();
  edge.changed_pixels = 512;
  edge.exact_bytes = 700;
  CHECK(classify(edge, TileClass::Exact) == TileClass::Exact);
  edge.beside_video = true;
  CHECK(classify(edge, TileClass::Exact) == TileClass::Video);
  edge.exact_bytes = 80;
  CHECK(classify(edge, TileClass::Exact) == TileClass::Video);
  CHECK(classify(edge, TileClass::Video) == TileClass::Video);
  edge.exact_bytes = 30;
  CHECK(classify(edge, TileClass::Exact) == TileClass::Exact);
  TileFacts clock = edge;     // text that changes beside a film
  clock.changes = 2;
  clock.exact_bytes = 900;
  CHECK(classify(clock, TileClass::Exact) == TileClass::Exact);
}

TEST_CASE("a tile leaves video only when it rests or has become cheap, so that it does not go to and fro") {
  TileFacts f = moving_photo();
  f.exact_bytes = 300;   // would not have entered
  CHECK(classify(f, TileClass::Exact) == TileClass::Exact);
  CHECK(classify(f, TileClass::Video) == TileClass::Video);
  f.exact_bytes = 50;
  CHECK(classify(f, TileClass::Video) == TileClass::Exact);
  TileFacts pause;
  pause.rested = 100ms;
  CHECK(classify(pause, TileClass::Video) == TileClass::Video);
  pause.rested = 250ms;
  CHECK(classify(pause, TileClass::Video) == TileClass::Nothing);
  // A film that has played for a second may stumble for longer, and is a film again with its next picture.
  pause.played = true;
  CHECK(classify(pause, TileClass::Video) == TileClass::Video);
  pause.changed = true;
  pause.changes = 1;
  pause.rested = 900ms;
  CHECK(classify(pause, TileClass::Video) == TileClass::Video);
  pause.changed = false;
  pause.rested = 1s;
  CHECK(classify(pause, TileClass::Video) == TileClass::Nothing);
}

TEST_CASE("a playing video becomes an area of its own and gives it back when it stops") {
  auto classifier = make_tile_classifier();
  classifier->reset(640, 400);
  auto frame = make_screen(1, 640, 400, 1);
  const Rect film{100, 64, 300, 200};
  std::vector<Rect> exact, video;
  LocalTime now{1s};
  int switches = 0;
  TileClass before = TileClass::Nothing;
  for (int i = 0; i < 90; ++i, now += 33ms) {
    const auto picture = make_screen(5, 300, 200, static_cast<std::uint32_t>(i));
    for (int y = 0; y < 200; ++y)
      for (int b = 0; b < 1200; ++b) frame->row(film.y + y)[4 * film.x + b] = picture->row(y)[b];
    std::vector<Rect> changed{film};
    if (i % 5 == 0) changed.push_back({500, 300, 8, 16});   // somebody types beside it
    classifier->decide(now, *frame, changed, {}, exact, video);
    switches += classifier->class_of(3, 2) != before ? 1 : 0;
    before = classifier->class_of(3, 2);
    if (i < 2) CHECK(video.empty());
    if (i >= 20) {
      REQUIRE(video.size() >= 1);
      CHECK(classifier->class_of(3, 2) == TileClass::Video);
      // Whole cells, and no more of a tile than moved.
      const Rect cells{96, 64, 304, 208};
      Rect all;
      for (const Rect& r : video) {
        CHECK(r.clipped_to(cells) == r);
        all = all.united_with(r);
      }
      CHECK(all == cells);
      for (const Rect& r : exact) CHECK(r.clipped_to(Rect{128, 64, 256, 192}).empty());
    }
    if (i % 5 == 0) {
      bool typed = false;
      for (const Rect& r : exact) typed = typed || r.contains(504, 308);
      CHECK(typed);
    }
  }
  CHECK(switches == 2);   // nothing, exact, video
  const LocalTime next = classifier->next_change();
  CHECK(next > now - 34ms);
  CHECK(next <= now + 1s);
  classifier->decide(next - 1ms, *frame, {}, {}, exact, video);
  CHECK(!video.empty());
  classifier->decide(next, *frame, {}, {}, exact, video);
  CHECK(video.empty());
  CHECK(classifier->next_change() == kNever);
}

TEST_CASE("fast scrolling text that copies explain is never video") {
  auto classifier = make_tile_classifier();
  const auto frame = make_screen(1, 640, 400, 1);
  std::vector<Rect> exact, video;
  const ports::Move move{{0, 18, 640, 382}, 0, 0};
  const Rect line{0, 382, 640, 18};
  LocalTime now{1s};
  for (int i = 0; i < 60; ++i, now += 33ms) {
    classifier->decide(now, *frame, {&line, 1}, {&move, 1}, exact, video);
    CHECK(video.empty());
    CHECK(classifier->class_of(2, 1) == TileClass::Copy);
    CHECK(classifier->class_of(2, 5) == TileClass::Exact);
  }
}
