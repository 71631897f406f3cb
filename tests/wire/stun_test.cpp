// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/stun.h"

#include <doctest/doctest.h>

#include "engine/crypto/hash.h"
#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

namespace {
const StunMac kMac = [](ByteSpan covered) { return crypto::hmac_sha256(as_bytes("0123456789abcdefghijklmnopqrstuv"), covered); };
}

TEST_CASE("the STUN vectors parse, verify, and are built byte for byte") {
  for (const std::string name : {"request", "success", "error"}) {
    CAPTURE(name);
    const Bytes bytes = test::read_vector("wire_stun_" + name);
    const auto m = parse_stun(bytes);
    REQUIRE(m);
    CHECK(m->has_fingerprint);
    CHECK(build_stun(*m, m->mac ? kMac : StunMac{}) == bytes);
    if (m->mac) CHECK(kMac(stun_mac_input(bytes, *m)) == *m->mac);
  }
  const auto request = parse_stun(test::read_vector("wire_stun_request"));
  CHECK(request->username == "abcdefghijklmnop");
  CHECK(request->cookie.size() == 16);
  const auto success = parse_stun(test::read_vector("wire_stun_success"));
  REQUIRE(success->mapped);
  CHECK(success->mapped->port == 40000);
  CHECK(success->mapped->ip[0] == 192);
  CHECK(parse_stun(test::read_vector("wire_stun_error"))->error_code == 401);
}

TEST_CASE("any changed bit is refused or breaks the integrity") {
  const Bytes good = test::read_vector("wire_stun_request");
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 0x10;
    const auto m = parse_stun(bad);
    if (m && m->has_fingerprint) {
      CAPTURE(i);
      CHECK(false);
    }
  }
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(parse_stun(ByteSpan(good).first(n)));
}

TEST_CASE("attributes that must be understood and are not are listed") {
  // Type 0x0003 (CHANGE-REQUEST), four bytes.
  const Bytes m = *from_hex("000100082112a442000000000000000000000000" "0003000400000000");
  const auto parsed = parse_stun(m);
  REQUIRE(parsed);
  CHECK(parsed->unknown_required == std::vector<std::uint16_t>{3});
  CHECK_FALSE(parsed->mac);
  CHECK(stun_mac_input(m, *parsed).empty());
}

TEST_CASE("first bytes tell the kinds of datagrams apart") {
  CHECK(classify_datagram({}) == DatagramKind::Unknown);
  CHECK(classify_datagram(Bytes{0}) == DatagramKind::Stun);
  CHECK(classify_datagram(Bytes{22}) == DatagramKind::Dtls);
  CHECK(classify_datagram(Bytes{64}) == DatagramKind::TurnChannel);
  CHECK(classify_datagram(Bytes{0x80, 96}) == DatagramKind::Rtp);
  CHECK(classify_datagram(Bytes{0x90, 0xe0}) == DatagramKind::Rtp);
  CHECK(classify_datagram(Bytes{0x80, 205}) == DatagramKind::Rtcp);
  CHECK(classify_datagram(Bytes{4}) == DatagramKind::Unknown);
  CHECK(classify_datagram(Bytes{200, 1}) == DatagramKind::Unknown);
}

TEST_CASE("the checksum is ISO 3309's") { CHECK(crc32(as_bytes("123456789")) == 0xCBF43926u); }
