// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/way_book.h"

#include <doctest/doctest.h>

#include "engine/net/media_path.h"
#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

namespace {

struct Bad {
  ProxyMode mode;
  WayFailure counted;
  const char* password;
};
constexpr Bad kBad[] = {
    {ProxyMode::Nonsense, WayFailure::ProxyNonsense, "pa:ss"},   {ProxyMode::EarlyBytes, WayFailure::ProxyNonsense, "pa:ss"},
    {ProxyMode::Endless, WayFailure::ProxyNonsense, "pa:ss"},    {ProxyMode::Interim, WayFailure::ProxyNonsense, "pa:ss"},
    {ProxyMode::Closes, WayFailure::ProxyGone, "pa:ss"},         {ProxyMode::Garbage, WayFailure::Tls, "pa:ss"},
    {ProxyMode::Forbid, WayFailure::ProxyRefused, "pa:ss"},      {ProxyMode::Basic, WayFailure::ProxyRefused, "wrong"},
};

}  // namespace

TEST_CASE("a control connection's failures at a proxy are counted by reason, each try once") {
  for (const Bad& bad : kBad) {
    CAPTURE(static_cast<int>(bad.mode));
    Loop loop;
    const TestProxy proxy(bad.mode, 1);
    RelayRoute route = local_route(1, test_identity().spki_sha256());
    route.proxy = proxy.setting(bad.password);
    const auto control = make_relay_control(loop, {route, "/v1/control"});
    control->set_eager(true);
    int downs = 0;
    control->open({{}, {}, [&](const Error&) { ++downs; }});
    REQUIRE(run_until(loop, [&] { return downs == 2; }));
    control->close();
    CHECK(route.ways->tries(Way::Control) == 2);
    CHECK(route.ways->times_up(Way::Control) == 0);
    CHECK(route.ways->count(Way::Control, bad.counted) == 2);
    CHECK(route.ways->failures() == "control: " + std::string(to_string(bad.counted)) + " 2 of 2 tries");
  }
}

TEST_CASE("media that gets out by no way at all counts each way's reason") {
  for (const Bad& bad : kBad) {
    CAPTURE(static_cast<int>(bad.mode));
    Loop loop;
    const TestProxy proxy(bad.mode, 1);
    MediaPathConfig config;
    config.control = local_route(1, test_identity().spki_sha256());   // nobody listens there
    config.control.proxy = proxy.setting(bad.password);
    config.stagger = 20ms;
    const auto path = MediaPath::create(loop, config, {"127.0.0.1", 0, "ufrag0123456789a", "password-password-password-1234", kNever}, {});
    path->start();
    const WayBook& ways = *config.control.ways;
    CHECK(run_until(loop, [&] { return ways.count(Way::TlsProxy, bad.counted) > 0 && ways.count(Way::Tls, WayFailure::Connect) > 0; }));
    CHECK(ways.tries(Way::Udp) == 0);
    CHECK(ways.times_up(Way::TlsProxy) == 0);
  }
}

TEST_CASE("a relay that shows another certificate, or none of ours, is counted as that") {
  Loop loop;
  auto server = WsServer::create(loop, local_server(), test_identity(), {});
  REQUIRE(server);
  SpkiPin wrong = test_identity().spki_sha256();
  wrong[0] ^= 1;
  const auto failed_as = [&](const RelayRoute& route, const char* path) {
    const auto control = make_relay_control(loop, {route, path});
    bool down = false;
    control->open({{}, {}, [&](const Error&) { down = true; }});
    CHECK(run_until(loop, [&] { return down; }));
    return route.ways->failures();
  };
  CHECK(failed_as(local_route((*server)->port(), wrong), "/v1/control") == "control: untrusted 1 of 1 tries");
  CHECK(failed_as(local_route((*server)->port(), std::nullopt), "/v1/control") == "control: untrusted 1 of 1 tries");
  CHECK(failed_as(local_route((*server)->port(), test_identity().spki_sha256()), "/somewhere/else") == "control: not_a_relay 1 of 1 tries");
  CHECK(failed_as(local_route(1, wrong), "/v1/control") == "control: connect 1 of 1 tries");
}

TEST_CASE("what never failed is not named, and what came up is counted") {
  Loop loop;
  auto server = WsServer::create(loop, local_server(), test_identity(), {});
  REQUIRE(server);
  const RelayRoute route = local_route((*server)->port(), test_identity().spki_sha256());
  const auto control = make_relay_control(loop, {route, "/v1/control"});
  bool up = false;
  control->open({[&] { up = true; }, {}, {}});
  REQUIRE(run_until(loop, [&] { return up; }));
  CHECK(route.ways->times_up(Way::Control) == 1);
  CHECK(route.ways->failures().empty());
  server->reset();
  CHECK(run_until(loop, [&] { return route.ways->count(Way::Control, WayFailure::Connect) >= 1; }));   // it broke
}
