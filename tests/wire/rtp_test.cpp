// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/rtp.h"

#include <doctest/doctest.h>

#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

TEST_CASE("the RTP vectors parse to what their dissection says") {
  const Bytes plain = test::read_vector("wire_rtp_plain");
  const auto a = parse_rtp(plain);
  REQUIRE(a);
  CHECK(a->header.ssrc.value == 0xdecafbad);
  CHECK(to_string(a->payload) == "payload");
  CHECK(build_rtp(a->header, a->payload) == plain);
  CHECK(dump_rtp(*a) == "RTP pt=96 seq=1 ts=90000 ssrc=decafbad payload=7 bytes");
  const Bytes stamped = test::read_vector("wire_rtp_capture_time");
  const auto b = parse_rtp(stamped);
  REQUIRE(b);
  CHECK(b->header.marker);
  REQUIRE(b->header.abs_capture_time);
  CHECK(from_uq32_32(*b->header.abs_capture_time) == PeerTime(milliseconds(12500)));
  CHECK(build_rtp(b->header, b->payload) == stamped);
  const Bytes padded = test::read_vector("wire_rtp_csrc_padding");
  const auto c = parse_rtp(padded);
  REQUIRE(c);
  CHECK(to_string(c->payload) == "abc");
}

TEST_CASE("lengths that lie are refused") {
  CHECK_FALSE(parse_rtp(Bytes(11, 0x80)));
  CHECK_FALSE(parse_rtp(*from_hex("0060000100000000000000ff")));               // version 0
  CHECK_FALSE(parse_rtp(*from_hex("8f60000100000000000000ff")));               // 15 CSRCs, none there
  CHECK_FALSE(parse_rtp(*from_hex("9060000100000000000000ffbede0001")));       // extension cut off
  CHECK_FALSE(parse_rtp(*from_hex("9060000100000000000000ffbede00011f000000")));  // element longer than the extension
  CHECK_FALSE(parse_rtp(*from_hex("a060000100000000000000ff02")));             // more padding than payload
  CHECK_FALSE(parse_rtp(*from_hex("a060000100000000000000ff00")));
  CHECK_FALSE(parse_rtp(Bytes(kMaxRtpBytes + 1, 0x80)));
  CHECK_FALSE(peek_rtp(Bytes(11, 0x80)));
}

TEST_CASE("a capture time survives to the nanosecond, and the 90 kHz clock is exact") {
  for (const std::int64_t ns : {0ll, 1ll, 999'999'999ll, 1'234'567'890'123ll, 86'400'000'000'001ll})
    CHECK(from_uq32_32(to_uq32_32(LocalTime(nanoseconds(ns)))) == PeerTime(nanoseconds(ns)));
  CHECK(to_90khz(LocalTime(seconds(1))) == 90000);
  CHECK(to_90khz(LocalTime(milliseconds(1))) == 90);
  CHECK(to_90khz(LocalTime(seconds(100'000))) == static_cast<std::uint32_t>(9'000'000'000ull));
}
