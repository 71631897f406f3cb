// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/rtcp.h"

#include <doctest/doctest.h>

#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

TEST_CASE("the RTCP vectors parse and are built byte for byte") {
  const Bytes compound = test::read_vector("wire_rtcp_rr_nack");
  const auto a = parse_rtcp(compound);
  REQUIRE(a);
  REQUIRE(a->size() == 2);
  CHECK(std::get<ReceiverReport>((*a)[0]).blocks.at(0).cumulative_lost == -1);
  CHECK(std::get<Nack>((*a)[1]).lost == std::vector<std::uint16_t>{100, 101, 103});
  CHECK(build_rtcp(*a) == compound);
  const Bytes pli = test::read_vector("wire_rtcp_pli");
  const auto b = parse_rtcp(pli);
  REQUIRE(b);
  CHECK(std::get<Pli>(b->at(0)) == Pli{Ssrc{1}, Ssrc{2}});
  CHECK(build_rtcp(*b) == pli);
  const Bytes cc = test::read_vector("wire_rtcp_ccfb");
  const auto c = parse_rtcp(cc);
  REQUIRE(c);
  const auto& stream = std::get<CcFeedback>(c->at(0)).streams.at(0);
  CHECK(stream.begin_seq == 65534);
  CHECK(stream.arrivals == std::vector<CcArrival>{{true, 0, 0x400}, {false, 0, 0}, {true, 1, 1}});
  CHECK(build_rtcp(*c) == cc);
  CHECK(dump_rtcp(c->at(0)) == "CCFB from 00000001 [00000002 65534+3]");
}

TEST_CASE("NACKs keep the order asked for, across the wrap") {
  const RtcpPacket nack = Nack{Ssrc{1}, Ssrc{2}, {65530, 65535, 3, 30, 29, 29}};
  const auto again = parse_rtcp(build_rtcp({&nack, 1}));
  REQUIRE(again);
  CHECK(again->at(0) == nack);
}

TEST_CASE("a sender report survives") {
  const RtcpPacket report = SenderReport{Ssrc{1}, 2, 3, 4, 5, {ReportBlock{Ssrc{6}, 7, 8, 9, 10, 11, 12}}};
  CHECK(parse_rtcp(build_rtcp({&report, 1}))->at(0) == report);
}

TEST_CASE("unknown kinds are skipped, lengths that lie are refused") {
  CHECK(parse_rtcp(*from_hex("80cb0000"))->empty());  // BYE without a source
  for (const char* bad : {"80", "00c90000", "81c90001", "81c9000100000001", "81cd000100000001", "81ce000100000001",
                          "8bcd00030000000100000002000000ff", "a1ce000200000001000000ff"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_rtcp(*from_hex(bad)));
  }
  Bytes many;
  for (int i = 0; i < 33; ++i) many.insert(many.end(), {0x80, 203, 0, 0});
  CHECK_FALSE(parse_rtcp(many));
}

TEST_CASE("a tile report survives, whatever its length, and a count that lies is refused") {
  for (const std::size_t count : {0, 1, 31, 32, 33, 500, 1024}) {
    TileReport report{Ssrc{1}, Ssrc{2}, 65530, {}};
    for (std::size_t i = 0; i < count; ++i) report.applied.push_back(i % 3 != 1);
    const RtcpPacket packet = report;
    const auto again = parse_rtcp(build_rtcp({&packet, 1}));
    REQUIRE(again);
    CHECK(again->at(0) == packet);
  }
  CHECK(parse_rtcp(*from_hex("80cc00020000000141424344"))->empty());                          // another application's
  CHECK_FALSE(parse_rtcp(*from_hex("80cc0004000000014253544c0000000200000001")));              // one bit told, none there
  CHECK_FALSE(parse_rtcp(*from_hex("80cc0004000000014253544c0000000200000401")));              // too many
}

TEST_CASE("a path probe keeps its size and its nonce, and one without a nonce is refused") {
  for (const std::uint16_t bytes : {16, 20, 1200, 4096}) {
    for (const bool answer : {false, true}) {
      const RtcpPacket packet = PathProbe{Ssrc{7}, 0xfeedbeef, answer, bytes};
      const Bytes built = build_rtcp({&packet, 1});
      CHECK(built.size() == bytes);
      const auto again = parse_rtcp(built);
      REQUIRE(again);
      CHECK(again->at(0) == packet);
    }
  }
  CHECK_FALSE(parse_rtcp(*from_hex("80cc00020000000142535042")));
  const RtcpPacket packet = PathProbe{Ssrc{7}, 1, false, 64};
  CHECK(dump_rtcp(packet) == "path probe 1, 64 bytes");
}
