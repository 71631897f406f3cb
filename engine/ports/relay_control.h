// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::ports {

// A message pipe to the relay: one TLS WebSocket at /v1/control that is kept up. No knowledge of what the bytes say.
// Thread: net; handlers are called there.
class RelayControl {
 public:
  struct Handlers {
    std::function<void()> up;                     // connected; say Hello
    std::function<void(Bytes)> message;           // one binary message
    std::function<void(Error)> down;              // lost or could not connect; it is trying again
  };
  virtual ~RelayControl() = default;
  virtual void open(Handlers handlers) = 0;
  virtual bool send(Bytes message) = 0;           // false: not up, or the peer reads too slowly
  virtual void close() = 0;                       // for good
  virtual void reconnect_now() = 0;               // drop what may be dead and try at once
  virtual void reconnect_later() = 0;             // what it says cannot be used: drop it and try again after the usual wait
  virtual void set_eager(bool in_session) = 0;    // in a session: quick retries; else 0.25-15 s with jitter
  virtual std::string describe() const = 0;       // "beside://host:443, TLS 1.3, pinned"
};

}  // namespace beside::ports
