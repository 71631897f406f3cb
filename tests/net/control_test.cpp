// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

TEST_CASE("a pinned control connection carries messages both ways in order") {
  Loop loop;
  WsServer* at = nullptr;
  std::string path;
  auto server = WsServer::create(loop, local_server(), test_identity(),
                                 {[&](ConnectionId, const std::string& p, const PeerAddress& peer) {
                                    path = p;
                                    CHECK(peer.ip == "127.0.0.1");
                                    CHECK(peer.port != 0);
                                  },
                                  [&](ConnectionId id, ByteSpan message) { CHECK(at->send(id, to_bytes(message))); },
                                  {}});
  REQUIRE(server);
  at = server->get();
  const auto control = make_relay_control(loop, {local_route(at->port(), test_identity().spki_sha256()), "/v1/control"});
  CHECK_FALSE(control->send(Bytes(1)));
  std::vector<std::size_t> sizes;
  control->open({[&] {
                   for (std::size_t size : {0u, 1u, 200'000u, 7u}) CHECK(control->send(Bytes(size, 'x')));
                 },
                 [&](Bytes message) { sizes.push_back(message.size()); },
                 [&](const Error& error) { FAIL_CHECK(dump_error(error)); }});
  CHECK(run_until(loop, [&] { return sizes.size() == 4; }));
  CHECK(sizes == std::vector<std::size_t>{0, 1, 200'000, 7});
  CHECK(path == "/v1/control");
  CHECK(control->describe().find("TLSv1.3, pinned") != std::string::npos);
}

TEST_CASE("a wrong pin is refused and not one byte of application data reaches the server") {
  Loop loop;
  int opened = 0, heard = 0;
  auto server = WsServer::create(loop, local_server(), test_identity(),
                                 {[&](ConnectionId, const std::string&, const PeerAddress&) { ++opened; },
                                  [&](ConnectionId, ByteSpan) { ++heard; },
                                  {}});
  REQUIRE(server);
  SpkiPin wrong = test_identity().spki_sha256();
  wrong[31] ^= 1;
  const auto control = make_relay_control(loop, {local_route((*server)->port(), wrong), "/v1/control"});
  Error seen;
  control->open({[&] { FAIL_CHECK("up"); }, {}, [&](const Error& error) { seen = error; control->close(); }});
  CHECK(run_until(loop, [&] { return !seen.where.empty() && (*server)->connection_count() == 0; }));
  CHECK(seen.kind == ErrorKind::Refused);
  CHECK(seen.where == "net/pin");
  CHECK(opened == 0);
  CHECK(heard == 0);
  // The server never got past the TLS handshake, so there was no key under which data could have been sent.
  CHECK((*server)->counters().closed_as(CloseKind::Tls) == 1);
}

TEST_CASE("a certificate that nobody vouches for is refused without a pin") {
  Loop loop;
  auto server = WsServer::create(loop, local_server(), test_identity(), {});
  REQUIRE(server);
  const auto control = make_relay_control(loop, {local_route((*server)->port(), std::nullopt), "/v1/control"});
  Error seen;
  control->open({{}, {}, [&](const Error& error) { seen = error; }});
  CHECK(run_until(loop, [&] { return !seen.where.empty(); }));
  CHECK(seen.kind == ErrorKind::Refused);
  CHECK(seen.where == "net/trust");
}

TEST_CASE("an unreachable relay is told in a sentence and tried again") {
  Loop loop;
  const auto control = make_relay_control(loop, {local_route(1, test_identity().spki_sha256()), "/v1/control"});
  int downs = 0;
  Error seen;
  control->open({{}, {}, [&](const Error& error) {
                   ++downs;
                   seen = error;
                 }});
  CHECK(run_until(loop, [&] { return downs == 2; }));
  CHECK(seen.kind == ErrorKind::Environment);
  CHECK(seen.detail.find("127.0.0.1:1") != std::string::npos);
}

TEST_CASE("the control connection comes back by itself after the relay's restart") {
  Loop loop;
  auto server = WsServer::create(loop, local_server(), test_identity(), {});
  REQUIRE(server);
  const std::uint16_t port = (*server)->port();
  const auto control = make_relay_control(loop, {local_route(port, test_identity().spki_sha256()), "/v1/control"});
  control->set_eager(true);
  int ups = 0, downs = 0;
  control->open({[&] { ++ups; }, {}, [&](const Error&) { ++downs; }});
  REQUIRE(run_until(loop, [&] { return ups == 1; }));
  server->reset();
  REQUIRE(run_until(loop, [&] { return downs >= 2; }));
  CHECK_FALSE(control->send(Bytes(1)));
  server = WsServer::create(loop, local_server(port), test_identity(), {});
  REQUIRE(server);
  CHECK(run_until(loop, [&] { return ups == 2; }));
  control->reconnect_now();
  CHECK(run_until(loop, [&] { return ups == 3; }));
}

TEST_CASE("what was sent before close still arrives, and the server hears a good-bye") {
  Loop loop;
  std::size_t heard = 0;
  CloseKind how = CloseKind::kCount;
  auto server = WsServer::create(loop, local_server(), test_identity(),
                                 {{},
                                  [&](ConnectionId, ByteSpan message) { heard += message.size(); },
                                  [&](ConnectionId, const CloseReason& reason) { how = reason.kind; }});
  REQUIRE(server);
  const auto control = make_relay_control(loop, {local_route((*server)->port(), test_identity().spki_sha256()), "/v1/control"});
  control->open({[&] {
                   for (int i = 0; i < 3; ++i) CHECK(control->send(Bytes(100'000)));
                   control->close();
                 },
                 {}, [&](const Error& error) { FAIL_CHECK(dump_error(error)); }});
  CHECK(run_until(loop, [&] { return how != CloseKind::kCount; }));
  CHECK(heard == 300'000);
  CHECK(how == CloseKind::PeerClosed);
}
