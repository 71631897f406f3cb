// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "engine/base/clock.h"

namespace beside::test {

// One direction of a bad line, without packets: it says what becomes of the next one. linksim (tests/tools/linksim) drives real
// packets by it, unit tests drive VirtualNet. The same seed and the same offers give the same fates. Thread: one owner.
class LinkModel {
 public:
  struct Setting {
    double loss = 0;                      // each packet for itself, 0..1
    // Gilbert-Elliott: a good and a bad state, looked at once per packet. The mean burst is 1 / burst_leave packets.
    double burst_enter = 0, burst_leave = 0.5, burst_loss = 1;
    double duplicate = 0;                 // 0..1; the copy comes 1 ms later
    double reorder = 0;                   // 0..1; such a packet comes `reorder_by` later than it would
    nanoseconds reorder_by = milliseconds(20);
    nanoseconds delay{0}, jitter{0};      // jitter: 0..jitter is added, even; packets overtake each other only when told so
    bool jitter_reorders = false;
    std::int64_t rate_kbps = 0;           // 0: no limit
    std::size_t queue_bytes = 64 * 1024;  // waiting for the rate; beyond: dropped at the tail
    std::size_t mtu_bytes = 0;            // 0: no limit; larger packets are dropped
  };
  enum class Fate : std::uint8_t { Passed, Lost, BurstLost, QueueFull, Outage, TooBig, kCount };
  struct Verdict {
    Fate fate = Fate::Passed;
    LocalTime at{};            // arrival; meaningless unless passed
    LocalTime again = kNever;  // arrival of a copy
  };

  explicit LinkModel(std::uint64_t seed) : random_(seed) {}
  LinkModel(std::uint64_t seed, const Setting& setting) : random_(seed), setting_(setting) {}
  void set(const Setting& setting) { setting_ = setting; }
  const Setting& setting() const { return setting_; }
  void outage_until(LocalTime end) { outage_until_ = end; }

  Verdict offer(std::size_t bytes, LocalTime now) {
    // The dice are thrown for each packet, whatever becomes of it: one setting more does not change the others' sequence.
    const bool lost = chance(setting_.loss);
    bad_ = bad_ ? !chance(setting_.burst_leave) : chance(setting_.burst_enter);
    const bool burst = chance(setting_.burst_loss) && bad_;
    const bool late = chance(setting_.reorder), twice = chance(setting_.duplicate);
    const nanoseconds extra(static_cast<std::int64_t>(uniform() * static_cast<double>(setting_.jitter.count())));
    if (now < outage_until_) return {Fate::Outage};
    if (setting_.mtu_bytes != 0 && bytes > setting_.mtu_bytes) return {Fate::TooBig};
    if (lost) return {Fate::Lost};
    if (burst) return {Fate::BurstLost};
    LocalTime leaves = now;
    if (setting_.rate_kbps > 0) {
      free_at_ = std::max(free_at_, now);
      if (free_at_ - now > airtime(setting_.queue_bytes)) return {Fate::QueueFull};
      free_at_ += airtime(bytes);
      leaves = free_at_;
    }
    Verdict out;
    out.at = leaves + setting_.delay + extra;
    if (!setting_.jitter_reorders) out.at = newest_ = std::max(newest_, out.at);
    if (late) out.at += setting_.reorder_by;
    if (twice) out.again = out.at + milliseconds(1);
    return out;
  }
  // What waits for the rate now.
  nanoseconds queue_delay(LocalTime now) const { return std::max<nanoseconds>(free_at_ - now, nanoseconds(0)); }

 private:
  // Not std::uniform_real_distribution: its sequence differs between standard libraries.
  double uniform() { return static_cast<double>(random_() >> 11) / 9007199254740992.0; }
  bool chance(double p) { return uniform() < p; }
  nanoseconds airtime(std::size_t bytes) const { return nanoseconds(static_cast<std::int64_t>(bytes) * 8'000'000 / setting_.rate_kbps); }
  std::mt19937_64 random_;
  Setting setting_;
  bool bad_ = false;
  LocalTime outage_until_ = LocalTime::min(), free_at_{}, newest_{};
};

}  // namespace beside::test
