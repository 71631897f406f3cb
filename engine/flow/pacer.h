// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"

namespace beside::flow {

// Spreads sealed packets over time (PROTOCOL 4): one burst carries at most the larger of one packet and 2 ms at the rate,
// 64 packets at most, of one class and all of the same size but a smaller last one. No I/O.
//
// 1. A class is sent only when nothing of a class before it can be. Input and voice do not wait for rate or window, but count.
// 2. The window (RateControl::send_window) is told anew after each feedback; what leaves is taken off it here.
// 3. Producers ask full() before they make a picture: what would only wait here is better made later, from the newest state.
class Pacer {
 public:
  enum class Class : std::uint8_t {
    Input = 0, Urgent = 0,   // input, cursor, RTCP
    Voice = 1,
    Tiles = 2,               // numbered, so none overtakes another: whoever makes them begins near the pointer
    VideoAgain = 3,          // pictures' packets that were asked for again: before new ones
    Video = 4,
    Files = 5,
  };
  static constexpr std::size_t kClasses = 6;
  static constexpr std::size_t kMaxSegments = 64;
  static constexpr nanoseconds kBurst = milliseconds(2);
  static constexpr nanoseconds kFull = milliseconds(25);
  explicit Pacer(int rate_kbps = 8000, std::size_t max_bytes = 16u << 20);

  void set_rate_kbps(int rate_kbps);
  void set_window(std::size_t bytes) { window_ = bytes; }
  // False when more than max_bytes wait: the packet is dropped and counted. `now` is for age() alone.
  bool add(Class cls, Bytes packet, LocalTime now = LocalTime::min());
  // One burst for Link::send, or nothing. Call until empty, after add(), after set_window() and at next_deadline().
  std::vector<Bytes> poll(LocalTime now);
  LocalTime next_deadline() const;   // LocalTime::min(): at once; kNever: nothing waits, or only for the window
  std::size_t queued_bytes() const { return queued_; }
  std::size_t queued_bytes(Class cls) const { return bytes_[static_cast<std::size_t>(cls)]; }
  std::uint64_t dropped() const { return dropped_; }
  void clear();                      // the path is gone
  std::size_t drop(Class cls);       // its content is out of date; the packets dropped
  // How long what waits would take at the rate; of this class and those before it.
  nanoseconds delay(Class cls = Class::Files) const;
  // How long the oldest packet of this class has waited; 0: none waits, or it is not known.
  nanoseconds age(Class cls, LocalTime now) const;
  // True: a new picture of this class would only wait. Either kFull of older packets stand before it, or the line takes
  // nothing until feedback comes.
  bool full(Class cls = Class::Video) const;

 private:
  static constexpr std::size_t kFree = 2;   // classes that wait for nothing
  std::size_t first_waiting() const;        // class, or kClasses
  struct Waiting {
    Bytes packet;
    LocalTime since{};
  };
  std::array<std::deque<Waiting>, kClasses> queues_;
  std::array<std::size_t, kClasses> bytes_{};
  std::size_t queued_ = 0;
  std::size_t max_bytes_;
  std::size_t window_ = std::numeric_limits<std::size_t>::max();
  std::int64_t rate_bytes_per_s_;
  LocalTime next_send_ = LocalTime::min();
  std::uint64_t dropped_ = 0;
};

}  // namespace beside::flow
