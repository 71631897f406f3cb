// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/clock.h"

namespace beside::flow {

// How large a datagram gets through to the other end (RFC 8899, Datagram PLPMTUD), by probes that the other end answers. Each
// try is a small question and a large one: only where the small one is answered does the large one's silence say anything.
//
//   state     | means                                              | asks
//   ----------+----------------------------------------------------+------------------------------------------
//   Off       | no path, or one that takes nothing larger          | never
//   Searching | something larger than bytes() may get through      | kTries times a size, then a smaller one
//   Complete  | nothing much larger does                           | after kRaise, or when the path is suspected
//   Checking  | what got through may not any more (a black hole)   | kTries times; then kBase, and if that is in vain, kLeast
//   Waiting   | nothing is answered, not even the small one         | after kDead, twice as long each time
//
// 1. bytes() is kBase (or less, where the interface takes no more), or a size that was answered on this path and not refuted
//    since. Where even that is refuted, in a tunnel of tunnels, it is kLeast, and what is between the two is looked for.
// 2. A probe never carries anything that matters, and is never larger than the ceiling that start() or ceiling() named.
// Sizes are of datagrams as they go over UDP, without its header. No I/O.
class PathMtu {
 public:
  static constexpr std::size_t kBase = 1200;      // what passes nearly everywhere over UDP, IPv6 and most tunnels included
  static constexpr std::size_t kLeast = 548;      // what every path of IPv4 takes (576)
  static constexpr std::size_t kClose = 16;       // nobody looks for less than this
  static constexpr int kTries = 3;
  static constexpr nanoseconds kRaise = seconds(600), kDead = seconds(5), kLongestDead = seconds(60), kAgain = seconds(2);
  struct Probe {
    std::uint32_t nonce = 0;
    std::size_t bytes = 0;                        // 0: as small as a probe can be
  };
  // Another path, or this one anew. `most`: what the interface takes; kBase itself: nothing is looked for.
  void start(std::size_t most, LocalTime now);
  void stop();
  // What the interface, or the kernel by a router's word, takes now.
  void ceiling(std::size_t most, LocalTime now);
  void set_rtt(nanoseconds rtt) { rtt_ = rtt; }
  void answered(std::uint32_t nonce, LocalTime now);
  // Much is lost, or nothing is heard of what was sent: is it the size? kAgain between two checks.
  void suspect(LocalTime now);
  // What is to be asked now, the small one first; empty: nothing. Call at next_deadline().
  std::vector<Probe> poll(LocalTime now);
  LocalTime next_deadline() const { return due_; }
  std::size_t bytes() const { return bytes_; }
  bool complete() const { return state_ == State::Complete; }

 private:
  enum class State : std::uint8_t { Off, Searching, Complete, Checking, Waiting };
  void ask(std::size_t bytes, LocalTime now);     // a size that was not asked yet
  void ask_next(LocalTime now);
  void failed(LocalTime now);
  void finish(LocalTime now);
  nanoseconds patience() const { return std::clamp<nanoseconds>(2 * rtt_ + milliseconds(50), milliseconds(200), seconds(1)); }
  State state_ = State::Off, before_ = State::Searching;   // before_: what Waiting goes back to
  std::size_t bytes_ = kBase;
  std::size_t most_ = kBase, refused_ = kBase + 1;         // sizes from refused_ on do not get through, as far as is known
  std::size_t asked_ = 0;                                  // the size in question
  int tries_ = 0;
  bool proven_ = false;                                    // bytes() was answered
  bool small_heard_ = false;
  std::uint32_t first_nonce_ = 1, next_nonce_ = 1;         // of this size: even ones are small, odd ones large
  LocalTime due_ = kNever, checked_at_ = LocalTime::min();
  nanoseconds rtt_ = milliseconds(100), dead_ = kDead;
};

}  // namespace beside::flow
