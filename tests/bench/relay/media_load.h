// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tests/bench/relay/control_load.h"

namespace beside::bench {

struct Traffic {
  double seconds = 3;
  double per_second = 0;        // datagrams a second of each sender; 0: as fast as the receivers keep up
  // Seconds of what this program missed that it makes up for; the rest is never offered. Past kNaps it sleeps between its turns: one
  // that is before all others and never sleeps is stopped by the kernel for a twentieth of each second (sched_rt_runtime_us).
  double catch_up = 0.0002;
  static constexpr double kNaps = 0.002;
  std::size_t burst = 1;        // so many equal ones in one system call (UDP_SEGMENT when more than one)
  std::size_t row = 1;          // so many calls of one sender in a row, as for the packets of a frame
  std::size_t bytes = 1000;     // of each datagram
  bool both_ways = false;       // else the first leg of each pair sends, the second receives
  std::size_t window = 256;     // most datagrams under way at once, all pairs together, when as fast as it goes
};
struct Count {
  std::uint64_t sent = 0, received = 0;
  double seconds = 0;
  std::vector<std::uint32_t> delay_us;  // send call to the receiver's kernel stamp, sorted
  std::uint32_t percentile(double p) const {
    return delay_us.empty() ? 0 : delay_us[std::min(delay_us.size() - 1, static_cast<std::size_t>(p * static_cast<double>(delay_us.size())))];
  }
};

// Pairs of UDP sockets with a relay between them. Thread: one.
class MediaLoad {
 public:
  virtual ~MediaLoad() = default;
  // Datagrams look like sealed RTP: a header and noise. What was under way at the end is waited for.
  virtual Count run(const Traffic& traffic) = 0;
  // Consent or refresh, as the protocol wants it; call every few seconds between runs.
  virtual void refresh() = 0;
  virtual std::size_t pairs() const = 0;
};
// Both legs of each session bind by real STUN exchanges.
Result<std::unique_ptr<MediaLoad>> bind_beside(const std::vector<SessionTickets>& sessions);
// A TURN server (RFC 8656) without authentication: the first socket of a pair has an allocation with a channel, the second is
// the peer. Errors: Environment.
Result<std::unique_ptr<MediaLoad>> allocate_turn(std::uint16_t port, std::size_t pairs);

}  // namespace beside::bench
