// SPDX-License-Identifier: GPL-3.0-or-later
// How often a pixel is copied between the grabbed frame and the viewer's picture.
#include <doctest/doctest.h>

#include "engine/ports/copies.h"
#include "tests/session/tile_ends.h"

using namespace beside;
using namespace beside::test;
using Step = ports::CopyStep;

namespace {

struct Copies {
  std::uint64_t shadow = ports::copied_pixels(Step::Shadow), canvas = ports::copied_pixels(Step::Canvas), shown = ports::copied_pixels(Step::Shown);
  Copies since(const Copies& before) const {
    Copies out;
    out.shadow = shadow - before.shadow;
    out.canvas = canvas - before.canvas;
    out.shown = shown - before.shown;
    return out;
  }
};

// A viewer as the operator has it, with a picture that has come to rest.
void begin(TileEnds& ends) {
  ends.canvas = std::make_shared<ports::Canvas>(nullptr, ports::Canvas::Seen::WhenCommitted);
  ends.begin_stream(1);
  ends.desk.text(ends.desk.whole(), 3);
  REQUIRE(ends.run_until([&] { return ends.sender.settled() && ends.same(); }, 30s));
}

// One change, from the drawing of it until the viewer has it.
Copies of_change(TileEnds& ends, const std::function<void()>& draw) {
  const Copies before;
  draw();
  REQUIRE(ends.run_until([&] { return ends.sender.settled() && ends.same(); }, 30s));
  return Copies().since(before);
}

}  // namespace

TEST_CASE("a letter and a page are copied once at the sender and once into the viewer's picture, and nothing else is") {
  TileEnds ends(1, VirtualNet::Path{});
  begin(ends);
  const auto pixels = static_cast<std::uint64_t>(ends.desk.width()) * static_cast<std::uint64_t>(ends.desk.height());
  std::uint64_t changed = 0;   // by the change before: what its viewer is shown is kept when the next one begins
  for (std::uint32_t i = 0; i < 8; ++i) {
    const Copies letter = of_change(ends, [&] { ends.desk.text({40 + 8 * static_cast<int>(i), 48, 8, 16}, 100 + i); });
    CHECK(letter.shadow > 0);
    CHECK(letter.shadow <= 8 * 16);
    CHECK(letter.canvas == letter.shadow);
    if (i > 0) CHECK(letter.shown <= changed);
    changed = letter.canvas;
  }
  for (std::uint32_t i = 0; i < 3; ++i) {
    const Copies page = of_change(ends, [&] { ends.desk.text(ends.desk.whole(), 200 + i); });
    CHECK(page.shadow > pixels / 2);
    CHECK(page.shadow <= pixels);
    CHECK(page.canvas == page.shadow);
    if (i > 0) CHECK(page.shown <= pixels);
  }
}

TEST_CASE("a scroll copies nothing at the sender but the lines that are new") {
  TileEnds ends(1, VirtualNet::Path{});
  begin(ends);
  const int w = ends.desk.width(), h = ends.desk.height();
  const Copies scroll = of_change(ends, [&] {
    ends.desk.move({0, 16, w, h - 16}, 0, -16);
    ends.desk.text({0, h - 16, w, 16}, 77);
  });
  const std::uint64_t line = static_cast<std::uint64_t>(w) * 16;
  CHECK(scroll.shadow <= 2 * line);
  CHECK(scroll.canvas <= 2 * line);
}

TEST_CASE("a film is copied nowhere: neither at the sender, nor into the viewer's picture, nor for who looks at it") {
  TileEnds ends(1, VirtualNet::Path{});
  begin(ends);
  const Rect film{64, 64, 128, 128};
  std::uint32_t seed = 1;
  const auto play = [&](std::uint32_t pictures) {
    for (std::uint32_t i = 0; i < pictures; ++i) {
      ends.desk.noise(film, seed++);
      ends.run(33ms);
    }
  };
  play(60);
  const int pictures = ends.video_pictures;
  const Copies before;
  play(30);
  const Copies of_film = Copies().since(before);
  CHECK(ends.video_pictures >= pictures + 25);
  CHECK(of_film.shadow == 0);
  CHECK(of_film.canvas == 0);
  CHECK(of_film.shown == 0);
  REQUIRE(ends.run_until([&] { return ends.sender.settled() && ends.same(); }, 30s));
}
