// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "engine/net/loop.h"
#include "engine/net/relay_control.h"
#include "engine/net/tls_identity.h"
#include "engine/net/websocket_server.h"

namespace beside::net {

// Runs the loop until `done`, or for `limit` of real time when it never comes true; returns done().
inline bool run_until(Loop& loop, const std::function<bool()>& done, nanoseconds limit = 8s) {
  const LocalTime end = local_now() + limit;
  while (!done() && local_now() < end) (void)loop.run_one(20ms);
  return done();
}

const TlsIdentity& test_identity();  // for 127.0.0.1
RelayRoute local_route(std::uint16_t port, std::optional<SpkiPin> pin);
WsServer::Config local_server(std::uint16_t port = 0);

// A blocking TLS WebSocket client made by hand, for what our own client never does. Use it from a thread of its own.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  bool secure();                                   // TLS handshake
  std::string request(const std::string& text);    // writes and reads up to the blank line
  std::string upgrade(const std::string& path);
  void write(const std::string& bytes);
  std::string read();                              // one read; empty at the end
 private:
  int fd_;
  void* context_ = nullptr;
  void* ssl_ = nullptr;
};

// EarlyBytes: its own bytes follow the 200; Endless: a head without an end; Interim: only 100s; Garbage: the tunnel leads to no TLS;
// Closes: without a word.
enum class ProxyMode { Open, Basic, DigestMd5, DigestSha256, Forbid, Nonsense, Silent, EarlyBytes, Endless, Interim, Garbage, Closes };
// An HTTP CONNECT proxy in a thread of its own that leads everything to one local port. user "kim", password "pa:ss".
class TestProxy {
 public:
  TestProxy(ProxyMode mode, std::uint16_t target);
  ~TestProxy();
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;
  ProxySetting setting(const std::string& password = "pa:ss") const;
  int tunnels() const { return tunnels_; }

 private:
  void serve(int fd);
  std::string answer(const std::string& head);
  ProxyMode mode_;
  std::uint16_t target_, port_ = 0;
  int listener_ = -1;
  std::atomic<int> tunnels_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

}  // namespace beside::net
