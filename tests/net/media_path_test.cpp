// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "tests/net/media_responder.h"

using namespace beside;
using namespace beside::net;

TEST_CASE("media takes UDP where it works, and TLS is not bound") {
  Loop loop;
  MediaResponder relay(loop);
  WatchedMedia media(loop, relay.config(), relay.ticket());
  CHECK_FALSE(media.path->link().send_one(as_bytes("\x80too early")));
  CHECK(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
  CHECK(media.echo(loop));
  REQUIRE(relay.leg.bound_path());
  CHECK(*relay.leg.bound_path() >= MediaResponder::kUdp);
  CHECK(media.path->counters().dropped_no_rung == 1);
}

TEST_CASE("where UDP is swallowed media comes up over TLS with the reason, and UDP is found once it works") {
  Loop loop;
  MediaResponder relay(loop);
  relay.swallow_udp = true;
  MediaPathConfig config = relay.config();
  config.retry_better = 300ms;
  WatchedMedia media(loop, config, relay.ticket());
  CHECK(media.reaches(loop, MediaRung::Tls, MediaReason::UdpBlocked));
  CHECK(relay.udp_heard > 0);
  CHECK(config.control.ways->count(Way::Udp, WayFailure::NoAnswer) == 1);
  CHECK(config.control.ways->failures() == "udp: no_answer 1 of 1 tries");
  CHECK(media.echo(loop));
  relay.swallow_udp = false;
  CHECK(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
  CHECK(media.echo(loop));
  for (const auto& state : media.states) CHECK(state.reason != MediaReason::Unreachable);
}

TEST_CASE("paths = tls sends no UDP packet at all") {
  Loop loop;
  MediaResponder relay(loop);
  MediaPathConfig config = relay.config();
  config.tls_only = true;
  WatchedMedia media(loop, config, relay.ticket());
  CHECK(media.reaches(loop, MediaRung::Tls, MediaReason::PolicyTls));
  CHECK(media.echo(loop));
  CHECK(relay.udp_heard == 0);
}

TEST_CASE("UDP that dies in the session is replaced by TLS after a probe") {
  Loop loop;
  MediaResponder relay(loop);
  WatchedMedia media(loop, relay.config(), relay.ticket());
  REQUIRE(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
  relay.swallow_udp = true;
  media.path->probe_now();
  CHECK(run_until(loop, [&] { return media.path->state().rung == MediaRung::Tls; }));
  CHECK(media.echo(loop));
}

TEST_CASE("UDP that dies while media is sent gives way to TLS at once, without an order and without a word from the other end") {
  Loop loop;
  MediaResponder relay(loop);
  WatchedMedia media(loop, relay.config(), relay.ticket());
  REQUIRE(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
  REQUIRE(media.echo(loop));
  relay.swallow_udp = true;
  const LocalTime died = loop.now();
  CHECK(run_until(loop, [&] {
    (void)media.path->link().send_one(as_bytes("\x80media"));
    return media.path->state().rung == MediaRung::Tls;
  }));
  CHECK(media.echo(loop));
  CHECK(loop.now() - died < 3s);  // about 350 ms on a quiet machine; a consent check would take 5 s
}

// UDP came back, took over from TLS and died again within the second in which TLS lingers. TLS was started anew, and the end of
// its lingering from before stopped it: nothing was asked any more until UDP's consent ran out after half a minute.
TEST_CASE("a way that is started anew while it lingers is not ended by the end of that lingering") {
  Loop loop;
  MediaResponder relay(loop);
  relay.swallow_udp = true;
  MediaPathConfig config = relay.config();
  config.retry_better = 100ms;
  WatchedMedia media(loop, config, relay.ticket());
  REQUIRE(media.reaches(loop, MediaRung::Tls, MediaReason::UdpBlocked));
  relay.swallow_udp = false;
  REQUIRE(media.reaches(loop, MediaRung::Udp, MediaReason::Best));   // from here on TLS lingers for a second
  relay.swallow_udp = relay.swallow_tls = true;
  media.path->probe_now();
  run_until(loop, [] { return false; }, 1500ms);
  relay.swallow_tls = false;
  CHECK(run_until(loop, [&] { return media.path->state().rung == MediaRung::Tls; }));
  CHECK(media.echo(loop));
}

TEST_CASE("a UDP way that answers late is not given up, and what was prepared in its place is put away") {
  Loop loop;
  MediaResponder relay(loop);
  WatchedMedia media(loop, relay.config(), relay.ticket());
  REQUIRE(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
  REQUIRE(media.echo(loop));
  relay.swallow_udp = true;
  media.path->probe_now();
  run_until(loop, [] { return false; }, 100ms);   // beyond the first patience, before the second
  relay.swallow_udp = false;
  run_until(loop, [] { return false; }, 500ms);
  CHECK(media.path->state() == MediaPath::State{MediaRung::Udp, MediaReason::Best});
  CHECK(media.echo(loop));
  CHECK(relay.leg.bound_path() >= MediaResponder::kUdp);
  CHECK(run_until(loop, [&] { return relay.tls->connection_count() == 0; }));
}

TEST_CASE("a TLS way that stands still is raced by a new connection, which takes its place") {
  Loop loop;
  MediaResponder relay(loop);
  MediaPathConfig config = relay.config();
  config.tls_only = true;
  WatchedMedia media(loop, config, relay.ticket());
  REQUIRE(media.reaches(loop, MediaRung::Tls, MediaReason::PolicyTls));
  REQUIRE(media.echo(loop));
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = *relay.leg.bound_path();
    relay.deaf_to = before;
    CHECK(run_until(loop, [&] {
      (void)media.path->link().send_one(as_bytes("\x80media"));
      return relay.leg.bound_path() && *relay.leg.bound_path() != before;
    }));
    CHECK(media.echo(loop));
    CHECK(media.path->state().rung == MediaRung::Tls);
  }
  for (const auto& state : media.states) CHECK(state.reason != MediaReason::Unreachable);
  CHECK(run_until(loop, [&] { return relay.tls->connection_count() == 1; }));
}

TEST_CASE("a translator's new address is noticed by the silence and proven to the relay, without a race or a new ticket") {
  Loop loop;
  MediaResponder relay(loop);
  WatchedMedia media(loop, relay.config(), relay.ticket());
  REQUIRE(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
  REQUIRE(media.echo(loop));
  const std::size_t states = media.states.size();
  for (int i = 0; i < 2; ++i) {
    relay.translate_anew();
    const std::uint64_t before = *relay.leg.bound_path();
    const LocalTime changed = loop.now();
    CHECK(media.echo(loop));
    CHECK(*relay.leg.bound_path() != before);
    CHECK(loop.now() - changed < 3s);  // about 300 ms on a quiet machine
  }
  CHECK(media.states.size() == states);
  CHECK(media.path->state().rung == MediaRung::Udp);
}

TEST_CASE("a lost TLS way is raced again and comes back") {
  Loop loop;
  MediaResponder relay(loop);
  MediaPathConfig config = relay.config();
  config.tls_only = true;
  WatchedMedia media(loop, config, relay.ticket());
  REQUIRE(media.reaches(loop, MediaRung::Tls, MediaReason::PolicyTls));
  relay.tls->close(ConnectionId{*relay.leg.bound_path()}, 1001, "restart");
  CHECK(media.reaches(loop, MediaRung::None, MediaReason::Starting));
  CHECK(media.reaches(loop, MediaRung::Tls, MediaReason::PolicyTls));
  CHECK(media.echo(loop));
}

TEST_CASE("media goes through the proxy where nothing else leads out") {
  Loop loop;
  MediaResponder relay(loop);
  const TestProxy proxy(ProxyMode::DigestSha256, relay.tls->port());
  MediaPathConfig config = relay.config();
  config.control.address.port = 1;  // leads nowhere but through the proxy
  config.control.proxy = proxy.setting();
  MediaTicket ticket = relay.ticket();
  ticket.udp_port = 0;
  WatchedMedia media(loop, config, ticket);
  CHECK(media.reaches(loop, MediaRung::TlsProxy, MediaReason::UdpNotOffered));
  CHECK(media.echo(loop));
  CHECK(proxy.tunnels() == 1);
}

TEST_CASE("wrong credentials bind nothing, and an expired ticket is named") {
  Loop loop;
  MediaResponder relay(loop);
  MediaTicket ticket = relay.ticket();
  ticket.password = "another password of the same size";
  ticket.expires = loop.now() - 1s;
  MediaPathConfig config = relay.config();
  config.control.address.port = 1;
  ticket.udp_port = 0;
  WatchedMedia media(loop, config, ticket);
  CHECK(media.reaches(loop, MediaRung::None, MediaReason::Expired));
  CHECK_FALSE(relay.leg.bound_path());
}
