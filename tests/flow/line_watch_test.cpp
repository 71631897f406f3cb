// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/flow/line_watch.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;
using beside::test::VirtualNet;

namespace {

LocalTime at_ms(std::int64_t ms) { return LocalTime(milliseconds(ms) + seconds(100)); }

// A watch whose questions go over a line and are answered at once by the other end.
struct Bench {
  VirtualNet there, back;
  LineWatch watch;
  LocalTime now = at_ms(0);
  std::uint64_t asked = 0, silences = 0;
  Bench(std::uint64_t seed, const VirtualNet::Path& path) : there(seed, path), back(seed + 1000, path) {
    watch.set_rtt(2 * path.delay);
    watch.heard(now);
    watch.attend(now);
  }
  void run(nanoseconds span) {
    const LocalTime end = now + span;
    while (now < end) {
      watch.attend(now);                // a hand that never rests
      now = std::min({end, there.next_arrival(), back.next_arrival(), watch.next_deadline()});
      for (Bytes& question : there.arrivals(now)) back.send(std::move(question), now);
      if (!back.arrivals(now).empty()) watch.heard(now);
      const bool before = watch.silent();
      while (watch.next_deadline() <= now) {
        if (!watch.poll(now)) continue;
        ++asked;
        there.send(Bytes(80), now);
      }
      silences += watch.silent() && !before ? 1 : 0;
    }
  }
};

}  // namespace

TEST_CASE("where nobody attends, nothing is asked and nothing is silent") {
  LineWatch watch;
  watch.heard(at_ms(0));
  CHECK(watch.next_deadline() == kNever);
  CHECK_FALSE(watch.poll(at_ms(60'000)));
  CHECK_FALSE(watch.silent());
  watch.attend(at_ms(60'000));
  CHECK(watch.next_deadline() == at_ms(60'000));
  CHECK(watch.poll(at_ms(60'000)));   // it is not known how the line is: asked at once, and not taken as silent
  CHECK_FALSE(watch.silent());
}

TEST_CASE("a dead line is silent within half a second of its last word, and known to be back at the first one") {
  for (const int delay : {0, 10, 40, 60}) {
    CAPTURE(delay);
    VirtualNet::Path path;
    path.delay = milliseconds(delay);
    Bench b(1, path);
    b.run(10s);
    CHECK(b.silences == 0);
    CHECK(b.asked <= 110);            // six a second, a few more on a long way
    const LocalTime died = b.now;
    path.loss = 1;
    b.there.set_path(path);
    while (!b.watch.silent() && b.now - died < 5s) b.run(1ms);
    CHECK(b.now - died <= 500ms + 2 * path.delay);   // an answer may still be on its way back
    b.run(30s);
    path.loss = 0;
    b.there.set_path(path);
    const LocalTime returned = b.now;
    while (b.watch.silent() && b.now - returned < 5s) b.run(1ms);
    CHECK(b.now - returned <= 2 * path.delay + LineWatch::kQuiet + 2ms);
  }
}

TEST_CASE("ten per cent of loss each way with reordering is never taken for silence, in an hour of each round trip") {
  for (const int delay : {5, 20, 40, 75, 150}) {
    CAPTURE(delay);
    VirtualNet::Path path;
    path.delay = milliseconds(delay);
    path.loss = 0.1;
    path.reorder = 0.05;
    Bench b(7, path);
    b.run(1h);
    CHECK(b.silences == 0);
    CHECK(b.asked < 3600 * 20);
  }
}

// The line used to be asked for as long as the pointer lay over the picture: 0.07 % of a core at the relay for a picture in
// which nothing happened.
TEST_CASE("what is not touched costs nothing but the five seconds after the last movement") {
  LineWatch watch;
  int asked = 0;
  watch.attend(at_ms(0));
  for (std::int64_t ms = 0; ms < 60'000; ++ms) {
    if (ms == 1000) watch.attend(at_ms(ms));
    if (watch.next_deadline() > at_ms(ms) || !watch.poll(at_ms(ms))) continue;
    ++asked;
    watch.heard(at_ms(ms));
  }
  CHECK(asked >= 35);
  CHECK(asked <= 40);                  // six seconds at six a second
  CHECK(watch.next_deadline() == kNever);
}

TEST_CASE("time in which the program itself did not run is not taken for silence") {
  LineWatch watch;
  watch.heard(at_ms(0));
  watch.attend(at_ms(0));
  CHECK(watch.poll(at_ms(3000)));     // it should have asked at once, and slept for three seconds instead
  CHECK_FALSE(watch.silent());
  std::int64_t ms = 3000;
  while (!watch.silent() && ms < 5000) (void)watch.poll(at_ms(++ms));
  CHECK(ms >= 3300);
  CHECK(ms <= 3500);
}

TEST_CASE("attention ends five seconds after the last movement, and a silence is watched to its end") {
  LineWatch watch;
  watch.attend(at_ms(0));
  (void)watch.poll(at_ms(0));
  std::int64_t ms = 0;
  for (; ms < 10'000; ++ms) {
    watch.heard(at_ms(ms));
    if (watch.next_deadline() == kNever) break;
  }
  CHECK(ms == 5000);
  watch.attend(at_ms(20'000));
  int asked = 0;
  for (ms = 20'000; ms < 30'000; ++ms) asked += watch.next_deadline() <= at_ms(ms) && watch.poll(at_ms(ms)) ? 1 : 0;
  CHECK(watch.silent());
  CHECK(asked >= 95);
  for (; ms < 200'000; ++ms) (void)watch.poll(at_ms(ms));
  asked = 0;
  for (; ms < 210'000; ++ms) asked += watch.next_deadline() <= at_ms(ms) && watch.poll(at_ms(ms)) ? 1 : 0;
  CHECK(asked == 10);
  watch.heard(at_ms(ms));
  CHECK_FALSE(watch.silent());
  CHECK(watch.next_deadline() == kNever);
}
