// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/wire/rtcp.h"

namespace beside::flow {

// Finds out that the last packet of an update was lost (PROTOCOL 4). A screen that rests sends nothing after it, so no gap
// in the numbers would ever show the viewer: the sender waits for feedback about it. No I/O.
class TailWatch {
 public:
  enum class Step : std::uint8_t {
    None,
    Repeat,    // send the last packet again: the viewer then sees what else is missing
    Refresh    // repeated in vain: send what is there now, anew
  };
  static constexpr int kRepeats = 2;
  void sent(Ssrc ssrc, SeqNo seq, LocalTime now) { tail_ = Tail{ssrc, seq, now, 0}; }
  void on_feedback(const wire::CcFeedback& feedback);
  void clear() { tail_.reset(); }
  // `waiting`: what still stands in our own queue.
  Step poll(nanoseconds rtt, nanoseconds waiting, LocalTime now);
  LocalTime due(nanoseconds rtt, nanoseconds waiting) const;
  Ssrc ssrc() const { return tail_ ? tail_->ssrc : Ssrc{}; }
  std::optional<SeqNo> number() const { return tail_ ? std::optional(tail_->seq) : std::nullopt; }

 private:
  struct Tail {
    Ssrc ssrc;
    SeqNo seq;
    LocalTime at{};
    int repeats = 0;
  };
  std::optional<Tail> tail_;
};

}  // namespace beside::flow
