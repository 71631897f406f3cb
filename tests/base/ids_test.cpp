// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/ids.h"

#include <doctest/doctest.h>

#include "engine/base/clock.h"
#include "engine/base/secret.h"

using namespace beside;

TEST_CASE("serial numbers compare across the wrap") {
  CHECK(SeqNo{0}.newer_than(SeqNo{65535}));
  CHECK_FALSE(SeqNo{65535}.newer_than(SeqNo{0}));
  CHECK(SeqNo{2}.since(SeqNo{65534}) == 4);
  CHECK(SeqNo{65534}.since(SeqNo{2}) == -4);
  CHECK(EventNo{0xffffffffu}.next() == EventNo{0});
  CHECK_FALSE(SeqNo{5}.newer_than(SeqNo{5}));
}

TEST_CASE("a UUIDv7 carries its time, version and variant") {
  const std::uint8_t random[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  CHECK(make_uuid7(0x017F22E279B0, random) == "017f22e2-79b0-7fff-bfff-ffffffffffff");  // RFC 9562 A.6's time
}

TEST_CASE("a moved secret leaves nothing behind") {
  const Bytes raw{1, 2, 3, 4};
  Secret<4> one{ByteSpan(raw)};
  Secret<4> two(std::move(one));
  CHECK(to_bytes(two.reveal()) == raw);
  CHECK(to_bytes(one.reveal()) == Bytes{0, 0, 0, 0});  // NOLINT(bugprone-use-after-move): that is the point
}

TEST_CASE("a step of the wall clock does not move monotonic time") {
  ManualClock clock;
  const LocalTime before = clock.now();
  clock.step_wall(std::chrono::hours(-1));
  CHECK(clock.now() == before);
  clock.advance(2s);
  CHECK(clock.now() - before == 2s);
}
