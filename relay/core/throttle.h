// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/clock.h"

namespace beside::relay {

struct ThrottleRule {
  unsigned free_tries = 5;             // within one window, without any delay
  nanoseconds window = 60s;
  nanoseconds first_delay = 2s;        // doubles with each try beyond the free ones
  nanoseconds longest_delay = 15min;
  nanoseconds forget = 10min;          // quiet for that long after the last delay: a clean slate
  std::size_t most_keys = 65'536;      // memory bound; old entries go first
};

// Counts tries by key and answers with a delay that doubles. Never a lock that others can trip: a key is what the
// trier himself is known by (his address, or his address and a login).
// Thread: one owner. Failure: none; when full, keys that wait for nothing are forgotten first.
class Throttle {
 public:
  explicit Throttle(ThrottleRule rule) : rule_(rule) {}
  // How long this key still has to wait; zero: may try now.
  nanoseconds wait(std::string_view key, LocalTime now) const;
  // Counts one try (or one failed try: what is counted is the caller's choice).
  void charge(std::string_view key, LocalTime now);
  void forgive(std::string_view key);
  bool charged(std::string_view key) const { return entries_.contains(std::string(key)); }
  void sweep(LocalTime now);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    LocalTime window_start{};
    LocalTime blocked_until{};
    LocalTime last{};
    unsigned tries = 0;
    unsigned doublings = 0;
  };
  bool stale(const Entry& entry, LocalTime now) const;
  ThrottleRule rule_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace beside::relay
