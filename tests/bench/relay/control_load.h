// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/net/loop.h"
#include "engine/wire/relay_address.h"

namespace beside::bench {

struct LegTicket {
  std::uint16_t port = 0;
  std::string ufrag, password;
};
struct SessionTickets {
  LegTicket legs[2];  // operator, customer
};

// Many control connections to one relay, each from a loopback address of its own group (127.64.0.0/10), since the relay counts
// tries by address. All of them stay open as long as this lives. Thread: the loop's.
class ControlLoad {
 public:
  static std::unique_ptr<ControlLoad> create(net::Loop& loop, const wire::RelayAddress& relay);
  virtual ~ControlLoad() = default;
  // Real sessions by the control protocol: sign in (one token per 60 sessions), new session, join. Blocks until all are there.
  // Errors: what the relay said, or that it took too long.
  virtual Result<std::vector<SessionTickets>> make_sessions(std::size_t count, const std::vector<std::string>& tokens) = 0;
  // Connections that said Hello and then nothing. Blocks, calling `meanwhile` often; returns how many of them stand.
  virtual std::size_t make_idle(std::size_t count, nanoseconds within, const std::function<void()>& meanwhile) = 0;
  virtual std::size_t open_connections() const = 0;
};

}  // namespace beside::bench
