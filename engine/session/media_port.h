// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/base/bytes.h"
#include "engine/session/snapshot.h"
#include "engine/wire/control.h"

namespace beside::session {

// The way of sealed datagrams to the other end (engine/net's MediaPath, put in by whoever assembles). Thread: net.
class MediaPort {
 public:
  struct Handlers {
    std::function<void(ByteSpan)> datagram;
    std::function<void(Rung, RungReason)> state;
    std::function<void()> ticket_expired;
  };
  virtual ~MediaPort() = default;
  virtual bool send(std::span<const ByteSpan> burst) = 0;   // as flow::Link::send
  virtual std::size_t max_datagram() const = 0;
  virtual void set_ticket(const control::Ticket& ticket) = 0;
  virtual void probe_now() = 0;
  // While Handlers::datagram runs: when this machine got it; LocalTime::min(): not known.
  virtual LocalTime arrived() const { return LocalTime::min(); }
  // Which ways out failed so far and why, in words of the log; empty: none did.
  virtual std::string failures() const { return {}; }
};
using MakeMedia = std::function<std::unique_ptr<MediaPort>(const control::Ticket&, MediaPort::Handlers)>;

}  // namespace beside::session
