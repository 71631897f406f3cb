// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "engine/net/udp_socket.h"

// sockaddr to endpoint and back, for the .cpp files of this room.
namespace beside::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// As IPv6 unless `family` is AF_INET.
SocketAddress to_socket_address(const UdpEndpoint& endpoint, int family);
UdpEndpoint from_socket_address(const SocketAddress& address);
// Non-blocking, close-on-exec, bound; "::" takes IPv4 too and falls back to 0.0.0.0 where there is no IPv6. The family
// used goes to *family. Errors: Environment.
Result<int> open_bound(int type, const std::string& ip, std::uint16_t port, int* family);
UdpEndpoint local_endpoint(int fd);

}  // namespace beside::net
