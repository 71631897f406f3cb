// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/clock.h"

namespace beside::flow {

// What video may cost the line.
struct VideoBudget {
  int most_fps = 0;               // pictures a second; 0: as many as there are
  int scale = 1;                  // both sides of the coded picture are divided by it
  bool operator==(const VideoBudget&) const = default;
};

// The ladder for lines that cannot carry what moves: text stays exact and the pointer at full rate, because neither is touched
// here; frame rate goes first, then the area of video.
//
//   rung     | pictures a second | sides
//   ---------+-------------------+----------------------------------------
//   Full     | all               | whole
//   Fewer    | 15                | whole
//   Few      | 8                 | whole
//   Small    | 8                 | half; left out where video cannot be scaled
//   Least    | 4                 | half, or whole there
//
// 1. It goes down only while the line is what limits: video takes most of what it may have, or its packets queue up.
// 2. Down when that lasts kDownAfter and a picture gets less than kEnough bits a pixel; then one rung at a time.
// 3. Up when the rung above would have fitted for kUpAfter, with room to spare; a rung that had to be left again soon after
//    is waited for twice as long the next time, kLongestWait at most.
// 4. Without video there is nothing to give up: Full at once.
// No I/O, no clock of its own.
class LineQuality {
 public:
  enum class Rung : std::uint8_t { Full, Fewer, Few, Small, Least };
  struct Line {
    int kbps = 8000;              // RateControl::target_kbps()
    double loss = 0;              // 0..1; what repair takes is not there for pictures
    nanoseconds queue{0};         // what waits in the network and in our own queue
  };
  static constexpr double kEnough = 0.03, kShare = 0.8;         // bits a pixel; of the line, the rest is for what goes before video
  static constexpr nanoseconds kDownAfter = milliseconds(700), kUpAfter = seconds(4), kLongestWait = seconds(60);
  static constexpr nanoseconds kLongQueue = milliseconds(150);

  explicit LineQuality(bool can_scale) : can_scale_(can_scale) {}
  // Bytes of video that were handed over for sending.
  void on_video(std::size_t bytes) { bytes_ += bytes; }
  // `pixels`: of all that moves like video, at its own size; 0: nothing does. True: the budget changed. Call some times a second.
  bool update(const Line& line, std::int64_t pixels, LocalTime now);
  Rung rung() const { return rung_; }
  VideoBudget budget() const { return budget_of(rung_); }
  VideoBudget budget_of(Rung rung) const;
  static const char* to_string(Rung rung);

 private:
  Rung beside(int steps) const;     // that many rungs below this one
  bool step(Rung rung, LocalTime now);
  bool can_scale_;
  Rung rung_ = Rung::Full;
  std::size_t bytes_ = 0;         // since began_
  LocalTime began_{};             // of the second that is being measured
  double kbps_ = 0;               // of video, the last whole second
  LocalTime short_since_ = kNever, room_since_ = kNever;
  LocalTime raised_at_{};
  nanoseconds wait_ = kUpAfter;
};

}  // namespace beside::flow
