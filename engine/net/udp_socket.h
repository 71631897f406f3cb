// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/net/loop.h"

namespace beside::net {

// An IP address with a port; usable as a key. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 2.5.5.2).
struct UdpEndpoint {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;
  std::uint32_t scope = 0;  // interface of a link-local IPv6 address
  auto operator<=>(const UdpEndpoint&) const = default;
  bool is_v4() const;
};
std::string dump_endpoint(const UdpEndpoint& endpoint);  // "192.0.2.1:443", "[2001:db8::1]:443"
// Address text only, no names. Errors: Environment.
Result<UdpEndpoint> parse_endpoint(const std::string& ip, std::uint16_t port);

// Non-blocking UDP, 1 MiB buffers asked for. Thread: the loop's. Datagrams past 2048 bytes are dropped and counted.
class UdpSocket {
 public:
  using OnDatagram = std::function<void(ByteSpan, const UdpEndpoint& from)>;
  struct Counters {
    std::uint64_t received = 0, sent = 0, send_would_block = 0, send_errors = 0, receive_errors = 0, truncated = 0;
  };
  struct Outgoing {
    UdpEndpoint to;  // ignored by connected sockets
    ByteSpan data;
  };
  // Port 0: the kernel chooses. "::" takes IPv4 too (0.0.0.0 where IPv6 is off).
  static Result<std::unique_ptr<UdpSocket>> create_bound(Loop& loop, const std::string& ip, std::uint16_t port, OnDatagram on);
  // Hears only from `remote`; a refused port shows as a receive error.
  static Result<std::unique_ptr<UdpSocket>> create_connected(Loop& loop, const UdpEndpoint& remote, OnDatagram on);
  // The address that a socket connected to `remote` would have now. Errors: Environment, when no way leads there.
  static Result<UdpEndpoint> local_towards(const UdpEndpoint& remote);
  virtual ~UdpSocket() = default;
  virtual UdpEndpoint local() const = 0;
  // False: not sent (the kernel's buffer is full, or an error); counted. A datagram is never queued by us.
  virtual bool send(ByteSpan data) = 0;  // connected sockets
  virtual bool send_to(const UdpEndpoint& to, ByteSpan data) = 0;
  // One system call for many, equal ones in a row as one super-packet (UDP_SEGMENT); returns how many of them, from the front, were taken.
  virtual std::size_t send_many(std::span<const Outgoing> datagrams) = 0;
  // The largest datagram that the interface, or a router that said so, takes towards the other end of a connected socket; 0: not known.
  virtual std::size_t largest() const = 0;
  virtual const Counters& counters() const = 0;
  // While OnDatagram runs: when the kernel took its datagram, which on a busy machine is long before anybody reads it.
  virtual LocalTime arrived() const = 0;
};

}  // namespace beside::net
