// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <random>
#include <unordered_map>

#include "relay/core/path_table.h"

using namespace beside::relay;

TEST_CASE("the path table agrees with a map through many inserts and erasures, collisions included") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    std::mt19937_64 random(seed);
    PathTable table;
    std::unordered_map<std::uint64_t, std::uint32_t> map;
    CHECK(table.find(5) == PathTable::kNone);
    table.erase(5);
    for (int i = 0; i < 20'000; ++i) {
      // Few low bits: long chains that wrap round the end.
      const std::uint64_t key = ((random() % 40) << 40) | (63 - random() % 12) | (1ull << 62);
      if (random() % 3 == 0) {
        table.erase(key);
        map.erase(key);
      } else {
        const auto value = static_cast<std::uint32_t>(random() % 1000);
        table.insert(key, value);
        map[key] = value;
      }
      const std::uint64_t other = ((random() % 40) << 40) | (63 - random() % 12) | (1ull << 62);
      const auto found = map.find(other);
      REQUIRE(table.find(other) == (found == map.end() ? PathTable::kNone : found->second));
    }
    CHECK(table.size() == map.size());
    for (const auto& [key, value] : map) CHECK(table.find(key) == value);
  }
}
