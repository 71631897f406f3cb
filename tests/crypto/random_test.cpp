// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/random.h"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>

using namespace beside;
using namespace beside::crypto;

TEST_CASE("random bytes fill the whole span and differ each time") {
  const auto a = random_array<32>(), b = random_array<32>();
  CHECK(a != b);
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(33).size() == 33);
}

TEST_CASE("random numbers below a bound stay below it and reach every value evenly") {
  CHECK(random_u32_below(0) == 0);
  CHECK(random_u32_below(1) == 0);
  std::array<int, 10> seen{};
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint32_t digit = random_u32_below(10);
    REQUIRE(digit < 10);
    ++seen[digit];
  }
  // The standard deviation is 95; ten of them never happen by chance.
  for (int count : seen) CHECK(std::abs(count - kDraws / 10) < 950);
  // A bound just above 2^31 is where taking a remainder would favour the lower half two to one.
  constexpr std::uint32_t kBound = 0xC0000000u;
  int low = 0;
  for (int i = 0; i < 30'000; ++i) low += random_u32_below(kBound) < 0x40000000u;
  CHECK(std::abs(low - 10'000) < 900);
}

TEST_CASE("new UUIDs are version 7, variant 2, and unlike") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = new_uuid7();
    REQUIRE(id.size() == 36);
    CHECK(id[14] == '7');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
    CHECK(seen.insert(id).second);
  }
}
