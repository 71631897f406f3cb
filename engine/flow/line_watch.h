// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>

#include "engine/base/clock.h"

namespace beside::flow {

// Whether the other end is still heard while a person depends on it, so that an old picture is veiled within half a second.
// Where nobody looks and nothing moves it asks nothing and costs nothing: the heartbeat is enough then.
//
//   state    | means                                        | asks
//   ---------+----------------------------------------------+-----------------------------------------------------------
//   Resting  | nobody attends                               | never
//   Heard    | attended                                     | kQuiet after the last sign of life; once that should have
//            |                                              | been answered, every kAgain, so that loss alone is no silence
//   Silent   | nothing for kSilence, or two round trips     | every kQuiet, after a minute every second
//            | and 200 ms where that is longer              |
//
// Time in which this program itself did not run counts as nobody's silence. No I/O.
class LineWatch {
 public:
  static constexpr nanoseconds kQuiet = milliseconds(100), kAgain = milliseconds(20), kSilence = milliseconds(420);
  static constexpr nanoseconds kAttention = seconds(2);
  void heard(LocalTime now);
  void attend(LocalTime now);               // something moved, or a hand did: for kAttention from now
  void hold(bool attended, LocalTime now);  // attended until told otherwise
  void set_rtt(nanoseconds rtt) { rtt_ = rtt; }
  // True: ask the other end now. Call at next_deadline().
  bool poll(LocalTime now);
  bool silent() const { return silent_; }
  LocalTime next_deadline() const;

 private:
  bool attended(LocalTime now) const { return silent_ || held_ || now < attended_until_; }
  void begin(LocalTime now);
  nanoseconds patience() const { return std::max<nanoseconds>(kSilence, 2 * rtt_ + milliseconds(200)); }
  bool held_ = false, silent_ = false;
  LocalTime attended_until_ = LocalTime::min();
  LocalTime since_{};                       // silence counts from here
  LocalTime ask_at_ = kNever;
  int asked_ = 0;                           // since then
  nanoseconds rtt_{0};
};

}  // namespace beside::flow
