// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/net/udp_socket.h"
#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

TEST_CASE("datagrams go both ways over IPv4 and IPv6, and many go in one call") {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    CAPTURE(ip);
    Loop loop;
    UdpSocket* back = nullptr;
    std::size_t heard = 0, answered = 0;
    auto server = UdpSocket::create_bound(loop, ip, 0, [&](ByteSpan data, const UdpEndpoint& from) {
      ++heard;
      CHECK(back->send_to(from, data));
    });
    if (!server && std::string(ip) == "::1") {
      MESSAGE("skipped: this machine has no IPv6 loopback");
      continue;
    }
    REQUIRE(server);
    back = server->get();
    const UdpEndpoint at = *parse_endpoint(ip, (*server)->local().port);
    auto client = UdpSocket::create_connected(loop, at, [&](ByteSpan data, const UdpEndpoint& from) {
      CHECK(from == at);
      CHECK(as_text(data) == "datagram");
      ++answered;
    });
    REQUIRE(client);
    const Bytes text = to_bytes(as_bytes("datagram"));
    std::vector<UdpSocket::Outgoing> many(50, {{}, text});
    CHECK((*client)->send_many(many) == 50);
    CHECK((*client)->send(text));
    CHECK(run_until(loop, [&] { return answered == 51; }));
    CHECK(heard == 51);
    CHECK((*client)->counters().sent == 51);
    CHECK((*client)->counters().received == 51);
  }
}

TEST_CASE("rows of equal datagrams, shorter and longer ones between them, arrive one by one and in order") {
  for (const bool connected : {true, false}) {
    CAPTURE(connected);
    Loop loop;
    std::vector<Bytes> heard;
    auto server = UdpSocket::create_bound(loop, "127.0.0.1", 0, [&](ByteSpan data, const UdpEndpoint&) { heard.push_back(to_bytes(data)); });
    REQUIRE(server);
    const UdpEndpoint to = *parse_endpoint("127.0.0.1", (*server)->local().port);
    auto client = connected ? UdpSocket::create_connected(loop, to, [](ByteSpan, const UdpEndpoint&) {})
                            : UdpSocket::create_bound(loop, "127.0.0.1", 0, [](ByteSpan, const UdpEndpoint&) {});
    REQUIRE(client);
    std::vector<Bytes> sent;
    for (const std::size_t size : {1000u, 1000u, 1000u, 400u, 1200u, 1200u, 1u, 1000u, 64u, 64u, 64u, 2048u}) {
      sent.emplace_back(size, static_cast<std::uint8_t>(sent.size() + 1));
    }
    for (int i = 0; i < 150; ++i) sent.emplace_back(500, static_cast<std::uint8_t>(i));  // more than one super-packet holds
    std::vector<UdpSocket::Outgoing> out;
    for (const Bytes& one : sent) out.push_back({to, one});
    CHECK((*client)->send_many(out) == sent.size());
    CHECK((*client)->counters().sent == sent.size());
    CHECK(run_until(loop, [&] { return heard.size() == sent.size(); }));
    CHECK(heard == sent);
  }
}

TEST_CASE("a datagram arrived when the kernel took it, not when somebody read it") {
  Loop loop;
  UdpSocket* socket = nullptr;
  LocalTime arrived{}, read{};
  auto server = UdpSocket::create_bound(loop, "127.0.0.1", 0, [&](ByteSpan, const UdpEndpoint&) {
    arrived = socket->arrived();
    read = local_now();
  });
  REQUIRE(server);
  socket = server->get();
  auto client = UdpSocket::create_connected(loop, *parse_endpoint("127.0.0.1", socket->local().port), [](ByteSpan, const UdpEndpoint&) {});
  REQUIRE(client);
  // The kernel begins to stamp some time after it was first asked to: until then a datagram is stamped when it is read.
  bool stamped = false;
  for (int i = 0; i < 20 && !stamped; ++i) {
    read = LocalTime{};
    const LocalTime before = local_now();
    REQUIRE((*client)->send(to_bytes(as_bytes("datagram"))));
    while (local_now() < before + 30ms) {   // this process does something else
    }
    REQUIRE(run_until(loop, [&] { return read != LocalTime{}; }));
    CHECK(arrived >= before - 1ms);
    stamped = read - arrived > 10ms;
  }
  CHECK(stamped);
}

TEST_CASE("the address that the kernel would take towards the relay is known without sending") {
  const auto local = UdpSocket::local_towards(*parse_endpoint("127.0.0.1", 9));
  REQUIRE(local);
  CHECK(local->address == parse_endpoint("127.0.0.1", 1)->address);
}

TEST_CASE("a socket may be destroyed by its own callback, and oversized datagrams are counted") {
  Loop loop;
  std::unique_ptr<UdpSocket> server;
  bool called = false;
  auto made = UdpSocket::create_bound(loop, "127.0.0.1", 0, [&](ByteSpan, const UdpEndpoint&) {
    called = true;
    server.reset();
  });
  REQUIRE(made);
  server = std::move(*made);
  auto client = UdpSocket::create_connected(loop, *parse_endpoint("127.0.0.1", server->local().port), [](ByteSpan, const UdpEndpoint&) {});
  REQUIRE(client);
  CHECK((*client)->send(Bytes(4000)));
  CHECK(run_until(loop, [&] { return server->counters().truncated == 1; }));
  CHECK((*client)->send(Bytes(3)));
  CHECK((*client)->send(Bytes(3)));
  CHECK(run_until(loop, [&] { return called; }));
  CHECK(server == nullptr);
}

TEST_CASE("endpoints are printed and read alike") {
  CHECK(dump_endpoint(*parse_endpoint("192.0.2.1", 443)) == "192.0.2.1:443");
  CHECK(dump_endpoint(*parse_endpoint("2001:db8::1", 1)) == "[2001:db8::1]:1");
  CHECK_FALSE(parse_endpoint("relay.example", 1));
}
