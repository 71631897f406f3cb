// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/av1.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace beside;
using namespace beside::wire;

namespace {

// An OBU with its size.
Bytes obu(std::uint8_t type, std::size_t bytes, std::uint8_t seed = 7) {
  Bytes out{static_cast<std::uint8_t>(type << 3 | 2)};
  std::size_t left = bytes;
  do {
    out.push_back(static_cast<std::uint8_t>((left & 0x7f) | (left > 0x7f ? 0x80 : 0)));
    left >>= 7;
  } while (left > 0);
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(i * 31 + seed));
  return out;
}
Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& p : parts) out.insert(out.end(), p.begin(), p.end());
  return out;
}
std::string fault(Av1Assembler& assembler, const Bytes& payload) {
  const auto added = assembler.add(payload);
  return added ? std::string() : std::string(added.error().where);
}

}  // namespace

TEST_CASE("a temporal unit of any size comes out of its payloads as it went in, without its delimiter") {
  for (const std::size_t bytes : {1, 62, 63, 64, 127, 128, 1149, 1150, 5000, 70'000}) {
    for (const bool key : {false, true}) {
      CAPTURE(bytes);
      const Bytes frame = obu(kObuFrame, bytes), header = obu(kObuSequenceHeader, 11);
      const Bytes unit = key ? joined({obu(kObuTemporalDelimiter, 0), header, frame}) : joined({obu(kObuTemporalDelimiter, 0), frame});
      const auto payloads = packetize_av1(unit, 1150);
      REQUIRE(!payloads.empty());
      Av1Assembler assembler;
      for (std::size_t i = 0; i < payloads.size(); ++i) {
        CHECK(payloads[i].size() <= 1150);
        CHECK(starts_av1_unit(payloads[i]) == (i == 0 || (key && i == 1)));
        REQUIRE(assembler.add(payloads[i]));
        CHECK(assembler.complete() == (i + 1 == payloads.size() || (key && i == 0)));
      }
      CHECK(assembler.has_key() == key);
      CHECK(assembler.take() == (key ? joined({header, frame}) : frame));
      CHECK_FALSE(assembler.complete());
      CHECK_FALSE(assembler.has_key());
    }
  }
}

TEST_CASE("payloads with several elements are taken, with lengths and without") {
  // W = 2: a length before the first only; W = 0: before each.
  Av1Assembler assembler;
  REQUIRE(assembler.add(Bytes{0x28, 3, 0x08, 1, 2, 0x30, 9, 9}));
  CHECK(assembler.complete());
  CHECK(assembler.has_key());
  CHECK(assembler.take() == Bytes{0x0a, 2, 1, 2, 0x32, 2, 9, 9});
  REQUIRE(assembler.add(Bytes{0x08, 3, 0x08, 1, 2, 3, 0x30, 9, 9}));
  CHECK(assembler.take() == Bytes{0x0a, 2, 1, 2, 0x32, 2, 9, 9});
}

TEST_CASE("payloads that fit no unit are refused") {
  Av1Assembler a;
  CHECK(fault(a, {}) == "wire/av1: empty payload");
  CHECK(fault(a, {0x10}) == "wire/av1: empty payload");
  CHECK(fault(a, {0x11, 0x30}) == "wire/av1: reserved bits");
  CHECK(fault(a, {0x90, 0x30}) == "wire/av1: pieces out of order");
  CHECK(fault(a, {0x50, 0x30, 1}).empty());
  CHECK(fault(a, {0x10, 0x30, 1}) == "wire/av1: pieces out of order");
  a.clear();
  CHECK(fault(a, {0x20, 1, 0x30}) == "wire/av1: number of elements");
  a.clear();
  CHECK(fault(a, {0x00, 5, 0x30}) == "wire/av1: element size");
  CHECK(fault(a, {0x00, 0x80, 0x80, 0x80, 0x80, 0x30}) == "wire/av1: element size");
  CHECK(fault(a, {0x00, 0, 0x30}) == "wire/av1: empty element");
  for (const std::uint8_t header : {std::uint8_t{0xb0}, std::uint8_t{0x34}, std::uint8_t{0x32}, std::uint8_t{0x31}}) {
    a.clear();
    CHECK(fault(a, {0x10, header, 1}) == "wire/av1: OBU header");
  }
  for (const std::uint8_t type : {kObuTemporalDelimiter, kObuTileList, kObuPadding}) {
    a.clear();
    CHECK(fault(a, {0x10, static_cast<std::uint8_t>(type << 3), 1}) == "wire/av1: OBU type");
  }
  a.clear();
  CHECK(fault(a, {0x10, 0x30, 1}).empty());
  CHECK(fault(a, {0x18, 0x08, 1}) == "wire/av1: new sequence within a unit");
  a.clear();
  REQUIRE(fault(a, {0x50, 0x30}).empty());
  Bytes more(60'000, 1);
  more[0] = 0xd0;
  std::string end;
  for (std::size_t bytes = 0; bytes <= kMaxTemporalUnitBytes && end.empty(); bytes += more.size()) end = fault(a, more);
  CHECK(end == "wire/av1: OBU too large");
}

TEST_CASE("OBUs without sizes, with extensions or cut off are no unit") {
  CHECK(split_obus(obu(kObuFrame, 300)).value().size() == 1);
  CHECK(split_obus(Bytes{})->empty());
  for (const Bytes& bad : {Bytes{0x30, 0}, Bytes{0x36, 0, 0}, Bytes{0xb2, 0}, Bytes{0x33, 0}, Bytes{0x32}, Bytes{0x32, 2, 1}, Bytes{0x32, 0x80}}) {
    CHECK_FALSE(split_obus(bad));
    CHECK(packetize_av1(bad, 1000).empty());
    CHECK(dump_obus(bad) == "not OBUs");
  }
  CHECK(dump_obus(joined({obu(kObuSequenceHeader, 11), obu(kObuFrame, 300), obu(5, 2)})) == "sequence(11) frame(300) type5(2)");
}
