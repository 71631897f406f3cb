// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"

namespace beside::relay {

using RandomFn = std::function<void(MutableByteSpan)>;

// Hands out the locator digits of session codes (PROTOCOL 2): three digits, one more as soon as a tenth of a range would
// be live or half of it is not yet free again. A used or expired locator answers as such for a while, so that the second
// customer with one code hears "used" and not "no such code".
// Thread: one owner.
class LocatorPool {
 public:
  enum class State { Unknown, Live, Used, Expired };
  struct Found {
    State state = State::Unknown;
    std::string session_id;
  };
  explicit LocatorPool(RandomFn random, nanoseconds remember = 10min) : random_(std::move(random)), remember_(remember) {}
  // Empty when even nine digits are too busy.
  std::string allocate(const std::string& session_id);
  // After a restart: takes a locator that the store knows as live. False when it is taken already.
  bool restore(const std::string& locator, const std::string& session_id);
  Found find(std::string_view locator) const;
  // Live -> Used or Expired, remembered from `now` on, then forgotten by sweep().
  void retire(std::string_view locator, State as, LocalTime now);
  // A locator that another session holds by now is left alone.
  void retire_of(std::string_view locator, std::string_view session_id, State as, LocalTime now);
  // The join was not committed: the code is good again.
  void revive(std::string_view locator);
  void sweep(LocalTime now);
  std::size_t live() const;
  static bool well_formed(std::string_view locator);

 private:
  struct Entry {
    State state = State::Live;
    std::string session_id;
    LocalTime forget_at = kNever;
  };
  struct Digits {
    std::size_t live = 0;
    std::size_t taken = 0;
  };
  Digits& digits(std::string_view locator) { return digits_[locator.size()]; }
  RandomFn random_;
  nanoseconds remember_;
  std::unordered_map<std::string, Entry> entries_;
  Digits digits_[10];
};

}  // namespace beside::relay
