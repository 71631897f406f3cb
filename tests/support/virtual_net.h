// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"

namespace beside::test {

// One direction of a network by a seed; time is the caller's. A datagram first meets loss (even, and in bursts), then a queue
// in front of a rate (drop tail, shared by all who send here), then delay, jitter, reordering and duplication. The rate may
// follow a schedule: what waits in the queue leaves at the rate of the moment at which it leaves.
class VirtualNet {
 public:
  struct Path {
    double loss = 0, duplicate = 0, reorder = 0;  // 0..1; a reordered datagram is delayed by another `delay`
    nanoseconds delay = milliseconds(20), jitter{0};
    int rate_kbps = 0;                            // 0: no limit
    std::size_t queue_bytes = 64 * 1024;          // beyond: dropped
    // Gilbert-Elliott: the chance of going into the bad state and out of it, looked at per datagram; lost there.
    double burst_enter = 0, burst_leave = 0.5, burst_loss = 1;
    bool jitter_reorders = true;                  // false: jitter delays, nothing overtakes
    std::size_t mtu_bytes = 0;                    // 0: no limit; larger datagrams are lost without a word
  };
  VirtualNet(std::uint64_t seed, Path path) : random_(seed), path_(path) {}
  void set_path(Path path) { path_ = path; }
  const Path& path() const { return path_; }
  // From then on another path; several may be planned.
  void plan(LocalTime from, Path path) { planned_.emplace(from, path); }
  void plan_rate(LocalTime from, int rate_kbps) { planned_rates_.emplace(from, rate_kbps); }
  void outage_until(LocalTime end) { outage_until_ = end; }
  // The sender's address changed: what waits and what is on the way comes to nothing, and so does what is sent until `bound`.
  void address_change(LocalTime bound) {
    lost_ += queue_.size() + on_the_way_.size();
    queue_.clear();
    on_the_way_.clear();
    queued_bytes_ = 0;
    head_sent_ = 0;
    outage_until_ = std::max(outage_until_, bound);
  }

  void send(Bytes datagram, LocalTime now) {
    serve(now);
    ++sent_;
    bad_ = bad_ ? !chance(path_.burst_leave) : chance(path_.burst_enter);
    if (now < outage_until_ || (bad_ && chance(path_.burst_loss)) || chance(path_.loss)) return lose();
    if (path_.mtu_bytes != 0 && datagram.size() > path_.mtu_bytes) return lose();
    if (path_.rate_kbps <= 0) return launch(std::move(datagram), now);
    if (queued_bytes_ + datagram.size() > path_.queue_bytes) {
      ++overflowed_;
      return lose();
    }
    queued_bytes_ += datagram.size();
    queue_.push_back(std::move(datagram));
  }
  std::vector<Bytes> arrivals(LocalTime now) {
    serve(now);
    std::vector<Bytes> out;
    while (!on_the_way_.empty() && on_the_way_.begin()->first <= now) {
      out.push_back(std::move(on_the_way_.begin()->second));
      on_the_way_.erase(on_the_way_.begin());
    }
    return out;
  }
  LocalTime next_arrival() const {
    const LocalTime next = on_the_way_.empty() ? kNever : on_the_way_.begin()->first;
    if (queue_.empty() || path_.rate_kbps <= 0) return next;
    return std::min(next, served_to_ + cost(queue_.front().size()) + path_.delay);
  }
  // What a datagram that is sent now would wait for.
  nanoseconds queueing_delay() const { return path_.rate_kbps <= 0 ? nanoseconds(0) : cost(queued_bytes_); }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t overflowed() const { return overflowed_; }   // of those lost

 private:
  // Not std::uniform_real_distribution: its sequence differs between standard libraries.
  double uniform() { return static_cast<double>(random_() >> 11) / 9007199254740992.0; }
  bool chance(double p) { return uniform() < p; }
  void lose() { ++lost_; }
  nanoseconds cost(std::size_t bytes) const { return nanoseconds(static_cast<std::int64_t>(bytes) * 8'000'000 / path_.rate_kbps); }
  LocalTime next_change() const {
    LocalTime next = planned_.empty() ? kNever : planned_.begin()->first;
    if (!planned_rates_.empty()) next = std::min(next, planned_rates_.begin()->first);
    return next;
  }
  void serve(LocalTime now) {
    while (served_to_ < now) {
      const LocalTime until = std::min(now, next_change());
      if (until > served_to_) serve_evenly(until);
      served_to_ = std::max(served_to_, until);
      while (!planned_.empty() && planned_.begin()->first <= served_to_) {
        path_ = planned_.begin()->second;
        planned_.erase(planned_.begin());
      }
      while (!planned_rates_.empty() && planned_rates_.begin()->first <= served_to_) {
        path_.rate_kbps = planned_rates_.begin()->second;
        planned_rates_.erase(planned_rates_.begin());
      }
    }
  }
  void serve_evenly(LocalTime until) {
    LocalTime at = served_to_;
    while (!queue_.empty()) {
      const double left = static_cast<double>(queue_.front().size()) - head_sent_;
      const double per_ns = static_cast<double>(path_.rate_kbps) / 8e6;
      const auto needed = path_.rate_kbps <= 0 ? nanoseconds(0) : nanoseconds(static_cast<std::int64_t>(left / per_ns));
      if (at + needed > until) {
        head_sent_ += static_cast<double>((until - at).count()) * per_ns;
        return;
      }
      at += needed;
      head_sent_ = 0;
      queued_bytes_ -= queue_.front().size();
      launch(std::move(queue_.front()), at);
      queue_.pop_front();
    }
  }
  void launch(Bytes datagram, LocalTime leaves) {
    const auto jitter = nanoseconds(static_cast<std::int64_t>(uniform() * static_cast<double>(path_.jitter.count())));
    LocalTime at = leaves + path_.delay + jitter;
    if (!path_.jitter_reorders) at = in_order_ = std::max(in_order_, at);
    if (chance(path_.reorder)) at += path_.delay;
    if (chance(path_.duplicate)) on_the_way_.emplace(at + milliseconds(1), datagram);
    on_the_way_.emplace(at, std::move(datagram));
  }
  std::mt19937_64 random_;
  Path path_;
  std::multimap<LocalTime, Path> planned_;
  std::multimap<LocalTime, int> planned_rates_;
  LocalTime outage_until_ = LocalTime::min(), served_to_ = LocalTime::min(), in_order_ = LocalTime::min();
  std::deque<Bytes> queue_;
  std::size_t queued_bytes_ = 0;
  double head_sent_ = 0;                          // bytes of queue_.front() that have left
  bool bad_ = false;
  std::multimap<LocalTime, Bytes> on_the_way_;
  std::uint64_t sent_ = 0, lost_ = 0, overflowed_ = 0;
};

}  // namespace beside::test
