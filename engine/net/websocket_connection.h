// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/net/loop.h"
#include "engine/net/tls_identity.h"

namespace beside::net {

// Why a connection ended; counted by kind.
enum class CloseKind : std::uint8_t {
  Local,        // we closed it
  PeerClosed,   // the peer closed in good order
  Network,      // reset, unreachable, end of stream
  Tls,          // handshake failed or bad record
  Untrusted,    // client only: the server's certificate was not the one to trust
  Timeout,      // handshake took too long, or nothing came any more
  NotWebSocket, // plain HTTP or nonsense
  WrongPath,    // a path that is not served
  TextFrame,    // a text message where only binary ones are spoken
  Oversized,    // a message past the limit
  SlowReader,   // the peer does not read what it is sent
  TooMany,      // connection limit
  NoDescriptors,  // this process may open no more
  Protocol,     // RFC 6455 violated
  kCount,
};
const char* to_string(CloseKind kind);

struct CloseReason {
  CloseKind kind = CloseKind::Local;
  std::string text;  // for people and logs
};

// One WebSocket over TLS on a TCP socket that is connected already; both roles. Binary messages only.
// Thread: the loop's; handlers are called there, never from inside a call of ours. After on_close nothing is called.
// Lifetime: keeps itself alive while open; drop() forgets the handlers and ends it without a word.
class WebSocketConnection {
 public:
  struct Limits {
    std::size_t max_message_bytes = 256 * 1024;
    std::size_t send_backlog_bytes = 1024 * 1024;     // send() refuses past this
    std::size_t datagram_backlog_bytes = 64 * 1024;   // send_datagram() drops past this
    nanoseconds handshake_timeout = 10s;
    nanoseconds write_stall = 20s;                    // nothing of what is sent was taken for so long: SlowReader
    nanoseconds idle_timeout = 60s;                   // pings at half of it; silence for all of it ends the connection
  };
  struct Handlers {
    std::function<void(const std::string& path)> on_open;
    std::function<void(ByteSpan)> on_message;
    std::function<void(const CloseReason&)> on_close;
  };
  // Both take the descriptor over, whatever happens.
  static std::shared_ptr<WebSocketConnection> make_server(Loop& loop, int fd, const TlsContext& tls, const Limits& limits,
                                                          std::vector<std::string> paths, Handlers handlers);
  static std::shared_ptr<WebSocketConnection> make_client(Loop& loop, int fd, const TlsContext& tls, const Limits& limits,
                                                          const std::string& host, std::uint16_t port,
                                                          const std::string& path, Handlers handlers);
  virtual ~WebSocketConnection() = default;
  // In order. False: not open, or the backlog is past its limit (nothing was queued).
  virtual bool send(Bytes message) = 0;
  // False: dropped, since too much waits already. Counted.
  virtual bool send_datagram(ByteSpan message) = 0;
  virtual void close(std::uint16_t code, const std::string& reason) = 0;
  virtual void drop() = 0;
  virtual void forget_handlers() = 0;           // goes on alone: finishes what was sent, then ends after close()
  virtual std::size_t backlog_bytes() const = 0;
  virtual std::uint64_t datagrams_dropped() const = 0;
  virtual std::string tls_version() const = 0;  // "TLSv1.3"; empty before the handshake
};

}  // namespace beside::net
