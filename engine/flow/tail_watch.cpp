// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/tail_watch.h"

#include <algorithm>

namespace beside::flow {
namespace {
// The receiver may hold its report for 20 ms, and both ends have timers.
constexpr nanoseconds kReportTime = milliseconds(30), kAtLeast = milliseconds(60);
}

void TailWatch::on_feedback(const wire::CcFeedback& feedback) {
  for (const wire::CcStream& stream : feedback.streams) {
    if (!tail_ || stream.ssrc != tail_->ssrc) continue;
    const auto at = static_cast<std::uint16_t>(tail_->seq.value - stream.begin_seq);
    if (at < stream.arrivals.size() && stream.arrivals[at].received) tail_.reset();
  }
}

LocalTime TailWatch::due(nanoseconds rtt, nanoseconds waiting) const {
  if (!tail_) return kNever;
  return tail_->at + waiting + std::max(kAtLeast, 2 * rtt + kReportTime) * (1 << std::min(tail_->repeats, 4));
}

TailWatch::Step TailWatch::poll(nanoseconds rtt, nanoseconds waiting, LocalTime now) {
  if (now < due(rtt, waiting)) return Step::None;
  tail_->at = now;   // asked again as long as nothing is heard of it
  return ++tail_->repeats <= kRepeats ? Step::Repeat : Step::Refresh;
}

}  // namespace beside::flow
