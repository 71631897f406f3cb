// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/jitter_buffer.h"

#include <algorithm>
#include <vector>

namespace beside::flow {
namespace {
constexpr nanoseconds kPause = seconds(1), kClockJump = seconds(2);
constexpr std::size_t kEnough = 4;   // arrivals before anything is said of jitter
}

JitterBuffer::JitterBuffer() : JitterBuffer(Settings{}) {}

void JitterBuffer::restart() {
  transit_.clear();
  delay_ = nanoseconds(0);
  last_arrival_ = shrunk_at_ = LocalTime::min();
}

LocalTime JitterBuffer::show_at(PeerTime captured, LocalTime arrived) {
  const nanoseconds transit = arrived.time_since_epoch() - captured.time_since_epoch();
  if (last_arrival_ != LocalTime::min() &&
      (arrived - last_arrival_ > kPause || transit - transit_.back() > kClockJump || transit_.back() - transit > kClockJump))
    restart();
  last_arrival_ = arrived;
  transit_.push_back(transit);
  if (transit_.size() > kHistory) transit_.pop_front();

  const nanoseconds fastest = *std::min_element(transit_.begin(), transit_.end());
  if (transit_.size() >= kEnough) {
    std::vector<nanoseconds> sorted(transit_.begin(), transit_.end());
    const auto at = static_cast<std::ptrdiff_t>(settings_.cover * static_cast<double>(sorted.size() - 1) + 0.5);
    std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
    nanoseconds needed = std::min(sorted[static_cast<std::size_t>(at)] - fastest, settings_.most);
    if (needed <= settings_.ignore) needed = nanoseconds(0);
    if (needed >= delay_) {
      delay_ = needed;
      shrunk_at_ = arrived;
    } else if (arrived - shrunk_at_ >= kShrink) {
      delay_ = std::max<nanoseconds>(needed, delay_ - milliseconds(1) * ((arrived - shrunk_at_) / kShrink));
      shrunk_at_ = arrived;
    }
  }
  const LocalTime planned(captured.time_since_epoch() + fastest + delay_);
  last_shown_ = std::max({planned, arrived, last_shown_});
  return last_shown_;
}

}  // namespace beside::flow
