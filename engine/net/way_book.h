// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace beside::net {

// The ways out of this machine that a client counts: its control connection and the rungs of its media.
enum class Way : std::uint8_t { Control, Udp, Tls, TlsProxy, kCount };
// Why one did not come up, or broke.
enum class WayFailure : std::uint8_t {
  Setting,        // of the proxy, cannot be read
  Resolve,        // no address is known for the name
  Connect,        // nobody takes the connection, or it broke
  ProxyGone,      // the proxy does not answer, or closes
  ProxyRefused,   // it forbids the way or wants another sign-in
  ProxyNonsense,  // its answer is none of a proxy's
  Untrusted,      // another certificate than the pinned one, or one that nobody vouches for
  Tls,            // what answers speaks no TLS, or breaks it
  NotRelay,       // TLS, but no relay of ours behind it
  Timeout,        // it took the connection and said nothing
  Closed,         // the relay closed it
  NoAnswer,       // nobody answers over UDP
  kCount
};
const char* to_string(Way way);
const char* to_string(WayFailure failure);
// Of what Dialer, RelayControl and to_error() say.
WayFailure way_failure_of(const Error& error);

// How often each way was tried, came up and failed, by reason; what a person sends in who cannot get through. One for all ways to a
// relay. Thread: the loop's.
class WayBook {
 public:
  void tried(Way way) { ++at(way).tried; }
  void came_up(Way way) { ++at(way).up; }
  void failed(Way way, WayFailure why);
  std::uint64_t count(Way way, WayFailure why) const { return at(way).failures.at(static_cast<std::size_t>(why)); }
  std::uint64_t tries(Way way) const { return at(way).tried; }
  std::uint64_t times_up(Way way) const { return at(way).up; }
  // "control: proxy_nonsense 3 of 4 tries; udp: no_answer 1 of 1": ways that never failed are left out.
  std::string failures() const;

 private:
  struct Counts {
    std::uint64_t tried = 0, up = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(WayFailure::kCount)> failures{};
  };
  Counts& at(Way way) { return ways_.at(static_cast<std::size_t>(way)); }
  const Counts& at(Way way) const { return ways_.at(static_cast<std::size_t>(way)); }
  std::array<Counts, static_cast<std::size_t>(Way::kCount)> ways_{};
};

}  // namespace beside::net
