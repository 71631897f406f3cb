// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/net/websocket_connection.h"

namespace beside::net {

struct PeerAddress {
  std::string ip;  // textual; IPv4-mapped IPv6 addresses are shown as IPv4
  std::uint16_t port = 0;
  bool operator==(const PeerAddress&) const = default;
};

// TLS WebSocket listener. Connections that never become a WebSocket on a served path are answered with a short 404 or
// 426, closed and counted; the handlers never see them.
// Thread: the loop's. Handlers may call send(), close() and the like from inside.
class WsServer {
 public:
  struct Config {
    std::string bind_address = "::";  // "::" takes IPv4 too, and falls back to 0.0.0.0 where IPv6 is off
    std::uint16_t port = 443;         // 0 = the kernel chooses; port() tells
    std::vector<std::string> paths = {"/v1/control", "/v1/media"};
    std::size_t max_connections = 10'000;  // open and half-open together
    WebSocketConnection::Limits limits;
  };
  struct Handlers {
    std::function<void(ConnectionId, const std::string& path, const PeerAddress&)> on_open;
    std::function<void(ConnectionId, ByteSpan)> on_message;
    std::function<void(ConnectionId, const CloseReason&)> on_close;
  };
  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t opened = 0;
    std::uint64_t datagrams_dropped = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(CloseKind::kCount)> closed{};  // by CloseKind, half-open ones too
    std::uint64_t closed_as(CloseKind kind) const { return closed[static_cast<std::size_t>(kind)]; }
  };
  // Errors: Environment when the address cannot be bound.
  static Result<std::unique_ptr<WsServer>> create(Loop& loop, Config config, const TlsIdentity& identity, Handlers handlers);
  virtual ~WsServer() = default;  // ends every connection; no handler is called any more

  virtual std::uint16_t port() const = 0;
  // In order. False: no such connection, or more than limits.send_backlog_bytes wait (nothing was queued).
  virtual bool send(ConnectionId id, Bytes message) = 0;
  // Drops (false) past limits.datagram_backlog_bytes, so that a slow TCP leg never stalls the other.
  virtual bool send_datagram(ConnectionId id, ByteSpan message) = 0;
  // on_close follows, later. RFC 6455 7.4 codes: 1000, 1001 going away, 1008 policy, 1013 try again later.
  virtual void close(ConnectionId id, std::uint16_t code, const std::string& reason) = 0;
  // Refuses new connections from now on; the open ones go on.
  virtual void stop_accepting() = 0;
  virtual std::size_t connection_count() const = 0;
  virtual Counters counters() const = 0;
};

}  // namespace beside::net
