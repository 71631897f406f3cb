// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/flow/stun_client_leg.h"
#include "relay/core/forwarder.h"

using namespace beside;
using namespace beside::relay;

namespace {
struct Rig {
  Metrics metrics;
  std::uint8_t counter = 0;
  flow::RandomFn random = [this](MutableByteSpan out) { for (auto& b : out) b = ++counter; };
  Forwarder forwarder{random, {.leg_bytes_per_second = 1000, .leg_burst_bytes = 6000}};
  LocalTime now = ManualClock().now();
  const std::string password = std::string(32, 'p');
  void leg(Side side, const std::string& ufrag) { forwarder.put_leg({"s", side, ufrag, password, 1h}, now); }
  Forwarder::Route media(std::uint64_t path, std::size_t bytes, std::size_t datagrams, LocalTime at) {
    const auto leg = forwarder.leg_of(path);
    return leg == Forwarder::kNoLeg ? Forwarder::Route{} : forwarder.on_media(leg, bytes, datagrams, at);
  }
  // Runs a client's whole exchange on that path.
  bool bind(std::uint64_t path, const std::string& ufrag, const std::string& with) {
    flow::StunClientLeg client({ufrag, SecretText(with)}, random);
    client.start(now);
    for (int i = 0; i < 4 && client.state() != flow::StunClientLeg::State::Bound; ++i) {
      while (auto request = client.poll(now)) {
        const auto result = forwarder.on_stun(path, *request, now, metrics);
        if (!result.reply.empty()) (void)client.receive(result.reply, now);
      }
      now += 250ms;
    }
    return client.state() == flow::StunClientLeg::State::Bound;
  }
};
std::uint64_t drops(const Rig& rig, DropReason reason) { return rig.metrics.drops[static_cast<std::size_t>(reason)]; }
}  // namespace

TEST_CASE("media goes to the other leg's bound path only, and strangers get nothing") {
  Rig rig;
  rig.leg(Side::Operator, "operator00000000");
  rig.leg(Side::Customer, "customer00000000");
  CHECK(rig.media(7, 100, 1, rig.now).reason == DropReason::UnboundSource);
  REQUIRE(rig.bind(7, "operator00000000", rig.password));
  CHECK(rig.media(7, 100, 1, rig.now).reason == DropReason::PeerNotBound);
  REQUIRE(rig.bind(9, "customer00000000", rig.password));
  CHECK(rig.media(7, 100, 1, rig.now).path == 9);
  CHECK(rig.media(9, 100, 1, rig.now).path == 7);
  CHECK_FALSE(rig.bind(11, "customer00000000", "wrong"));
  CHECK_FALSE(rig.bind(12, "nobody0000000000", rig.password));
  CHECK(drops(rig, DropReason::UnknownLeg) > 0);
  CHECK(rig.media(11, 100, 1, rig.now).to == Forwarder::kNoLeg);
  CHECK(rig.bind(13, "customer00000000", rig.password));  // the customer's address changed
  CHECK(rig.media(7, 100, 1, rig.now).path == 13);
  CHECK(rig.media(9, 100, 1, rig.now).reason == DropReason::UnboundSource);
}

TEST_CASE("a leg that sends more than its budget is cut, and a silent one is unbound after 30 s") {
  Rig rig;
  rig.leg(Side::Operator, "operator00000000");
  rig.leg(Side::Customer, "customer00000000");
  REQUIRE(rig.bind(7, "operator00000000", rig.password));
  REQUIRE(rig.bind(9, "customer00000000", rig.password));
  CHECK(rig.media(7, 5000, 5, rig.now).path == 9);
  CHECK(rig.media(7, 1000, 1, rig.now).reason == DropReason::OverBudget);
  CHECK(rig.media(9, 1000, 1, rig.now).path == 7);
  rig.now += 31s;
  CHECK(rig.forwarder.poll(rig.now).size() == 2);
  CHECK(rig.media(7, 10, 1, rig.now).reason == DropReason::UnboundSource);
  const auto totals = rig.forwarder.remove_session("s");
  REQUIRE(totals);
  CHECK(totals->bytes[0] == 5000);
  CHECK(totals->datagrams[1] == 1);
  CHECK_FALSE(rig.bind(7, "operator00000000", rig.password));
}
