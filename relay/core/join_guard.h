// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "relay/core/locator_pool.h"
#include "relay/core/throttle.h"

namespace beside::relay {

// Stands before each try of a locator (PROTOCOL 2): five a minute from one address, then a doubling delay; while failures
// from everywhere pass a rate, each try also needs a 20-bit hashcash.
// Thread: one owner.
class JoinGuard {
 public:
  struct Limits {
    ThrottleRule per_address{};
    std::size_t failures_per_minute = 120;   // from everywhere; above it tries cost work
    nanoseconds challenge_life = 2min;
    std::size_t most_challenges = 16'384;
  };
  enum class Verdict { Go, Wait, NeedsWork };
  struct Answer {
    Verdict verdict = Verdict::Go;
    nanoseconds wait{0};
    Bytes challenge;  // NeedsWork
  };
  JoinGuard(RandomFn random, Limits limits) : random_(std::move(random)), limits_(limits), addresses_(limits.per_address) {}
  // Go counts the try against the address. A challenge is good for one try from the address that it was made for.
  Answer admit(const std::string& address_key, ByteSpan challenge, ByteSpan answer, LocalTime now);
  void failed(LocalTime now);
  bool under_attack(LocalTime now);
  void sweep(LocalTime now);

 private:
  struct Challenge {
    std::string address_key;
    LocalTime expires;
  };
  RandomFn random_;
  Limits limits_;
  Throttle addresses_;
  std::deque<LocalTime> failures_;
  std::unordered_map<std::string, Challenge> challenges_;
};

}  // namespace beside::relay
