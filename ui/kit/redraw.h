// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>

#include "engine/base/clock.h"

namespace beside::kit {

// When the next frame is wanted without anything else happening. An idle window wants none and costs nothing. Collected
// anew each frame: the shell reads next() after it and sleeps until then or until an event.
class Wants {
 public:
  void clear() { next_ = kNever; }
  void at(LocalTime when) { next_ = std::min(next_, when); }
  LocalTime next() const { return next_; }

 private:
  LocalTime next_ = kNever;
};

constexpr milliseconds kMotion{120};
// About 60 frames a second while something moves.
constexpr milliseconds kMotionFrame{16};

// 0..1 of a movement that began at `began`; asks for frames while it lasts. With reduced motion always 1.
float progress(Wants& wants, LocalTime began, LocalTime now, bool reduce_motion);

// Whole minutes since `from`; asks for the frame at which the figure changes.
std::int64_t minutes_since(Wants& wants, LocalTime from, LocalTime now);
// Whole minutes left until `until`, rounded up; 0 when over. Asks for the frame at which the figure changes.
std::int64_t minutes_until(Wants& wants, LocalTime until, LocalTime now);

}  // namespace beside::kit
