// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "engine/base/clock.h"

namespace beside::flow {

// When to show (or play) what was captured at a time of the peer's clock, so that it moves evenly. No I/O, no frames kept.
//
// 1. On a line without jitter nothing is delayed: the answer is the arrival itself.
// 2. Otherwise the delay over the fastest arrival grows at once to what `cover` of the last kHistory arrivals needed, and
//    shrinks by 1 ms per kShrink only, 100 ms (settings) at most. What comes later than that is shown at once.
// 3. Answers never go back in time. A pause of over 1 s, or a jump of the peer's clock, starts anew.
class JitterBuffer {
 public:
  struct Settings {
    nanoseconds most = milliseconds(100);
    nanoseconds ignore = milliseconds(3);    // jitter that nobody sees
    double cover = 0.95;
  };
  JitterBuffer();
  explicit JitterBuffer(Settings settings) : settings_(settings) {}
  // Whole at `arrived`; the time to show it, `arrived` at the earliest.
  LocalTime show_at(PeerTime captured, LocalTime arrived);
  nanoseconds delay() const { return delay_; }      // that it adds now over the fastest arrival
  void restart();

 private:
  static constexpr std::size_t kHistory = 120;
  static constexpr nanoseconds kShrink = milliseconds(100);
  Settings settings_;
  std::deque<nanoseconds> transit_;                 // arrival less capture, of two clocks: only differences mean something
  nanoseconds delay_{0};
  LocalTime last_arrival_ = LocalTime::min(), last_shown_ = LocalTime::min(), shrunk_at_ = LocalTime::min();
};

}  // namespace beside::flow
