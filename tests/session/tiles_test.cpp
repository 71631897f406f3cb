// SPDX-License-Identifier: GPL-3.0-or-later
// What the viewer has converges to what the customer has, whatever the network does.
#include <doctest/doctest.h>

#include "tests/session/tile_ends.h"

using namespace beside;
using namespace beside::test;
using Path = VirtualNet::Path;

namespace {

// One random thing that happens on a desktop.
void happen(Drawing& desk, std::mt19937_64& random) {
  const auto up_to = [&](int most) { return static_cast<int>(random() % static_cast<std::uint64_t>(most)); };
  const int w = desk.width(), h = desk.height();
  const auto seed = static_cast<std::uint32_t>(random());
  switch (up_to(8)) {
    case 0:
    case 1: return desk.text({up_to(w), up_to(h), 8, 16}, seed);                            // a glyph
    case 2: return desk.move({10, 20, w - 20, h - 36}, 0, -16), desk.text({10, h - 32, w - 20, 16}, seed);   // a terminal scrolls
    case 3: return desk.move({up_to(w / 2), up_to(h / 2), w / 3, h / 3}, up_to(60) - 20, up_to(60) - 20);  // a window is dragged
    case 4: return desk.text(desk.whole(), seed);                                           // a page
    case 5: return desk.noise({up_to(w), up_to(h), 50, 40}, seed);                          // a picture
    case 6: return desk.fill({up_to(w), up_to(h), 120, 70}, [=](int, int) { return seed & 0xffffffu; });
    default: return desk.fill({0, up_to(h), w, 1}, [=](int x, int) { return static_cast<std::uint32_t>(x) * seed & 0xffffffu; });
  }
}

// After the last change the viewer has the picture bit for bit, and then nobody says anything any more.
void converge_and_rest(TileEnds& ends) {
  const bool came = ends.run_until([&] { return ends.sender.settled() && ends.same(); }, 30s);
  CAPTURE(ends.sender.settled());
  CAPTURE(ends.sender.history().unknown());
  CAPTURE(ends.sender.history().lost());
  CAPTURE(ends.receiver->lost());
  CAPTURE(ends.sender.updates());
  CAPTURE(ends.canvas->exact(ends.desk.whole()));
  if (ends.fault) MESSAGE(dump_error(*ends.fault));
  REQUIRE(came);
  CHECK_FALSE(ends.fault.has_value());
  ends.run(2s);
  const auto down = ends.down.sent(), up = ends.up.sent();
  ends.run(5s);
  CHECK(ends.down.sent() == down);
  CHECK(ends.up.sent() == up);
  CHECK(ends.same());
}

}  // namespace

TEST_CASE("a picture arrives whole and exact, then nothing is sent") {
  TileEnds ends(1, Path{});
  ends.desk.text(ends.desk.whole(), 3);
  converge_and_rest(ends);
  const auto before = ends.sender.bytes();
  ends.desk.text({100, 100, 8, 16}, 4);
  converge_and_rest(ends);
  CHECK(ends.sender.bytes() - before <= 512);
}

TEST_CASE("whatever the network loses, doubles or reorders, the viewer's picture becomes the customer's and stays quiet") {
  const Path paths[] = {
      {0.02, 0, 0, 20ms, 0ms, 20'000, 256 * 1024},  {0.1, 0.05, 0.05, 20ms, 10ms, 10'000, 128 * 1024}, {0.3, 0.1, 0.2, 40ms, 30ms, 0, 0},
      {0, 0.3, 0.5, 10ms, 20ms, 0, 0},              {0.01, 0, 0, 100ms, 5ms, 2'000, 32 * 1024},       {0.5, 0, 0, 10ms, 0ms, 0, 0},
  };
  for (std::uint64_t seed = 0; seed < 36; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Path path = paths[seed % std::size(paths)];
    TileEnds ends(seed, path);
    ends.desk.text(ends.desk.whole(), static_cast<std::uint32_t>(seed));
    for (int i = 0; i < 60; ++i) {
      happen(ends.desk, random);
      if (random() % 4 == 0) happen(ends.desk, random);
      ends.run(milliseconds(random() % 50));
      if (i % 20 == 10) ends.down.outage_until(ends.clock.now() + milliseconds(random() % 400));
      if (i % 20 == 15) ends.up.outage_until(ends.clock.now() + milliseconds(random() % 400));
    }
    converge_and_rest(ends);
  }
}
