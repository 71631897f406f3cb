// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <vector>

#include "engine/flow/line_quality.h"

using namespace beside;
using namespace beside::flow;

namespace {

using Rung = LineQuality::Rung;
constexpr std::int64_t kFilm = 1280 * 720, kSmallFilm = 320 * 240;

// A film that takes `bits` a pixel when nothing limits it, and whatever is left of the line where that is less.
struct Bench {
  LineQuality quality{true};
  LocalTime now{seconds(100)};
  double bits = 0.2;
  std::vector<Rung> seen{Rung::Full};

  double film_kbps(std::int64_t pixels) const {
    const VideoBudget budget = quality.budget();
    const double fps = budget.most_fps > 0 ? budget.most_fps : 30;
    return bits * static_cast<double>(pixels) / (budget.scale * budget.scale) * fps / 1000;
  }
  void run(nanoseconds span, LineQuality::Line line, std::int64_t pixels) {
    for (const LocalTime end = now + span; now < end; now += 20ms) {
      const double kbps = std::min(film_kbps(pixels), line.kbps * 0.8);
      quality.on_video(static_cast<std::size_t>(kbps * 125 / 50));
      if (quality.update(line, pixels, now)) seen.push_back(quality.rung());
    }
  }
};

}  // namespace

TEST_CASE("a wide line carries every picture at its own size") {
  Bench b;
  b.run(60s, {20'000, 0, 5ms}, kFilm);
  CHECK(b.seen.size() == 1);
  CHECK(b.quality.budget() == VideoBudget{0, 1});
}

TEST_CASE("what a line cannot carry is given up rung by rung, pictures before area, until what is left fits") {
  struct Row {
    int kbps;
    std::int64_t pixels;
    Rung rung;
  };
  for (const Row& row : {Row{4000, kFilm, Rung::Full}, Row{1000, kFilm, Rung::Fewer}, Row{500, kFilm, Rung::Few}, Row{300, kFilm, Rung::Small},
                         Row{100, kFilm, Rung::Least}, Row{1000, kSmallFilm, Rung::Full}, Row{300, kSmallFilm, Rung::Full}}) {
    CAPTURE(row.kbps);
    CAPTURE(row.pixels);
    Bench b;
    b.run(30s, {row.kbps, 0, 20ms}, row.pixels);
    CHECK(b.quality.rung() == row.rung);
    for (std::size_t i = 1; i < b.seen.size(); ++i) CHECK(static_cast<int>(b.seen[i]) == static_cast<int>(b.seen[i - 1]) + 1);
  }
}

TEST_CASE("a plain film that takes less than the line has keeps all its pictures, however narrow the line is") {
  Bench b;
  b.bits = 0.005;
  b.run(60s, {400, 0, 10ms}, kFilm);
  CHECK(b.seen.size() == 1);
}

TEST_CASE("when the line widens everything comes back from the bottom up, and the last rungs are not tried again and again") {
  Bench b;
  b.run(30s, {200, 0, 20ms}, kFilm);
  REQUIRE(b.quality.rung() == Rung::Small);
  b.run(30s, {10'000, 0, 5ms}, kFilm);
  CHECK(b.quality.rung() == Rung::Full);
  // A line exactly between two rungs: at most a change every ten seconds, and fewer as time goes on.
  Bench edge;
  int first = 0, last = 0;
  for (int i = 0; i < 600; ++i) {
    const std::size_t before = edge.seen.size();
    edge.run(1s, {i % 14 < 7 ? 900 : 1900, 0, 10ms}, kFilm);
    (i < 300 ? first : last) += static_cast<int>(edge.seen.size() - before);
  }
  CHECK(first <= 60);
  CHECK(last <= 30);
}

TEST_CASE("loss leaves less for pictures, and a queue that stays long takes a rung whatever the figures say") {
  Bench clean, lossy, queued;
  clean.run(20s, {1700, 0, 10ms}, kFilm);
  lossy.run(20s, {1700, 0.2, 10ms}, kFilm);
  CHECK(clean.quality.rung() == Rung::Full);
  CHECK(lossy.quality.rung() == Rung::Fewer);
  queued.run(500ms, {20'000, 0, 400ms}, kFilm);
  CHECK(queued.quality.rung() == Rung::Full);   // a moment is no reason
  queued.run(2s, {20'000, 0, 400ms}, kFilm);
  CHECK(queued.quality.rung() > Rung::Full);
}

TEST_CASE("where nothing moves there is nothing to give up, and a film that comes later starts whole") {
  Bench b;
  b.run(20s, {100, 0, 20ms}, kFilm);
  REQUIRE(b.quality.rung() == Rung::Least);
  CHECK(b.quality.update({100, 0, 20ms}, 0, b.now));
  CHECK(b.quality.budget() == VideoBudget{});
  CHECK_FALSE(b.quality.update({100, 0, 20ms}, 0, b.now + 1s));
}

TEST_CASE("where video cannot be scaled the rungs that would halve it are left out") {
  Bench b;
  b.quality = LineQuality(false);
  b.run(30s, {100, 0, 20ms}, kFilm);
  CHECK(b.seen == std::vector<Rung>{Rung::Full, Rung::Fewer, Rung::Few, Rung::Least});
  CHECK(b.quality.budget() == VideoBudget{4, 1});
  b.run(30s, {20'000, 0, 5ms}, kFilm);
  CHECK(b.quality.rung() == Rung::Full);
  for (const Rung rung : b.seen) CHECK(rung != Rung::Small);
}
