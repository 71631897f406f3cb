// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/wire/rtcp.h"

namespace beside::flow {

// How much may be sent, from RFC 8888 feedback. The owner tells of each datagram as it leaves (not as it is queued), hands
// feedback over, gives pacing_kbps() and send_window() to the Pacer and target_kbps() to its encoders. No I/O.
class RateControl {
 public:
  virtual ~RateControl() = default;
  // An RTP packet left, `bytes` on the wire; also one that is sent again under its old number.
  virtual void on_sent(Ssrc ssrc, SeqNo seq, std::size_t bytes, LocalTime now) = 0;
  virtual void on_feedback(const wire::CcFeedback& feedback, LocalTime now) = 0;
  // What all media together should produce, redundancy and headers included.
  virtual int target_kbps() const = 0;
  virtual std::optional<nanoseconds> rtt() const = 0;   // smoothed, without the time that the receiver held its report
  virtual int pacing_kbps() const { return target_kbps() * 3 / 2; }
  // Bytes that may leave now; 0: the line is full.
  virtual std::size_t send_window() const { return std::numeric_limits<std::size_t>::max(); }
  virtual nanoseconds queue_delay() const { return nanoseconds(0); }   // in the network, newest
  virtual double loss() const { return 0; }                            // 0..1, smoothed over about a second
  virtual double loss_burst() const { return 1; }                      // packets in a row, mean, smoothed
  // Notices that no feedback comes.
  virtual void poll(LocalTime) {}
  virtual LocalTime next_deadline() const { return kNever; }
  // Another rung, another network: what was learnt of delay counts no more.
  virtual void new_path(LocalTime) {}
};

}  // namespace beside::flow
