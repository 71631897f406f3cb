// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/h264.h"

#include <doctest/doctest.h>

#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

namespace {
Bytes nal(std::uint8_t header, std::size_t size) {
  Bytes out{header};
  for (std::size_t i = 1; i < size; ++i) out.push_back(static_cast<std::uint8_t>(i * 7 % 251 + 1));
  return out;
}
Bytes annex_b(const std::vector<Bytes>& nals) {
  Bytes out;
  for (const Bytes& n : nals) {
    out.insert(out.end(), {0, 0, 0, 1});
    out.insert(out.end(), n.begin(), n.end());
  }
  return out;
}
}  // namespace

TEST_CASE("the H.264 payload vectors are put together") {
  H264Assembler a;
  REQUIRE(a.add(test::read_vector("wire_h264_stap")));
  CHECK(dump_nals(split_annex_b(Bytes(a.take()))) == "SPS(3) PPS(2)");
  REQUIRE(a.add(test::read_vector("wire_h264_single")));
  CHECK(a.complete());
  CHECK_FALSE(a.has_key());
  a.clear();
  REQUIRE(a.add(test::read_vector("wire_h264_fu")));
  CHECK_FALSE(a.complete());
  REQUIRE(a.add(Bytes{0x7c, 0x45, 0xaa}));
  CHECK(a.complete());
  CHECK(a.has_key());
  CHECK(a.take() == Bytes{0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xaa});
}

TEST_CASE("start codes of both lengths and zeros at the end are found") {
  const Bytes stream{9, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 0, 1, 0x65, 0, 1, 3, 0, 0};
  const auto nals = split_annex_b(stream);
  REQUIRE(nals.size() == 3);
  CHECK(to_bytes(nals[0]) == Bytes{0x67, 1});
  CHECK(to_bytes(nals[1]) == Bytes{0x68, 2});
  CHECK(to_bytes(nals[2]) == Bytes{0x65, 0, 1, 3});
  CHECK(split_annex_b({}).empty());
  CHECK(split_annex_b(Bytes{0, 0, 1}).empty());
}

TEST_CASE("an access unit survives packets of any size, and long ones are cut evenly") {
  const std::vector<Bytes> nals{nal(0x67, 30), nal(0x68, 6), nal(0x65, 5000), nal(0x65, 20), nal(0x65, 1150)};
  const Bytes stream = annex_b(nals);
  for (std::size_t max : {64u, 65u, 200u, 1150u, 9000u}) {
    CAPTURE(max);
    const auto payloads = packetize_h264(split_annex_b(stream), max);
    H264Assembler a;
    for (const Bytes& payload : payloads) {
      CHECK(payload.size() <= max);
      REQUIRE(a.add(payload));
    }
    CHECK(a.has_key());
    CHECK(a.take() == stream);
  }
  const auto payloads = packetize_h264(split_annex_b(annex_b({nal(0x65, 5000)})), 1150);
  REQUIRE(payloads.size() == 5);
  for (std::size_t i = 1; i < 4; ++i) CHECK(payloads[i].size() == payloads[0].size());
  CHECK(payloads[4].size() <= payloads[0].size());
}

TEST_CASE("fragments out of order, of another NAL or never ended are refused") {
  const auto faulty = [](std::vector<Bytes> payloads) {
    H264Assembler a;
    for (const Bytes& payload : payloads)
      if (!a.add(payload)) return true;
    return false;
  };
  CHECK(faulty({{}}));
  CHECK(faulty({{0x7c, 0x05, 1}}));
  CHECK(faulty({{0x7c, 0xc5, 1}}));
  CHECK(faulty({{0x7c, 0x85, 1}, {0x7c, 0x85, 1}}));
  CHECK(faulty({{0x7c, 0x85, 1}, {0x7c, 0x41, 1}}));
  CHECK(faulty({{0x7c, 0x85, 1}, {0x41, 1}}));
  CHECK(faulty({{0x78, 0, 2, 1}}));
  CHECK(faulty({{0x78}}));
  CHECK(faulty({{0x79, 0, 1, 1}}));  // STAP-B
  CHECK(faulty({{0x60, 1}}));        // type 0
}
