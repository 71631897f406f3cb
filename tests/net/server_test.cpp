// SPDX-License-Identifier: GPL-3.0-or-later
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "engine/net/http_text_server.h"
#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

namespace {

struct Fixture {
  Loop loop;
  std::unique_ptr<WsServer> server;
  int opened = 0, heard = 0;
  ConnectionId last{};
  CloseReason closed{CloseKind::kCount, ""};
  explicit Fixture(const WsServer::Config& config = local_server()) {
    server = std::move(WsServer::create(loop, config, test_identity(),
                                        {[this](ConnectionId id, const std::string&, const PeerAddress&) {
                                           ++opened;
                                           last = id;
                                         },
                                         [this](ConnectionId, ByteSpan) { ++heard; },
                                         [this](ConnectionId, const CloseReason& reason) { closed = reason; }})
                           .value());
  }
  // Runs the loop while a hand-made client does its part in a thread.
  std::string with_client(const std::function<std::string(RawClient&)>& part) {
    auto result = std::async(std::launch::async, [&, port = server->port()] {
      RawClient client(port);
      return client.secure() ? part(client) : std::string("no TLS");
    });
    run_until(loop, [&] { return result.wait_for(0s) == std::future_status::ready; });
    return result.get();
  }
  bool drained() {
    return run_until(loop, [&] { return server->connection_count() == 0; });
  }
};

// RFC 6455 5.2 with a mask of zeros.
std::string frame(char opcode, std::size_t length) {
  if (length < 126) return {static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | length), 0, 0, 0, 0};
  std::string out{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | 127)};
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift));
  return out + std::string(4, '\0');
}

std::string plain_http(std::uint16_t port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string out;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) {
    ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    std::array<char, 1024> piece{};
    for (ssize_t got = 0; (got = ::recv(fd, piece.data(), piece.size(), 0)) > 0;) out.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return out;
}

}  // namespace

TEST_CASE("other paths get 404, plain requests 426, nonsense 400, and all are counted") {
  Fixture f;
  CHECK(f.with_client([](RawClient& c) { return c.upgrade("/v1/other"); }).rfind("HTTP/1.1 404", 0) == 0);
  CHECK(f.with_client([](RawClient& c) { return c.upgrade("/v1/control/"); }).rfind("HTTP/1.1 404", 0) == 0);
  CHECK(f.with_client([](RawClient& c) { return c.request("GET / HTTP/1.1\r\nHost: x\r\n\r\n"); }).rfind("HTTP/1.1 404", 0) == 0);
  CHECK(f.with_client([](RawClient& c) { return c.request("GET /v1/media HTTP/1.1\r\nHost: x\r\n\r\n"); }).rfind("HTTP/1.1 426", 0) == 0);
  CHECK(f.with_client([](RawClient& c) { return c.request("EHLO relay\r\n\r\n"); }).rfind("HTTP/1.1 400", 0) == 0);
  CHECK(f.with_client([](RawClient& c) { return c.request("GET /v1/media HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"); })
            .rfind("HTTP/1.1 400", 0) == 0);
  CHECK(f.drained());
  CHECK(f.opened == 0);
  CHECK(f.server->counters().closed_as(CloseKind::WrongPath) == 3);
  CHECK(f.server->counters().closed_as(CloseKind::NotWebSocket) == 3);
}

TEST_CASE("a text frame closes the connection with 1003") {
  Fixture f;
  const std::string close = f.with_client([](RawClient& c) {
    CHECK(c.upgrade("/v1/control").rfind("HTTP/1.1 101", 0) == 0);
    c.write(frame(1, 5) + "hello");
    return c.read();
  });
  REQUIRE(close.size() >= 4);
  CHECK(static_cast<unsigned char>(close[0]) == 0x88);
  CHECK(static_cast<unsigned char>(close[2]) * 256 + static_cast<unsigned char>(close[3]) == 1003);
  CHECK(f.drained());
  CHECK(f.heard == 0);
  CHECK(f.closed.kind == CloseKind::TextFrame);
}

TEST_CASE("a message that grows past the limit is refused with 1009") {
  Fixture f;
  const std::string close = f.with_client([](RawClient& c) {
    c.upgrade("/v1/control");
    c.write(frame(2, 1ull << 40) + std::string(256 * 1024 + 1, 'x'));
    return c.read();
  });
  REQUIRE(close.size() >= 4);
  CHECK(static_cast<unsigned char>(close[2]) * 256 + static_cast<unsigned char>(close[3]) == 1009);
  CHECK(f.drained());
  CHECK(f.closed.kind == CloseKind::Oversized);
}

TEST_CASE("an unmasked frame of a client closes the connection with 1002 and is not heard") {
  Fixture f;
  const std::string close = f.with_client([](RawClient& c) {
    c.upgrade("/v1/control");
    c.write(std::string("\x82\x01x", 3));
    return c.read();
  });
  REQUIRE(close.size() >= 4);
  CHECK(static_cast<unsigned char>(close[2]) * 256 + static_cast<unsigned char>(close[3]) == 1002);
  CHECK(f.drained());
  CHECK(f.heard == 0);
}

TEST_CASE("a client that never finishes its handshake is closed after the time limit") {
  auto config = local_server();
  config.limits.handshake_timeout = 50ms;
  Fixture f(config);
  const std::string got = f.with_client([](RawClient& c) { return c.read(); });
  CHECK(got.empty());
  CHECK(f.drained());
  CHECK(f.server->counters().closed_as(CloseKind::Timeout) == 1);
}

TEST_CASE("connections past the limit are closed at once and counted") {
  auto config = local_server();
  config.max_connections = 1;
  Fixture f(config);
  const std::string second = f.with_client([&](RawClient& first) {
    first.upgrade("/v1/control");
    RawClient other(f.server->port());
    return std::string(other.secure() ? "in" : "out");
  });
  CHECK(second == "out");
  CHECK(f.server->counters().closed_as(CloseKind::TooMany) == 1);
}

TEST_CASE("without a descriptor left connections are refused at once and counted, the loop does not spin, and the next ones are served") {
  Fixture at;
  constexpr int kClients = 12;
  std::vector<int> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int highest = ::dup(clients.front());
  ::close(highest);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(highest) + 4;   // four more may come
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(at.server->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int connected = 0;
  for (const int fd : clients) connected += ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  const auto refused = [&] { return at.server->counters().closed_as(CloseKind::NoDescriptors); };
  const bool counted = run_until(at.loop, [&] { return refused() == kClients - 4; });
  int turns = 0;
  run_until(at.loop, [&] { return ++turns < 0; }, 300ms);   // nobody calls any more: it may only wait
  int ended = 0;
  for (const int fd : clients) {
    std::uint8_t byte = 0;
    const ssize_t got = ::recv(fd, &byte, 1, MSG_DONTWAIT);
    ended += got == 0 || (got < 0 && errno == ECONNRESET);
  }
  const std::size_t held = at.server->connection_count();
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(connected == kClients);
  CHECK(counted);
  CHECK(ended == kClients - 4);
  CHECK(held == 4);
  CHECK(turns < 50);   // each waits 20 ms
  CHECK(at.server->counters().accepted == kClients);
  for (const int fd : clients) ::close(fd);
  CHECK(at.with_client([](RawClient& client) { return client.upgrade("/v1/control"); }).find("101") != std::string::npos);
}

TEST_CASE("a slow reader loses datagrams and is refused messages while another connection goes on") {
  Fixture f;
  std::promise<void> enough;
  std::atomic<bool> ready{false};
  auto slow = std::async(std::launch::async, [&, port = f.server->port()] {
    RawClient client(port);
    client.secure();
    client.upgrade("/v1/media");
    ready = true;
    enough.get_future().wait();  // reads nothing meanwhile
  });
  REQUIRE(run_until(f.loop, [&] { return ready && f.opened == 1; }));
  const ConnectionId id = f.last;
  const Bytes datagram(1200, 7);
  REQUIRE(run_until(f.loop, [&] {
    while (f.server->send_datagram(id, datagram)) {
      if (f.loop.run_one(0ns)) break;
    }
    return f.server->counters().datagrams_dropped >= 20;
  }, 20s));
  bool refused = false;
  for (int i = 0; i < 20 && !refused; ++i) refused = !f.server->send(id, Bytes(100'000));
  CHECK(refused);
  // The other leg is not concerned.
  const std::string echo = f.with_client([&](RawClient& c) {
    c.upgrade("/v1/media");
    c.write(frame(2, 3) + "abc");
    c.write(frame(8, 2) + std::string("\x03\xe8", 2));
    return c.read();
  });
  CHECK_FALSE(echo.empty());
  CHECK(f.heard == 1);
  CHECK(f.server->connection_count() >= 1);
  enough.set_value();
  slow.wait();
}

TEST_CASE("who takes nothing of what he is sent is closed after a while and counted as a slow reader") {
  WsServer::Config config = local_server();
  config.limits.write_stall = 150ms;
  Fixture f(config);
  std::promise<void> enough;
  auto slow = std::async(std::launch::async, [&, port = f.server->port()] {
    RawClient client(port);
    client.secure();
    client.upgrade("/v1/control");
    enough.get_future().wait();
  });
  REQUIRE(run_until(f.loop, [&] { return f.opened == 1; }));
  CHECK(run_until(f.loop, [&] {
    (void)f.server->send(f.last, Bytes(100'000));
    return f.server->counters().closed_as(CloseKind::SlowReader) == 1;
  }));
  CHECK(f.closed.kind == CloseKind::SlowReader);
  CHECK(f.server->connection_count() == 0);
  enough.set_value();
  slow.wait();
}

TEST_CASE("metrics are answered on loopback and nothing else is") {
  Loop loop;
  auto server = HttpTextServer::create(loop, 0, [] { return std::string("beside_up 1\n"); });
  REQUIRE(server);
  const auto ask = [&](const std::string& request) {
    auto got = std::async(std::launch::async, [&, port = (*server)->port()] { return plain_http(port, request); });
    run_until(loop, [&] { return got.wait_for(0s) == std::future_status::ready; });
    return got.get();
  };
  const std::string good = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(good.rfind("HTTP/1.1 200 OK\r\n", 0) == 0);
  CHECK(good.find("\r\n\r\nbeside_up 1\n") != std::string::npos);
  CHECK(ask("GET /other HTTP/1.1\r\n\r\n").rfind("HTTP/1.1 404", 0) == 0);
  CHECK(ask("POST /metrics HTTP/1.1\r\n\r\n").rfind("HTTP/1.1 404", 0) == 0);
}
