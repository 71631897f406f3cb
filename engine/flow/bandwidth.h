// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "engine/flow/rate_control.h"

namespace beside::flow {

// Plain and honest: grows by 8 % a round trip while queueing delay stays under 15 ms and the rate is used; falls to 85 % of
// what arrived when delay passes 60 ms, or by half the loss when more than 5 % is lost; at most one decrease a round trip.
class BandwidthEstimate final : public RateControl {
 public:
  struct Settings {
    int start_kbps = 8000, min_kbps = 150, max_kbps = 200'000;
  };
  BandwidthEstimate();
  explicit BandwidthEstimate(Settings settings);
  void on_sent(Ssrc ssrc, SeqNo seq, std::size_t bytes, LocalTime now) override;
  void on_feedback(const wire::CcFeedback& feedback, LocalTime now) override;
  int target_kbps() const override { return static_cast<int>(target_kbps_); }
  std::optional<nanoseconds> rtt() const override { return rtt_; }
  double loss() const override { return loss_; }
  nanoseconds queue_delay() const override { return queue_delay_; }

 private:
  struct Sent {
    std::size_t bytes = 0;
    LocalTime at{};
    bool reported = false;
  };
  using Key = std::uint64_t;                            // ssrc and sequence number
  void change_rate(double loss_now, LocalTime now);
  Settings settings_;
  double target_kbps_;
  std::map<Key, Sent> sent_;
  std::deque<Key> order_;                               // oldest first, at most 16384
  std::deque<std::pair<LocalTime, double>> base_;       // lowest relative delay (ms) per 10 s, last minute
  std::deque<std::pair<LocalTime, std::size_t>> delivered_;  // the last second
  std::optional<nanoseconds> rtt_;
  double loss_ = 0;
  nanoseconds queue_delay_{0};
  LocalTime last_change_ = LocalTime::min();
  std::optional<std::uint32_t> last_stamp_;
  double peer_stamp_s_ = 0;                             // unwrapped, seconds on the receiver's clock
};

}  // namespace beside::flow
