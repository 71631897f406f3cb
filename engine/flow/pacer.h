// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"

namespace beside::flow {

// Spreads sealed packets over time (PROTOCOL 4): one burst carries at most the larger of one packet and 2 ms at the rate,
// 64 packets at most, all of the same size but the last. Urgent ones do not wait for the rate, but count. No I/O.
class Pacer {
 public:
  enum class Class : std::uint8_t { Urgent = 0, Video = 1 };  // input, cursor, RTCP; video
  static constexpr std::size_t kMaxSegments = 64;
  static constexpr nanoseconds kBurst = milliseconds(2);
  explicit Pacer(int rate_kbps = 8000, std::size_t max_bytes = 16u << 20);

  void set_rate_kbps(int rate_kbps);
  // False when more than max_bytes wait: the packet is dropped and counted.
  bool add(Class cls, Bytes packet);
  // One burst for Link::send, or nothing. Call until empty, after add() and at next_deadline().
  std::vector<Bytes> poll(LocalTime now);
  LocalTime next_deadline() const;   // LocalTime::min(): at once; kNever: nothing waits
  std::size_t queued_bytes() const { return queued_; }
  std::uint64_t dropped() const { return dropped_; }
  void clear();                      // the path is gone
  // How long what waits would take at the rate.
  nanoseconds delay() const;

 private:
  std::array<std::deque<Bytes>, 2> queues_;
  std::size_t queued_ = 0;
  std::size_t max_bytes_;
  std::int64_t rate_bytes_per_s_;
  LocalTime next_send_ = LocalTime::min();
  std::uint64_t dropped_ = 0;
};

}  // namespace beside::flow
