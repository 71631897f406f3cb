// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "relay/core/token_bucket.h"
#include "relay/net/control_hub.h"

// For the hub_*.cpp files only.
namespace beside::relay {

struct ControlHub::Connection {
  ConnectionId id;
  std::string ip, key;
  ClientId client = 0;     // 0: no Hello yet
  LocalTime opened{};
  bool doomed = false;     // Goodbye was said: what still comes is not heard
  // A stranger needs a handful of messages; whoever sits in a session streams through the tunnel (4 MiB unacknowledged).
  TokenBucket stranger_messages{20, 60};
  TokenBucket stranger_bytes{64e3, 512e3};
  TokenBucket messages{4000, 8000};
  TokenBucket bytes{64e6, 32e6};
  TokenBucket requests{10, 60};  // whatever is neither Tunnel, Chat nor Ping: these cost SQL or hashing
  TokenBucket chats{20, 100};
};

struct ControlHub::Client {
  ClientId id = 0;
  control::Role role = control::ROLE_UNSPECIFIED;
  std::string token_sha256;
  std::string ip, key;
  ConnectionId connection{0};
  LocalTime lost_at = kNever;
  flow::ReliableControl reliable;
  std::optional<OperatorRecord> op;
  std::vector<Seat> seats;
  bool auth_pending = false;
  // One for each sequenced message that is not acknowledged yet, oldest first; chat ones name what was delivered.
  struct Sent {
    std::optional<Seat> seat;
    std::uint64_t chat_seq = 0;
  };
  std::deque<Sent> sent;
  struct TunnelEdge {
    std::uint64_t sent_to = 0;   // highest end of what this side sent
    std::uint64_t acked = 0;     // highest ack that the other side sent
    bool acked_known = false;
  };
  std::unordered_map<std::string, TunnelEdge> tunnels;  // by session
};

}  // namespace beside::relay
