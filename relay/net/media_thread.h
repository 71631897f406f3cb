// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "relay/core/forwarder.h"

namespace beside::relay {

// The thread that forwards media: a UDP socket (media_socket.h), and datagrams from and to WebSockets by way of bounded
// inboxes. On the UDP path there is no lock, no allocation and no copy (tests/relay/media_thread_test.cpp counts). All its
// state is its own (Impl: socket, forwarder, addresses; no statics), so that several can share the port: README says how.
// Thread: everything public is callable from any thread; callbacks run on the media thread and must only hand over.
// Lifetime: create() starts it, the destructor ends and joins it (at most some milliseconds).
class MediaThread {
 public:
  struct Event {
    enum class Kind { Bound, Unbound, Removed } kind;
    std::string session_id;
    Side side = Side::Operator;
    bool udp = false;                // Bound: over UDP, else over a WebSocket
    Forwarder::Totals totals;        // Removed
  };
  struct Handlers {
    // Any of these may be called in quick succession; false: full, drop.
    std::function<bool(ConnectionId, Bytes)> to_websocket;
    std::function<void(Event)> event;
  };
  struct Config {
    std::string bind_address = "::";
    std::uint16_t port = 443;        // 0: the kernel chooses
    bool share_port = false;         // SO_REUSEPORT
    Forwarder::Limits limits;
  };
  static Result<std::unique_ptr<MediaThread>> create(const Config& config, Metrics& metrics, Handlers handlers);
  ~MediaThread();

  std::uint16_t port() const;
  void put_leg(MediaLeg leg);
  void remove_session(std::string session_id);
  // One datagram that came as a WebSocket message; false: the inbox is full and it is gone (counted).
  bool from_websocket(ConnectionId connection, Bytes datagram);
  void websocket_closed(ConnectionId connection);

  struct Impl;

 private:
  explicit MediaThread(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace beside::relay
