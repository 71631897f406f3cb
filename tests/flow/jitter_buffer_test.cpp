// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <random>

#include "engine/flow/jitter_buffer.h"

using namespace beside;
using namespace beside::flow;

namespace {
LocalTime at_ms(double ms) { return LocalTime(nanoseconds(static_cast<std::int64_t>(ms * 1e6)) + seconds(100)); }
PeerTime peer_ms(double ms) { return PeerTime(nanoseconds(static_cast<std::int64_t>(ms * 1e6)) + seconds(7)); }
}  // namespace

TEST_CASE("without jitter nothing is delayed, not even the first frame") {
  JitterBuffer buffer;
  for (int i = 0; i < 300; ++i) REQUIRE(buffer.show_at(peer_ms(i * 33.3), at_ms(i * 33.3 + 20)) == at_ms(i * 33.3 + 20));
  CHECK(buffer.delay() == nanoseconds(0));
}

TEST_CASE("jitter that nobody sees is not evened out") {
  JitterBuffer buffer;
  for (int i = 0; i < 300; ++i) {
    const LocalTime arrived = at_ms(i * 33 + 20 + i % 3);
    REQUIRE(buffer.show_at(peer_ms(i * 33), arrived) == arrived);
  }
}

TEST_CASE("under jitter frames are shown evenly, and never later than the most that is allowed") {
  std::mt19937_64 random(1);
  JitterBuffer buffer;
  LocalTime before = LocalTime::min();
  int uneven = 0;
  for (int i = 0; i < 600; ++i) {
    const LocalTime arrived = at_ms(i * 33 + 20 + static_cast<double>(random() % 1000) / 1000 * 25);
    const LocalTime shown = buffer.show_at(peer_ms(i * 33), arrived);
    REQUIRE(shown >= arrived);
    REQUIRE(shown >= before);
    REQUIRE(shown <= at_ms(i * 33 + 20 + 126));
    if (i > 120 && (shown - before < milliseconds(28) || shown - before > milliseconds(38))) ++uneven;
    before = shown;
  }
  CHECK(buffer.delay() >= milliseconds(18));
  CHECK(buffer.delay() <= milliseconds(26));
  CHECK(uneven < 40);   // of 480; without the buffer it is most of them
}

TEST_CASE("when the line is calm again the delay goes away by itself") {
  JitterBuffer buffer;
  double t = 0;
  for (int i = 0; i < 120; ++i, t += 33) (void)buffer.show_at(peer_ms(t), at_ms(t + 20 + (i % 2) * 30));
  CHECK(buffer.delay() == milliseconds(30));
  for (int i = 0; i < 300; ++i, t += 33) (void)buffer.show_at(peer_ms(t), at_ms(t + 20));
  CHECK(buffer.delay() == nanoseconds(0));
  const LocalTime arrived = at_ms(t + 20);
  CHECK(buffer.show_at(peer_ms(t), arrived) == arrived);
}

TEST_CASE("one frame that comes very late is shown at once and holds up none of the next") {
  JitterBuffer buffer;
  for (int i = 0; i < 100; ++i) (void)buffer.show_at(peer_ms(i * 33), at_ms(i * 33 + 20));
  CHECK(buffer.show_at(peer_ms(3300), at_ms(3300 + 400)) == at_ms(3700));
  CHECK(buffer.show_at(peer_ms(3333), at_ms(3701)) == at_ms(3701));
  CHECK(buffer.show_at(peer_ms(3800), at_ms(3820)) == at_ms(3820));
  CHECK(buffer.delay() == nanoseconds(0));
}

TEST_CASE("after a pause, or when the peer's clock jumps, what was learnt counts no more") {
  JitterBuffer buffer;
  for (int i = 0; i < 100; ++i) (void)buffer.show_at(peer_ms(i * 33), at_ms(i * 33 + 20 + (i % 2) * 30));
  CHECK(buffer.delay() > nanoseconds(0));
  CHECK(buffer.show_at(peer_ms(9000), at_ms(9060)) == at_ms(9060));   // the path is 40 ms longer now
  CHECK(buffer.delay() == nanoseconds(0));
  CHECK(buffer.show_at(peer_ms(9'000'000), at_ms(9093)) == at_ms(9093));
}
