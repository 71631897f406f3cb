// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/srtp_sealer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "engine/e2e/nonce_guard.h"
#include "tests/e2e/two_ends.h"

using namespace beside;
using namespace beside::e2e;
using namespace beside::e2e::test;

namespace {

struct Sealers {
  TwoEnds ends;
  std::unique_ptr<ports::Sealer> customer, operator_;
  explicit Sealers(std::string c_session = "session-1", std::string o_session = "session-1") {
    ends.run();
    REQUIRE(ends.both_open());
    auto c = make_sealer(*ends.customer, End::Customer, std::move(c_session));
    auto o = make_sealer(*ends.operator_, End::Operator, std::move(o_session));
    REQUIRE(c);
    REQUIRE(o);
    customer = std::move(*c);
    operator_ = std::move(*o);
  }
};

Bytes rtp(std::uint16_t sequence, std::string_view payload, std::uint32_t ssrc = 7) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(0x80);
  writer.u8(96);
  writer.u16(sequence);
  writer.u32(1000);
  writer.u32(ssrc);
  writer.bytes(as_bytes(payload));
  return out;
}
// A packet with one-byte header extensions (RFC 8285): id 1 "secret!!" and id 5 "plainly!".
Bytes rtp_with_extensions(std::uint16_t sequence) {
  Bytes out = rtp(sequence, "");
  out[0] = 0x90;
  ByteWriter writer(out);
  writer.u16(0xBEDE);
  writer.u16(5);
  writer.u8(0x17);
  writer.bytes(as_bytes("secret!!"));
  writer.u8(0x57);
  writer.bytes(as_bytes("plainly!"));
  writer.u16(0);
  writer.bytes(as_bytes("payload"));
  return out;
}
Bytes rtcp() {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(0x81);
  writer.u8(206);
  writer.u16(2);
  writer.u32(7);
  writer.u32(8);
  return out;
}
bool contains(const Bytes& where, std::string_view what) { return as_text(where).find(what) != std::string_view::npos; }

}  // namespace

TEST_CASE("what one end seals the other opens, in place, with the overhead promised") {
  Sealers s;
  const Bytes plain = rtp(1, "picture of the screen");
  Bytes packet = plain;
  REQUIRE(s.customer->seal_rtp(packet));
  CHECK(packet.size() == plain.size() + ports::Sealer::kRtpOverhead);
  CHECK_FALSE(contains(packet, "picture"));
  CHECK(std::equal(plain.begin(), plain.begin() + 12, packet.begin()));  // the relay and RFC 3550 need the header
  REQUIRE(s.operator_->open_rtp(packet));
  CHECK(packet == plain);
  Bytes report = rtcp();
  REQUIRE(s.operator_->seal_rtcp(report));
  CHECK(report.size() == rtcp().size() + ports::Sealer::kRtcpOverhead);
  REQUIRE(s.customer->open_rtcp(report));
  CHECK(report == rtcp());
}

TEST_CASE("every byte of a sealed packet is authenticated") {
  Sealers s;
  Bytes sealed = rtp(1, "abc"), report = rtcp();
  REQUIRE(s.customer->seal_rtp(sealed));
  REQUIRE(s.customer->seal_rtcp(report));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= 0x01;
    CHECK_FALSE(s.operator_->open_rtp(bad));
    Bytes cut(sealed.begin(), sealed.begin() + static_cast<long>(i));
    CHECK_FALSE(s.operator_->open_rtp(cut));
  }
  for (std::size_t i = 0; i < report.size(); ++i) {
    for (std::uint8_t bit : {0x01, 0x80}) {
      Bytes bad = report;
      bad[i] ^= bit;
      CHECK_FALSE(s.operator_->open_rtcp(bad));
    }
    Bytes cut(report.begin(), report.begin() + static_cast<long>(i));
    CHECK_FALSE(s.operator_->open_rtcp(cut));
  }
  CHECK(s.operator_->open_rtp(sealed));  // the true one still opens
  CHECK(s.operator_->open_rtcp(report));
}

TEST_CASE("a packet comes in once, and only while it is within 1,024 of the newest") {
  Sealers s;
  std::vector<Bytes> packets;
  for (std::uint16_t i = 0; i < 1100; ++i) {
    packets.push_back(rtp(i, "x"));
    REQUIRE(s.customer->seal_rtp(packets.back()));
  }
  auto open = [&](std::size_t i) {
    Bytes copy = packets[i];
    return s.operator_->open_rtp(copy).has_value();
  };
  CHECK(open(0));
  CHECK_FALSE(open(0));
  CHECK(open(1099));
  CHECK_FALSE(open(1099));
  CHECK(open(1098));
  CHECK(open(1099 - 1000));
  CHECK_FALSE(open(1099 - 1000));
  CHECK_FALSE(open(1099 - 1024));
  CHECK_FALSE(open(1));
  Bytes report = rtcp();
  REQUIRE(s.customer->seal_rtcp(report));
  Bytes again = report;
  CHECK(s.operator_->open_rtcp(report));
  CHECK_FALSE(s.operator_->open_rtcp(again));
}

TEST_CASE("sequence numbers go on past 65,535 and are never sealed twice") {
  Sealers s;
  for (std::uint32_t i = 65'000; i < 67'000; ++i) {
    Bytes packet = rtp(static_cast<std::uint16_t>(i), "x");
    REQUIRE(s.customer->seal_rtp(packet));
    REQUIRE(s.operator_->open_rtp(packet));
  }
  for (std::uint16_t old : {std::uint16_t{1463}, std::uint16_t{1400}, std::uint16_t{65'535}, std::uint16_t{65'000}}) {
    Bytes packet = rtp(old, "y");
    auto refused = s.customer->seal_rtp(packet);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Refused);
  }
  Bytes fresh = rtp(5, "new source", 8);
  REQUIRE(s.customer->seal_rtp(fresh));
  CHECK(s.operator_->open_rtp(fresh));
}

TEST_CASE("the guard admits rising numbers only, up to its last index and its number of sources") {
  NonceGuard guard(70'000, 2);
  CHECK(guard.admit(1, 60'000));
  CHECK_FALSE(guard.admit(1, 60'000));
  CHECK_FALSE(guard.admit(1, 59'999));
  CHECK(guard.admit(1, 100));      // index 65,636
  CHECK_FALSE(guard.admit(1, 99));
  CHECK_FALSE(guard.admit(1, 60'001));
  CHECK(guard.admit(1, 70'000 - 65'536));
  CHECK_FALSE(guard.admit(1, 70'001 - 65'536));  // beyond the last index
  CHECK(guard.admit(2, 1));
  CHECK_FALSE(guard.admit(3, 1));  // a third source
}

TEST_CASE("header extensions 1 to 4 are not readable on the wire and come back whole") {
  Sealers s;
  const Bytes plain = rtp_with_extensions(1);
  Bytes packet = plain;
  REQUIRE(s.customer->seal_rtp(packet));
  CHECK_FALSE(contains(packet, "secret!!"));
  CHECK_FALSE(contains(packet, "payload"));
  CHECK(contains(packet, "plainly!"));
  for (std::size_t i = 12; i < packet.size(); ++i) {
    Bytes bad = packet;
    bad[i] ^= 0x01;
    CHECK_FALSE(s.operator_->open_rtp(bad));
  }
  REQUIRE(s.operator_->open_rtp(packet));
  CHECK(packet == plain);
}

TEST_CASE("a packet opens neither at its own sender nor in another session") {
  Sealers s, other;
  Bytes packet = rtp(1, "abc"), copy, report = rtcp();
  REQUIRE(s.customer->seal_rtp(packet));
  copy = packet;
  CHECK_FALSE(s.customer->open_rtp(copy));
  copy = packet;
  CHECK_FALSE(other.operator_->open_rtp(copy));
  REQUIRE(s.customer->seal_rtcp(report));
  CHECK_FALSE(s.customer->open_rtcp(report));
  Sealers named_apart("session-1", "session-2");
  Bytes third = rtp(1, "abc");
  REQUIRE(named_apart.customer->seal_rtp(third));
  CHECK_FALSE(named_apart.operator_->open_rtp(third));
}

TEST_CASE("what is no RTP is refused on the way out and in") {
  Sealers s;
  for (std::size_t size = 0; size < 12; ++size) {
    Bytes tiny(size, 0x80);
    CHECK_FALSE(s.customer->seal_rtp(tiny));
    CHECK_FALSE(s.customer->open_rtp(tiny));
    CHECK_FALSE(s.customer->open_rtcp(tiny));
  }
  Bytes lying = rtp(1, "abc");
  lying[0] = 0x9F;  // 15 sources and an extension that are not there
  CHECK_FALSE(s.customer->seal_rtp(lying));
  Bytes version = rtp(1, "abcabcabcabcabcabc");
  version[0] = 0x40;
  CHECK_FALSE(s.customer->open_rtp(version));
}

TEST_CASE("chat opens for its sender and its id only, and any change is noticed") {
  Sealers s;
  const Bytes sealed = s.customer->seal_chat(as_bytes("good morning"), as_bytes("id-1"));
  CHECK_FALSE(contains(sealed, "good morning"));
  auto opened = s.operator_->open_chat(sealed, as_bytes("id-1"), End::Customer);
  REQUIRE(opened);
  CHECK(as_text(*opened) == "good morning");
  CHECK(s.customer->open_chat(sealed, as_bytes("id-1"), End::Customer));  // our own, come back from the relay
  CHECK_FALSE(s.operator_->open_chat(sealed, as_bytes("id-1"), End::Operator));
  CHECK_FALSE(s.operator_->open_chat(sealed, as_bytes("id-2"), End::Customer));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= 0x20;
    CHECK_FALSE(s.operator_->open_chat(bad, as_bytes("id-1"), End::Customer));
    CHECK_FALSE(s.operator_->open_chat(ByteSpan(sealed).first(i), as_bytes("id-1"), End::Customer));
  }
  CHECK(s.customer->seal_chat(as_bytes("a"), {}) != s.customer->seal_chat(as_bytes("a"), {}));
}

TEST_CASE("there is no sealer without an open channel") {
  TwoEnds ends;
  CHECK_FALSE(make_sealer(*ends.customer, End::Customer, "s"));
}
