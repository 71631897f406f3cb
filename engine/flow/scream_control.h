// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "engine/flow/rate_control.h"
#include "engine/flow/sent_log.h"

namespace beside::flow {

// SCReAM v2 (draft-johansson-ccwg-rfc8298bis-screamv2): a reference window for the bytes in flight, kept by queueing delay
// and loss; the media rate follows from it. Our feedback carries no ECN, so the L4S parts are left out.
//
// Where it departs from the draft, for a line that may lose 90 % of its capacity or gain it back within a second:
//  1. Delay over the target: the window falls at once to what was delivered in a base round trip, so that a queue is
//     drained in one go instead of by a few per cent a round trip.
//  2. An empty queue for some round trips: growth speeds up, at most to 5 times in half a second.
//  3. Loss without delay below 15 % is taken as the line's own (radio) and does not reduce the window; above 2 % growth is slow, above
//     5 % one packet a round trip.
//     What was lost to our own queue (over the target, or before the window fell for it) is no loss of the line's.
//  4. Window and rate are related by the round trip with the receiver's reporting time in it.
//  5. The window full and nothing heard for 150 ms: one packet leaves all the same. It tells of those before it, which may
//     have been thrown away at the end of a queue that is empty by now.
//     Where our own queue overflowed and was drained, its end is thrown away as a whole: eight packets' time at the line's pace, 80 ms
//     at least, without another word, and nothing is on the way any more.
//  6. After a queue of four times the target, a delay that stays for 600 ms while no more than four packets are in flight is the
//     path's own and is taken as its base: a machine went from a cable to a telephone.
class ScreamControl final : public RateControl {
 public:
  struct Settings {
    int start_kbps = 4000, min_kbps = 100, max_kbps = 200'000;
    std::size_t first_window = 30'000;               // bytes, until the first round trip
    nanoseconds delay_target = milliseconds(40);     // reaction begins at half of it
  };
  ScreamControl();
  explicit ScreamControl(Settings settings);
  void on_sent(Ssrc ssrc, SeqNo seq, std::size_t bytes, LocalTime now) override;
  void on_feedback(const wire::CcFeedback& feedback, LocalTime now) override;
  int target_kbps() const override;
  int pacing_kbps() const override;
  std::optional<nanoseconds> rtt() const override { return rtt_; }
  std::size_t send_window() const override;
  nanoseconds queue_delay() const override { return queue_delay_; }
  // The greater of the last second's and that of the last kMemory packets: where little is sent, a second holds no loss at all as a rule.
  double loss() const override { return std::max(loss_, long_loss_); }
  double loss_burst() const override { return burst_; }
  void poll(LocalTime now) override;
  LocalTime next_deadline() const override;
  void new_path(LocalTime now) override;
  // The other end is heard again after a hole: what was in flight is gone, and nothing waits for a time-out.
  void line_returned(LocalTime now);
  // A stream's share of target_kbps() by its weight. The streams are forgotten 2 s after their last packet.
  void set_weight(Ssrc stream, double weight) { streams_[stream.value].weight = weight; }
  int target_kbps(Ssrc stream, LocalTime now) const;
  std::size_t reference_window() const { return static_cast<std::size_t>(window_); }
  std::size_t in_flight() const { return log_.in_flight(); }
  std::size_t timeouts() const { return timeouts_; }

 private:
  struct Arrival {
    double at_ms = 0;                                // receiver's clock
    std::size_t bytes = 0;
  };
  bool believed(double delay_ms) const;
  void take_times(const SentLog::Report& report, LocalTime now);
  void take_delay(double lowest_ms, double rtt_ms, LocalTime now);
  void watch_floor(LocalTime now);
  void take_loss(const SentLog::Report& report, LocalTime now);
  void reduce(bool lost, LocalTime now);
  void mark_inflection(LocalTime now);
  void grow(std::size_t acked, LocalTime now);
  double delivered_per_s() const;                    // bytes
  double base_loop_ms() const;
  nanoseconds loop() const;
  nanoseconds silence() const;
  LocalTime drained() const;
  bool shut() const;
  Settings settings_;
  SentLog log_;
  double window_;                                    // reference window, bytes
  double inflection_ = 0;                            // the window where delay or loss last came up
  LocalTime inflection_at_ = LocalTime::min();
  std::optional<nanoseconds> rtt_;
  std::optional<nanoseconds> loop_;                  // the round trip with the report's hold in it
  struct Base {
    LocalTime at{};
    double delay_ms = 0;                             // one way, of two clocks: only differences mean something
    double rtt_ms = 0;
  };
  std::deque<Base> base_;                            // the lowest of each 10 s, the last minute
  double hold_ms_ = 5;                               // how long a report is held, smoothed
  nanoseconds queue_delay_{0};
  double delay_avg_ms_ = 0, target_ms_ = 0, floor_ms_ = 0;
  LocalTime delay_avg_at_ = LocalTime::min(), floor_since_ = LocalTime::min(), over_since_ = kNever;
  std::deque<Arrival> arrivals_;                     // the last 300 ms of them
  std::deque<std::pair<LocalTime, std::pair<std::size_t, std::size_t>>> losses_;  // (lost, all) packets, the last second
  static constexpr std::size_t kMemory = 300;       // packets, of a minute at most
  std::deque<std::pair<LocalTime, std::pair<std::size_t, std::size_t>>> memory_;
  LocalTime hole_at_{};
  double loss_ = 0, long_loss_ = 0, burst_ = 1;
  bool slow_start_ = true;
  LocalTime newest_sent_ = LocalTime::min();       // of what was acknowledged
  LocalTime reduced_at_ = LocalTime::min(), clamped_at_ = LocalTime::min(), lost_at_ = LocalTime::min(), calm_since_ = kNever, drain_until_ = LocalTime::min();
  std::size_t most_in_flight_ = 0, most_in_flight_before_ = 0;
  LocalTime most_since_ = LocalTime::min();
  LocalTime heard_ = LocalTime::min();
  std::size_t timeouts_ = 0, silent_ = 0;            // silent_: in a row
  double window_before_silence_ = 0;
  bool end_lost_ = false;                            // the end of a queue was given up, and nothing was heard since
  double question_ = 0;                              // bytes that may leave though the window is full
  LocalTime asked_at_ = LocalTime::min(), least_since_ = kNever;
  LocalTime collapsed_at_ = LocalTime::min();
  struct Stream {
    double weight = 1;
    LocalTime sent_at = LocalTime::min();
  };
  std::map<std::uint32_t, Stream> streams_;          // 64 at most
};

}  // namespace beside::flow
