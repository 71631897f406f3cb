// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/bytes.h"

#include <doctest/doctest.h>

using namespace beside;

TEST_CASE("a reader past the end yields zero, says so, and stays there") {
  const Bytes data{1, 2, 3};
  ByteReader in(data);
  CHECK(in.u16() == 0x0102);
  CHECK(in.u32() == 0);
  CHECK(in.failed());
  CHECK(in.remaining() == 0);
  CHECK(in.u8() == 0);
}

TEST_CASE("what a writer writes a reader reads") {
  Bytes data;
  ByteWriter out(data);
  out.u8(0xfe);
  out.u16(0xfedc);
  out.u24(0xfedcba);
  out.u32(0xfedcba98);
  out.u64(0xfedcba9876543210ull);
  ByteReader in(data);
  CHECK(in.u8() == 0xfe);
  CHECK(in.u16() == 0xfedc);
  CHECK(in.u24() == 0xfedcba);
  CHECK(in.u32() == 0xfedcba98);
  CHECK(in.u64() == 0xfedcba9876543210ull);
  CHECK_FALSE(in.failed());
}

TEST_CASE("base64url round-trips every length and refuses what is not canonical") {
  Bytes data;
  for (int n = 0; n < 70; ++n) {
    const std::string text = to_base64url(data);
    const auto back = from_base64url(text);
    REQUIRE(back.has_value());
    CHECK(*back == data);
    data.push_back(static_cast<std::uint8_t>(n * 37 + 11));
  }
  CHECK(to_base64url(as_bytes("foob")) == "Zm9vYg");  // RFC 4648 section 10, without padding
  CHECK_FALSE(from_base64url("Zm9vYh").has_value());  // unused bits set
  CHECK_FALSE(from_base64url("A").has_value());
  CHECK_FALSE(from_base64url("Zm9+").has_value());
}

TEST_CASE("hexadecimal refuses odd lengths and foreign letters") {
  CHECK(to_hex(Bytes{0x00, 0xff, 0x1a}) == "00ff1a");
  CHECK(*from_hex("00FF1a") == Bytes{0x00, 0xff, 0x1a});
  CHECK_FALSE(from_hex("0").has_value());
  CHECK_FALSE(from_hex("0g").has_value());
}

TEST_CASE("UTF-8 is checked as RFC 3629 says") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("Grüße €"));
  CHECK(is_utf8("\xf0\x9f\x98\x80"));
  CHECK_FALSE(is_utf8("\xc0\xaf"));          // overlong
  CHECK_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
  CHECK_FALSE(is_utf8("\xf4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(is_utf8("a\xe2\x82"));         // cut short
  CHECK_FALSE(is_utf8("\x80"));
}
