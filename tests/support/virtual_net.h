// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"

namespace beside::test {

// One direction of a network that loses, delays, reorders and duplicates datagrams by a seed; time is the caller's.
class VirtualNet {
 public:
  struct Path {
    double loss = 0, duplicate = 0, reorder = 0;  // 0..1; a reordered datagram is delayed by another `delay`
    nanoseconds delay = milliseconds(20), jitter{0};
    int rate_kbps = 0;                            // 0: no limit
    std::size_t queue_bytes = 64 * 1024;          // beyond: dropped
  };
  VirtualNet(std::uint64_t seed, Path path) : random_(seed), path_(path) {}
  void set_path(Path path) { path_ = path; }
  void outage_until(LocalTime end) { outage_until_ = end; }
  void send(Bytes datagram, LocalTime now) {
    ++sent_;
    if (now < outage_until_ || chance(path_.loss)) return lose();
    LocalTime leaves = now;
    if (path_.rate_kbps > 0) {
      const auto cost = [&](std::size_t bytes) { return nanoseconds(static_cast<std::int64_t>(bytes) * 8'000'000 / path_.rate_kbps); };
      free_at_ = std::max(free_at_, now);
      if (free_at_ - now > cost(path_.queue_bytes)) return lose();
      free_at_ += cost(datagram.size());
      leaves = free_at_;
    }
    const auto jitter = nanoseconds(static_cast<std::int64_t>(uniform() * static_cast<double>(path_.jitter.count())));
    const LocalTime at = leaves + path_.delay + jitter + (chance(path_.reorder) ? path_.delay : nanoseconds(0));
    if (chance(path_.duplicate)) on_the_way_.emplace(at + milliseconds(1), datagram);
    on_the_way_.emplace(at, std::move(datagram));
  }
  std::vector<Bytes> arrivals(LocalTime now) {
    std::vector<Bytes> out;
    while (!on_the_way_.empty() && on_the_way_.begin()->first <= now) {
      out.push_back(std::move(on_the_way_.begin()->second));
      on_the_way_.erase(on_the_way_.begin());
    }
    return out;
  }
  LocalTime next_arrival() const { return on_the_way_.empty() ? kNever : on_the_way_.begin()->first; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t lost() const { return lost_; }

 private:
  // Not std::uniform_real_distribution: its sequence differs between standard libraries.
  double uniform() { return static_cast<double>(random_() >> 11) / 9007199254740992.0; }
  bool chance(double p) { return uniform() < p; }
  void lose() { ++lost_; }
  std::mt19937_64 random_;
  Path path_;
  LocalTime outage_until_ = LocalTime::min();
  LocalTime free_at_ = LocalTime::min();
  std::multimap<LocalTime, Bytes> on_the_way_;
  std::uint64_t sent_ = 0, lost_ = 0;
};

}  // namespace beside::test
