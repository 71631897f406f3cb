// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/video_plan.h"

#include <doctest/doctest.h>

#include "engine/base/clock.h"

using namespace beside;
using namespace beside::session;
using ports::VideoEffort;

namespace {

constexpr std::int64_t kWindow = 640 * 480, kScreen = 1280 * 800, kLarge = 3840 * 2160;
VideoFacts film(std::int64_t pixels) { return {pixels, 33ms, 50'000, true, true}; }
VideoFacts text(std::int64_t pixels) { return {pixels, 33ms, 50'000, false, true}; }

// Codes at `ns` a pixel with least effort until `until`, asking after each picture; the choices made.
struct Played {
  VideoPlan plan;
  VideoChoice now_coded;
  LocalTime now{1s};
  std::vector<VideoChoice> changes;
  void play(const VideoFacts& facts, double ns, nanoseconds span) {
    for (const LocalTime end = now + span; now < end; now += facts.interval) {
      const double factor = now_coded.av1 ? (now_coded.full_colour ? 6.2 : 4.4) : (now_coded.effort == VideoEffort::Most ? 1.9 : now_coded.effort == VideoEffort::Normal ? 1.15 : 1.0) *
                            (now_coded.full_colour ? 1.6 : 1.0) * (now_coded.scale > 1 ? 1.3 / 4 : 1.0);
      plan.coded(now_coded, facts.pixels, nanoseconds(static_cast<std::int64_t>(ns * factor * static_cast<double>(facts.pixels))));
      const VideoChoice next = plan.reconsider(now_coded, facts, now);
      if (next != now_coded) changes.push_back(next);
      now_coded = next;
    }
  }
};

VideoFacts narrow_film() {
  VideoFacts facts = film(kWindow);
  facts.accept_av1 = true;
  facts.line_kbps = 800;
  return facts;
}
Played played_by_av1(const VideoFacts& facts) {
  Played p;
  p.now_coded = p.plan.choose(facts);
  REQUIRE(p.now_coded.av1);
  return p;
}

}  // namespace

TEST_CASE("drawings and text keep full colour where it fits, photos go without") {
  const VideoPlan plan;
  CHECK(plan.choose(text(kWindow)).full_colour);
  CHECK_FALSE(plan.choose(film(kWindow)).full_colour);
  VideoFacts refused = text(kWindow);
  refused.accept_444 = false;
  CHECK_FALSE(plan.choose(refused).full_colour);
  CHECK(plan.choose(film(kWindow / 4)).effort == VideoEffort::Most);   // small enough to cost next to nothing
  CHECK(plan.choose(film(kWindow)).effort == VideoEffort::Normal);
  CHECK(plan.choose(film(kScreen)).effort == VideoEffort::Normal);
}

TEST_CASE("what does not fit is coded with less effort, then without full colour") {
  int rank = 0;
  for (const std::int64_t pixels : {kWindow / 4, kWindow, kScreen, kScreen * 3 / 2, kScreen * 2, kLarge}) {
    const VideoChoice c = VideoPlan().choose(text(pixels));
    const int now = (c.full_colour ? 3 : 6) - static_cast<int>(c.effort);
    CAPTURE(pixels);
    CHECK(now >= rank);
    rank = now;
  }
  CHECK(rank == 5);
}

TEST_CASE("AV1 on a narrow line where the viewer decodes it and coding fits, and it stays until the line is clearly wider") {
  VideoFacts facts = film(kWindow);
  facts.accept_av1 = true;
  CHECK_FALSE(VideoPlan().choose(facts).av1);
  facts.line_kbps = 1000;
  CHECK(VideoPlan().choose(facts).av1);
  VideoFacts large = film(kScreen * 3);
  large.accept_av1 = true;
  large.line_kbps = 1000;
  CHECK_FALSE(VideoPlan().choose(large).av1);                // it would take too long
  large.paced = 250ms;                                       // but not where the line carries four a second
  CHECK(VideoPlan().choose(large).av1);
  VideoFacts refused = facts;
  refused.accept_av1 = false;
  CHECK_FALSE(VideoPlan().choose(refused).av1);
  VideoFacts drawings = text(kWindow / 2);
  drawings.accept_av1 = true;
  drawings.line_kbps = 1000;
  CHECK(VideoPlan().choose(drawings) == VideoChoice{true, VideoEffort::Normal, true, 1});
  // From one to the other and back, once each.
  Played p;
  facts.line_kbps = 8000;
  p.now_coded = p.plan.choose(facts);
  facts.line_kbps = static_cast<int>(VideoPlan::worth_kbps(facts) * 0.26);
  p.play(facts, 8, 20s);
  CHECK_FALSE(p.now_coded.av1);
  facts.line_kbps = 1000;
  p.play(facts, 8, 20s);
  CHECK(p.now_coded.av1);
  facts.line_kbps = static_cast<int>(VideoPlan::worth_kbps(facts) * 0.26);
  const std::size_t changes = p.changes.size();
  p.play(facts, 8, 60s);
  CHECK(p.now_coded.av1);
  CHECK(p.changes.size() == changes);
  facts.line_kbps = 8000;
  p.play(facts, 8, 20s);
  CHECK_FALSE(p.now_coded.av1);
}

TEST_CASE("AV1 that takes too long gives way to H.264") {
  const VideoFacts facts = narrow_film();
  Played p = played_by_av1(facts);
  p.play(facts, 24, 4s);                                     // 32 ms a picture
  CHECK_FALSE(p.now_coded.av1);
}

// Noise at AV1's coarsest is several times what a line of 300 kbit/s carries.
TEST_CASE("AV1 that comes out much larger than it was told gives way at once, for as long as the film plays") {
  const VideoFacts facts = narrow_film();
  Played p = played_by_av1(facts);
  const std::size_t told = 400 * 1000 / 8 / 30;
  for (int i = 0; i < 60; ++i) p.plan.sized(p.now_coded, i % 6 == 5 ? 5 * told / 2 : told, 400);   // now and then one is larger
  p.play(facts, 8, 1s);
  CHECK(p.now_coded.av1);
  for (int i = 0; i < 8; ++i) p.plan.sized(p.now_coded, 2 * told, 400);
  p.play(facts, 8, 1s);
  CHECK_FALSE(p.now_coded.av1);
  p.play(facts, 8, 200s);
  CHECK_FALSE(p.now_coded.av1);
  CHECK(p.plan.for_another().choose(facts).av1);
}

TEST_CASE("a picture of AV1 that would stop the line for long is not sent, and H.264 codes the next; what is merely large is") {
  const VideoFacts facts = narrow_film();
  Played p = played_by_av1(facts);
  CHECK_FALSE(p.plan.stops_line(p.now_coded, 29'000, 800));
  p.play(facts, 8, 100ms);
  CHECK(p.now_coded.av1);
  CHECK(p.plan.stops_line(p.now_coded, 31'000, 800));
  p.now_coded = p.plan.reconsider(p.now_coded, facts, p.now);
  CHECK_FALSE(p.now_coded.av1);
  CHECK_FALSE(p.plan.stops_line(p.now_coded, 310'000, 800));   // it was made as small as it can be
}

TEST_CASE("half size where the line asks for it at once, and where even the fastest way is too slow") {
  VideoFacts facts = film(kScreen);
  facts.accept_scaled = true;
  VideoPlan plan;
  const VideoChoice whole = plan.choose(facts);
  CHECK(whole.scale == 1);
  facts.least_scale = 2;
  CHECK(plan.reconsider(whole, facts, LocalTime{1s}).scale == 2);
  facts.accept_scaled = false;                               // a viewer who could not show it
  CHECK(plan.reconsider(whole, facts, LocalTime{1s}).scale == 1);
  Played p;
  facts = film(kScreen);
  facts.accept_scaled = true;
  p.now_coded = p.plan.choose(facts);
  for (int i = 0; i < 12; ++i) p.plan.coded(p.now_coded, kScreen, 120ms);   // a machine that is busy while the film opens
  CHECK(p.plan.choose(facts) == whole);                      // nor is that held against the encoder that follows it
  p = {};
  p.now_coded = p.plan.choose(facts);
  p.play(facts, 40, 4s);                                     // 41 ms a picture, one comes every 33
  CHECK(p.now_coded.scale == 2);
  p.play(facts, 8, 60s);
  CHECK(p.now_coded.scale == 1);
}

TEST_CASE("another film begins with what coding took, not with what was chosen") {
  Played p;
  p.now_coded = p.plan.choose(film(kScreen));
  p.play(film(kScreen), 40, 4s);
  const VideoPlan other = p.plan.for_another();
  CHECK(other.expected({}, kScreen) == p.plan.expected({}, kScreen));
  CHECK(other.expected({}, kScreen) > VideoPlan().expected({}, kScreen));
}

TEST_CASE("a narrow line gets most effort though it takes half of the time") {
  VideoFacts facts = film(kScreen * 3 / 4);
  CHECK(VideoPlan().choose(facts).effort == VideoEffort::Normal);
  facts.line_kbps = 1000;
  CHECK(VideoPlan().choose(facts).effort == VideoEffort::Most);
}

TEST_CASE("coding that takes too long changes after a second, and one slow picture changes nothing") {
  Played p;
  p.now_coded = p.plan.choose(film(kScreen));
  p.play(film(kScreen), 8, 3s);
  p.plan.coded(p.now_coded, kScreen, 200ms);
  p.play(film(kScreen), 8, 900ms);
  CHECK(p.changes.empty());
  p.play(film(kScreen), 30, 3s);
  REQUIRE(p.changes.size() >= 1);
  CHECK(p.now_coded.effort == VideoEffort::Least);
}

TEST_CASE("what became cheap is coded better after a while, and later each time that it went wrong") {
  Played p;
  p.now_coded = p.plan.choose(film(kScreen));
  p.play(film(kScreen), 40, 3s);
  CHECK(p.now_coded.effort == VideoEffort::Least);
  const LocalTime worse_at = p.now;
  p.play(film(kScreen), 5, VideoPlan::kBetterAfter);
  CHECK(p.now_coded.effort == VideoEffort::Least);   // it went wrong once: twice as long
  p.play(film(kScreen), 5, 6s);
  CHECK(p.now_coded.effort != VideoEffort::Least);
  CHECK(p.now - worse_at < 12s);
  // A machine that swings all the time is followed ever more slowly.
  p.changes.clear();
  for (int i = 0; i < 60; ++i) p.play(film(kScreen), i % 2 == 0 ? 40 : 5, 5s);
  CHECK(p.changes.size() < 20);
}

TEST_CASE("an encoder is told what keeps the line's rate at any pace of pictures") {
  CHECK(VideoPlan::nominal_kbps(3000, 33'333'333ns) == 3000);
  CHECK(VideoPlan::nominal_kbps(3000, 66'666'666ns) == 6000);   // half as many pictures, each twice as large
  CHECK(VideoPlan::nominal_kbps(3000, 16'666'667ns) == 1500);
  CHECK(VideoPlan::nominal_kbps(50, 33ms) == 100);
  CHECK(VideoPlan::worth_kbps(film(kWindow)) == 7600);
  CHECK(VideoPlan::worth_kbps(film(kScreen)) == 7600);   // the whole of a screen of a megapixel is worth no more
  CHECK(VideoPlan::worth_kbps(film(4 << 20)) == 15'200);
}

TEST_CASE("on a narrow line that leaves pictures out half size is taken after half a second, and given up when it carries twice as much") {
  VideoFacts facts = film(kWindow);
  facts.line_kbps = 1000;
  facts.interval = 70ms;
  facts.accept_scaled = true;
  Played slow_by_itself;   // a film of 14 pictures a second
  slow_by_itself.now_coded = slow_by_itself.plan.choose(facts);
  CHECK(slow_by_itself.now_coded.scale == 1);
  slow_by_itself.play(facts, 3, 5s);
  for (const VideoChoice& c : slow_by_itself.changes) CHECK(c.scale == 1);

  facts.left_out = true;
  VideoFacts wide = facts;
  wide.line_kbps = 50'000;
  Played on_a_wide_line;
  on_a_wide_line.now_coded = on_a_wide_line.plan.choose(wide);
  on_a_wide_line.play(wide, 3, 5s);
  CHECK(on_a_wide_line.now_coded.scale == 1);

  Played p;
  p.now_coded = p.plan.choose(facts);
  p.play(facts, 3, 400ms);
  CHECK(p.now_coded.scale == 1);
  p.play(facts, 3, 700ms);
  CHECK(p.now_coded.scale == 2);
  facts.left_out = false;
  facts.interval = 40ms;
  p.play(facts, 3, 30s);
  CHECK(p.now_coded.scale == 2);
  facts.line_kbps = 2500;
  p.play(facts, 3, 30s);
  CHECK(p.now_coded.scale == 1);
}
