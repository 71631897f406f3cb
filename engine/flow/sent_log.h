// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/wire/rtcp.h"

namespace beside::flow {

// What left and what RFC 8888 feedback says became of it. No I/O.
//
// 1. A packet is in flight from on_sent() until it is acknowledged, lost, or forgotten (expire(), or pushed out).
// 2. It is lost when a report passes over it and a packet that left a reorder window later has arrived (RACK, RFC 8985). The
//    window grows when something that was called lost arrives after all.
class SentLog {
 public:
  struct Ack {
    std::size_t bytes = 0;
    LocalTime sent_at{};
    std::optional<double> arrived_ms;   // on the receiver's clock, from an epoch of its own; none: not told
    bool twice = false;                 // sent again, `sent_at` is of the last time: if another copy came, that is too late
    double held_ms = 0;                 // between arrival and report
  };
  struct Report {
    std::vector<Ack> acks;              // in the order in which they left
    std::size_t acked_bytes = 0, lost_bytes = 0, acked = 0, lost = 0;
    std::size_t lost_runs = 0;          // how many runs of packets that left one after the other the lost ones make
    LocalTime newest_lost = LocalTime::min();   // when the newest of the lost ones left, as far as reports tell
    bool stale = false;                 // an older report than one that was taken already
  };
  void on_sent(Ssrc ssrc, SeqNo seq, std::size_t bytes, LocalTime now);
  Report on_feedback(const wire::CcFeedback& feedback, nanoseconds rtt);
  // Takes out of flight what left before `before` and was never told of; bytes.
  std::size_t expire(LocalTime before);
  std::size_t in_flight() const { return in_flight_; }
  // When the oldest packet in flight left; kNever: none.
  LocalTime oldest() const;
  nanoseconds reorder_window() const { return reorder_; }

 private:
  static constexpr std::size_t kRemembered = 32768;
  enum class State : std::uint8_t { Flying, Acked, Lost, Forgotten };
  struct Sent {
    std::uint64_t key = 0;
    std::size_t bytes = 0;
    LocalTime at{};
    State state = State::Flying;
    bool passed_over = false;           // a report covered it and had not seen it
    bool twice = false;                 // sent again: nobody knows which copy arrived
  };
  Sent& at(std::uint64_t index) { return sent_[index - first_]; }
  void settle(Sent& sent, State state);
  void trim();
  std::deque<Sent> sent_;               // by order of leaving; first_ is the number of sent_[0]
  std::uint64_t first_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> index_;   // ssrc and sequence number -> number in the order
  std::size_t in_flight_ = 0;
  std::uint64_t oldest_ = 0;            // nothing before it is in flight
  std::size_t resent_lost_ = 0, resent_lost_bytes_ = 0;      // found by somebody's NACK, not yet in a report
  LocalTime newest_acked_ = LocalTime::min();
  nanoseconds reorder_ = milliseconds(5);
  std::optional<std::uint32_t> last_stamp_;
  double stamp_ms_ = 0;                 // unwrapped
};

}  // namespace beside::flow
