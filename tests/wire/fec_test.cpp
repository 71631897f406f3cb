// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/wire/fec.h"

using namespace beside;
using namespace beside::wire;

namespace {
FecHeader header() { return {Ssrc{0x01020304}, 0xFFFE, 10, 3, 1, 5}; }
}  // namespace

TEST_CASE("a parity packet is read as it was written, byte by byte") {
  const Bytes symbol{0xA0, 0xA1, 0xA2, 0xA3, 0xA4};
  const Bytes bytes = build_fec(header(), symbol);
  CHECK(bytes == Bytes{1, 2, 3, 4, 0xFF, 0xFE, 10, 3, 1, 0, 0, 5, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4});
  const auto packet = parse_fec(bytes);
  REQUIRE(packet);
  CHECK(packet->header == header());
  CHECK(to_bytes(packet->symbol) == symbol);
  CHECK(dump_fec(*packet) == "FEC for 01020304 65534+10 row 1/3 symbol=5");
}

TEST_CASE("each field of a parity packet is held to its range") {
  const Bytes good = build_fec(header(), Bytes(5, 7));
  const auto refused = [&](std::size_t at, std::uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    return !parse_fec(bad);
  };
  CHECK(refused(6, 0));      // no source
  CHECK(refused(6, 129));
  CHECK(refused(7, 0));      // no parity
  CHECK(refused(7, 65));
  CHECK(refused(8, 3));      // row 3 of 3
  CHECK(refused(9, 1));      // reserved
  CHECK(refused(11, 4));     // shorter than what follows
  CHECK(refused(11, 6));     // longer
  CHECK(refused(10, 0xFF));
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(parse_fec(ByteSpan(good).first(size)));
  Bytes longer = good;
  longer.push_back(0);
  CHECK_FALSE(parse_fec(longer));
}
