// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>

#include "engine/crypto/random.h"
#include "engine/flow/link.h"
#include "engine/flow/stun_server_leg.h"
#include "engine/net/media_path.h"
#include "engine/net/udp_socket.h"
#include "tests/net/net_support.h"

namespace beside::net {

inline flow::RandomFn system_random() {
  return [](MutableByteSpan out) { crypto::random_bytes(out); };
}

// A relay of one leg that sends media back to the way that is bound.
struct MediaResponder {
  Loop& loop;
  bool swallow_udp = false, swallow_tls = false;   // TLS: the connection stands, what comes on it is not heard
  std::optional<std::uint64_t> deaf_to;      // what comes on that way is not heard, as when TCP waits for its timers
  std::uint64_t udp_heard = 0, translations = 0;
  flow::StunServerLeg leg{{"ufrag0123456789a", SecretText("password-password-password-1234")}, system_random()};
  std::map<UdpEndpoint, std::uint64_t> udp_paths;
  std::map<std::uint64_t, UdpEndpoint> udp_of;
  std::unique_ptr<UdpSocket> udp;
  std::unique_ptr<WsServer> tls;
  static constexpr std::uint64_t kUdp = 1ull << 40;

  explicit MediaResponder(Loop& on) : loop(on) {
    listen(0);
    tls = std::move(WsServer::create(loop, local_server(), test_identity(),
                                     {{},
                                      [this](ConnectionId id, ByteSpan data) { receive(id.value, data); },
                                      [this](ConnectionId id, const CloseReason&) { leg.path_closed(id.value); }})
                        .value());
  }
  void listen(std::uint16_t port) {
    udp = std::move(UdpSocket::create_bound(loop, "127.0.0.1", port, [this](ByteSpan data, const UdpEndpoint& from) {
                      ++udp_heard;
                      if (swallow_udp) return;
                      const auto [at, fresh] = udp_paths.try_emplace(from, kUdp + 1000 * translations + udp_paths.size());
                      udp_of[at->second] = from;
                      receive(at->second, data);
                    }).value());
  }
  void receive(std::uint64_t path, ByteSpan data) {
    if (path == deaf_to || (swallow_tls && path < kUdp)) return;
    if (!wire::is_stun(data)) {
      if (leg.bound_path() == path) reply(path, data);
      return;
    }
    const auto message = wire::parse_stun(data);
    REQUIRE(message);
    const auto outcome = leg.receive(path, data, *message, loop.now());
    if (!outcome.reply.empty()) reply(path, outcome.reply);
  }
  void reply(std::uint64_t path, ByteSpan data) {
    if (path >= kUdp) (void)udp->send_to(udp_of.at(path), data);
    else (void)tls->send_datagram(ConnectionId{path}, data);
  }
  // A translator gives everybody another outer address: what comes now is from somewhere else.
  void translate_anew() {
    ++translations;
    udp_paths.clear();
  }
  MediaTicket ticket() const {
    return {"127.0.0.1", udp->local().port, "ufrag0123456789a", "password-password-password-1234", kNever};
  }
  MediaPathConfig config() const {
    MediaPathConfig out;
    out.control = local_route(tls->port(), test_identity().spki_sha256());
    return out;
  }
};

struct WatchedMedia {
  std::vector<MediaPath::State> states;
  int echoes = 0;
  std::unique_ptr<MediaPath> path;
  WatchedMedia(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket) {
    path = MediaPath::create(loop, config, ticket,
                             {[this](ByteSpan data) { echoes += as_text(data) == "\x80media"; },
                              [this](const MediaPath::State& state) { states.push_back(state); }});
    path->start();
  }
  bool reaches(Loop& loop, MediaRung rung, MediaReason reason, nanoseconds limit = 8s) {
    return run_until(loop, [&] { return path->state() == MediaPath::State{rung, reason}; }, limit);
  }
  bool echo(Loop& loop) {
    const int before = echoes;
    // Datagrams may be lost while the relay changes over: some are sent until one comes back.
    return run_until(loop, [&] {
      if (echoes == before) (void)path->link().send_one(as_bytes("\x80media"));
      return echoes > before;
    });
  }
};

}  // namespace beside::net
