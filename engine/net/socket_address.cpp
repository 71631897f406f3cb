// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace beside::net {

namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Result<int> try_bound(int type, const UdpEndpoint& at, int family) {
  const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorKind::Environment, "net/socket", std::strerror(errno));
  const int on = 1, off = 0;
  // A server that was restarted must get its port again while old connections linger (TIME_WAIT).
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const SocketAddress address = to_socket_address(at, family);
  if (::bind(fd, address.get(), address.length) == 0) return fd;
  const int why = errno;
  ::close(fd);
  return fail(ErrorKind::Environment, "net/bind", dump_endpoint(at) + ": " + std::strerror(why));
}

}  // namespace

bool UdpEndpoint::is_v4() const { return std::equal(kMapped.begin(), kMapped.end(), address.begin()); }

std::string dump_endpoint(const UdpEndpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = endpoint.is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, endpoint.address.data() + (v4 ? 12 : 0), text.data(), text.size());
  const std::string port = ":" + std::to_string(endpoint.port);
  return v4 ? text.data() + port : "[" + std::string(text.data()) + "]" + port;
}

Result<UdpEndpoint> parse_endpoint(const std::string& ip, std::uint16_t port) {
  UdpEndpoint out;
  out.port = port;
  if (inet_pton(AF_INET6, ip.c_str(), out.address.data()) == 1) return out;
  std::copy(kMapped.begin(), kMapped.end(), out.address.begin());
  if (inet_pton(AF_INET, ip.c_str(), out.address.data() + 12) == 1) return out;
  return fail(ErrorKind::Environment, "net/address", "'" + ip + "' is not an IP address");
}

SocketAddress to_socket_address(const UdpEndpoint& endpoint, int family) {
  SocketAddress out;
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.address.data() + 12, 4);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.length = sizeof v4;
    return out;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  v6.sin6_scope_id = endpoint.scope;
  std::memcpy(&v6.sin6_addr, endpoint.address.data(), 16);
  std::memcpy(&out.storage, &v6, sizeof v6);
  out.length = sizeof v6;
  return out;
}

UdpEndpoint from_socket_address(const SocketAddress& address) {
  UdpEndpoint out;
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    std::copy(kMapped.begin(), kMapped.end(), out.address.begin());
    std::memcpy(out.address.data() + 12, &v4.sin_addr, 4);
    out.port = ntohs(v4.sin_port);
    return out;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  std::memcpy(out.address.data(), &v6.sin6_addr, 16);
  out.port = ntohs(v6.sin6_port);
  out.scope = v6.sin6_scope_id;
  return out;
}

Result<int> open_bound(int type, const std::string& ip, std::uint16_t port, int* family) {
  const auto wanted = parse_endpoint(ip, port);
  if (!wanted) return fail(wanted);
  *family = wanted->is_v4() ? AF_INET : AF_INET6;
  auto opened = try_bound(type, *wanted, *family);
  if (opened || ip != "::") return opened;
  const auto any = parse_endpoint("0.0.0.0", port);
  auto second = try_bound(type, *any, AF_INET);
  if (!second) return opened;  // the first reason says more
  *family = AF_INET;
  return second;
}

UdpEndpoint local_endpoint(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  ::getsockname(fd, address.get(), &address.length);
  return from_socket_address(address);
}

}  // namespace beside::net
