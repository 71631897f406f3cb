// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/relay/turn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/crypto/random.h"

namespace beside::bench {
namespace {

constexpr std::uint32_t kCookie = 0x2112A442;                    // RFC 8489 section 5
constexpr std::uint16_t kAllocate = 0x0003, kChannelBind = 0x0009;
constexpr std::uint16_t kChannel = 0x4000;

Bytes request(std::uint16_t method, const Bytes& attributes) {
  Bytes out;
  ByteWriter w(out);
  w.u16(method);
  w.u16(static_cast<std::uint16_t>(attributes.size()));
  w.u32(kCookie);
  const auto id = crypto::random_array<12>();
  out.insert(out.end(), id.begin(), id.end());
  out.insert(out.end(), attributes.begin(), attributes.end());
  return out;
}

// The success answer to the request, which goes out again every 250 ms.
std::optional<Bytes> ask(int fd, const Bytes& text) {
  for (int tries = 0; tries < 4; ++tries) {
    (void)!::send(fd, text.data(), text.size(), 0);
    pollfd ready{fd, POLLIN, 0};
    while (::poll(&ready, 1, 250) > 0) {
      Bytes answer(1500);
      const ssize_t got = ::recv(fd, answer.data(), answer.size(), 0);
      if (got < 20 || std::memcmp(answer.data() + 8, text.data() + 8, 12) != 0) continue;
      answer.resize(static_cast<std::size_t>(got));
      if (answer[0] != 0x01) return std::nullopt;  // 0x01 0x1x: an error
      return (answer[1] & 0xf0) == 0 ? std::optional(answer) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::uint16_t> turn_channel(int client, int peer) {
  // REQUESTED-TRANSPORT: UDP
  const auto allocated = ask(client, request(kAllocate, {0x00, 0x19, 0x00, 0x04, 17, 0, 0, 0}));
  if (!allocated) return fail(ErrorKind::Environment, "bench: turn", "no allocation");
  sockaddr_in relayed{};
  for (std::size_t at = 20; at + 4 <= allocated->size();) {
    const std::uint8_t* a = allocated->data() + at;
    const std::size_t type = static_cast<std::size_t>(a[0] << 8 | a[1]), size = static_cast<std::size_t>(a[2] << 8 | a[3]);
    if (type == 0x0016 && size == 8 && at + 12 <= allocated->size()) {  // XOR-RELAYED-ADDRESS
      relayed.sin_family = AF_INET;
      relayed.sin_port = htons(static_cast<std::uint16_t>((a[6] << 8 | a[7]) ^ (kCookie >> 16)));
      std::uint32_t address = 0;
      std::memcpy(&address, a + 8, 4);
      relayed.sin_addr.s_addr = address ^ htonl(kCookie);
    }
    at += 4 + (size + 3) / 4 * 4;
  }
  if (relayed.sin_port == 0) return fail(ErrorKind::Environment, "bench: turn", "no relayed address");
  sockaddr_in own{};
  socklen_t length = sizeof own;
  if (::getsockname(peer, reinterpret_cast<sockaddr*>(&own), &length) != 0 ||
      ::connect(peer, reinterpret_cast<const sockaddr*>(&relayed), sizeof relayed) != 0) {
    return fail(ErrorKind::Environment, "bench: turn peer", std::strerror(errno));
  }
  Bytes bind;
  ByteWriter w(bind);
  w.u16(0x000c), w.u16(4), w.u16(kChannel), w.u16(0);            // CHANNEL-NUMBER
  w.u16(0x0012), w.u16(8), w.u16(0x0001);                         // XOR-PEER-ADDRESS, IPv4
  w.u16(static_cast<std::uint16_t>(ntohs(own.sin_port) ^ (kCookie >> 16)));
  w.u32(ntohl(own.sin_addr.s_addr) ^ kCookie);
  if (!ask(client, request(kChannelBind, bind))) return fail(ErrorKind::Environment, "bench: turn", "no channel");
  return kChannel;
}

}  // namespace beside::bench
