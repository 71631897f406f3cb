// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/crypto/hash.h"
#include "engine/flow/stun_client_leg.h"
#include "relay/net/media_thread.h"

// A real media thread on loopback and the sockets of its ends.
namespace beside::relay::test {

inline const std::string kPassword(32, 'p');
inline flow::RandomFn counted_random() {
  return [n = std::make_shared<std::uint32_t>(0)](MutableByteSpan out) {
    for (auto& b : out) b = static_cast<std::uint8_t>(++*n * 2654435761u >> 24);
  };
}

// A UDP socket of this test, at the relay's port.
struct End {
  int fd;
  std::size_t sent_bytes = 0, heard_bytes = 0;
  explicit End(std::uint16_t port, bool v6 = false) : fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 a6{};
    a6.sin6_family = AF_INET6;
    a6.sin6_addr = in6addr_loopback;
    a6.sin6_port = htons(port);
    sockaddr_in a4{};
    a4.sin_family = AF_INET;
    a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a4.sin_port = htons(port);
    REQUIRE(::connect(fd, v6 ? reinterpret_cast<const sockaddr*>(&a6) : reinterpret_cast<const sockaddr*>(&a4), v6 ? sizeof a6 : sizeof a4) == 0);
    const int size = 4 << 20;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  ~End() { ::close(fd); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  void send(ByteSpan data) {
    sent_bytes += data.size();
    REQUIRE(::send(fd, data.data(), data.size(), 0) == static_cast<ssize_t>(data.size()));
  }
  // Equal datagrams in one call.
  void burst(const Bytes& data, std::uint16_t segment) {
    iovec vector{const_cast<std::uint8_t*>(data.data()), data.size()};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(2)> control{};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(2);
    std::memcpy(CMSG_DATA(c), &segment, 2);
    REQUIRE(::sendmsg(fd, &header, 0) == static_cast<ssize_t>(data.size()));
  }
  std::optional<Bytes> hear(int within_ms) {
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, within_ms) <= 0) return std::nullopt;
    Bytes out(65'536);
    const ssize_t got = ::recv(fd, out.data(), out.size(), MSG_DONTWAIT);
    if (got < 0) return std::nullopt;
    out.resize(static_cast<std::size_t>(got));
    heard_bytes += out.size();
    return out;
  }
};

struct Rig {
  Metrics metrics;
  std::unique_ptr<MediaThread> thread;
  std::atomic<int> to_websocket{0};
  std::atomic<bool> websocket_full{false};
  explicit Rig(Forwarder::Limits limits = {}, const std::string& address = "127.0.0.1") {
    auto made = MediaThread::create({address, 0, false, limits}, metrics,
                                    {[this](ConnectionId, Bytes) {
                                       ++to_websocket;
                                       return !websocket_full.load();
                                     },
                                     [](MediaThread::Event) {}});
    REQUIRE(made);
    thread = std::move(*made);
  }
  void session(const std::string& id) {
    thread->put_leg({id, Side::Operator, name(id, 'o'), kPassword, 1h});
    thread->put_leg({id, Side::Customer, name(id, 'c'), kPassword, 1h});
  }
  static std::string name(const std::string& id, char side) { return id + std::string(15 - id.size(), '.') + side; }
  std::uint64_t drops(DropReason reason) const { return metrics.drops[static_cast<std::size_t>(reason)]; }
};

inline bool prove(End& end, const std::string& ufrag, const std::string& password = kPassword) {
  flow::StunClientLeg leg({ufrag, SecretText(password)}, counted_random());
  leg.start(local_now());
  const LocalTime until = local_now() + 3s;
  while (leg.state() != flow::StunClientLeg::State::Bound && local_now() < until) {
    while (auto request = leg.poll(local_now())) end.send(*request);
    if (auto answer = end.hear(50)) (void)leg.receive(*answer, local_now());
  }
  return leg.state() == flow::StunClientLeg::State::Bound;
}

inline Bytes packet(std::uint8_t mark, std::size_t size = 1000) {
  Bytes out(size, mark);
  out[0] = 0x90;
  return out;
}

// A Binding request that is right in form; the rest is the caller's.
inline Bytes request(const std::string& ufrag, const std::string& password, std::uint32_t n) {
  wire::StunMessage message;
  std::memcpy(message.transaction.data(), &n, sizeof n);
  message.username = ufrag;
  return wire::build_stun(message, [&](ByteSpan covered) { return crypto::hmac_sha256(as_bytes(password), covered); });
}

inline std::size_t hear_all(End& end, int quiet_ms = 150) {
  std::size_t count = 0;
  while (end.hear(quiet_ms)) ++count;
  return count;
}

struct Pair {
  End a, b;
  Pair(Rig& rig, const std::string& id) : a(rig.thread->port()), b(rig.thread->port()) {
    rig.session(id);
    REQUIRE(prove(a, Rig::name(id, 'o')));
    REQUIRE(prove(b, Rig::name(id, 'c')));
  }
};

}  // namespace beside::relay::test
