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
//   Resting  | nothing was done for kAttention              | never
//   Heard    | attended: a hand moved, or the picture did   | kQuiet after the last sign of life; once that should have
//            |                                              | been answered, every kAgain, so that loss alone is no silence
//   Silent   | nothing for kSilence, or two round trips     | every kCall, after a minute every second
//            | and 200 ms where that is longer              |
//
// Time in which this program itself did not run counts as nobody's silence. No I/O.
class LineWatch {
 public:
  static constexpr nanoseconds kQuiet = milliseconds(160), kCall = milliseconds(50), kAgain = milliseconds(20), kSilence = milliseconds(420);
  static constexpr nanoseconds kAttention = seconds(5);
  void heard(LocalTime now);
  // A hand moved, or what it looks at did: for kAttention from now. Told of each such thing, not of its end: a pointer that
  // rests somewhere would otherwise cost a question every 160 ms for as long as its owner is at lunch.
  void attend(LocalTime now);
  void set_rtt(nanoseconds rtt) { rtt_ = rtt; }
  // True: ask the other end now. Call at next_deadline().
  bool poll(LocalTime now);
  bool silent() const { return silent_; }
  LocalTime next_deadline() const;

 private:
  bool attended(LocalTime now) const { return silent_ || now < attended_until_; }
  nanoseconds patience() const { return std::max<nanoseconds>(kSilence, 2 * rtt_ + milliseconds(200)); }
  bool silent_ = false;
  LocalTime attended_until_ = LocalTime::min();
  LocalTime since_{};                       // silence counts from here
  LocalTime ask_at_ = kNever;
  int asked_ = 0;                           // since then
  nanoseconds rtt_{0};
};

}  // namespace beside::flow
