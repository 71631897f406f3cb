// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <random>

#include "engine/wire/control.h"
#include "relay/net/control_hub.h"
#include "tests/relay/memory_records.h"

using namespace beside;
using namespace beside::relay;

namespace {

struct Scene {
  ManualClock clock;
  HubRig rig;
  Metrics metrics;
  std::mt19937 engine{1};
  ControlHub hub{{}, clock, [this](MutableByteSpan out) { for (auto& b : out) b = static_cast<std::uint8_t>(engine()); }, rig, metrics};
  std::map<std::uint64_t, std::uint64_t> seq;

  void say(std::uint64_t id, control::Envelope e) {
    if (wire::is_sequenced(e)) e.set_seq(++seq[id]);
    hub.received(ConnectionId{id}, wire::serialize_envelope(e));
  }
  void greet(std::uint64_t id, control::Role role, const std::string& ip = "192.0.2.1", const std::string& token = {}) {
    hub.opened(ConnectionId{id}, ip);
    control::Envelope e;
    auto& h = *e.mutable_hello();
    h.set_protocol_min(1);
    h.set_protocol_max(1);
    h.set_build_id(std::string(32, 'b'));
    h.set_role(role);
    h.set_resume_token(token);
    say(id, e);
  }
  // The newest message of that kind to `id`.
  std::optional<control::Envelope> last(std::uint64_t id, control::Envelope::BodyCase kind) {
    auto& all = rig.sent[id];
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
      auto e = wire::parse_envelope(*it);
      REQUIRE(e);
      if (e->body_case() == kind) return *e;
    }
    return std::nullopt;
  }
  control::SessionCreated make_session(std::uint64_t id) {
    control::Envelope e;
    e.mutable_sign_in()->set_token(std::string(32, 't'));
    say(id, e);
    REQUIRE(last(id, control::Envelope::kSignedIn));
    e.Clear();
    e.mutable_new_session()->set_request_id(5);
    say(id, e);
    auto made = last(id, control::Envelope::kSessionCreated);
    REQUIRE(made);
    return made->session_created();
  }
  void join(std::uint64_t id, const std::string& locator) {
    control::Envelope e;
    e.mutable_join_session()->set_request_id(6);
    e.mutable_join_session()->set_locator(locator);
    say(id, e);
  }
};

}  // namespace

TEST_CASE("the second customer with one code is told that it is used") {
  Scene s;
  s.greet(1, control::ROLE_OPERATOR);
  const auto made = s.make_session(1);
  s.greet(2, control::ROLE_CUSTOMER);
  s.greet(3, control::ROLE_CUSTOMER, "198.51.100.1");
  s.join(2, made.locator());
  REQUIRE(s.last(2, control::Envelope::kJoined));
  CHECK(s.last(1, control::Envelope::kPeerState)->peer_state().present());
  s.join(3, made.locator());
  CHECK(s.last(3, control::Envelope::kRefused)->refused().reason() == control::Refused::CODE_USED);
}

TEST_CASE("a session that the store could not keep is not answered as made") {
  Scene s;
  s.greet(1, control::ROLE_OPERATOR);
  control::Envelope e;
  e.mutable_sign_in()->set_token(std::string(32, 't'));
  s.say(1, e);
  s.rig.records.refuse_writes = true;
  e.Clear();
  e.mutable_new_session()->set_request_id(5);
  s.say(1, e);
  CHECK_FALSE(s.last(1, control::Envelope::kSessionCreated));
  CHECK(s.last(1, control::Envelope::kRefused)->refused().reason() == control::Refused::BUSY);
  CHECK(s.hub.sessions().size() == 0);
}

TEST_CASE("a lost peer is absent at once, and back with its resume token") {
  Scene s;
  s.greet(1, control::ROLE_OPERATOR);
  const auto made = s.make_session(1);
  s.greet(2, control::ROLE_CUSTOMER);
  const std::string token = s.last(2, control::Envelope::kWelcome)->welcome().resume_token();
  s.join(2, made.locator());
  s.hub.closed(ConnectionId{2});
  CHECK_FALSE(s.last(1, control::Envelope::kPeerState)->peer_state().present());
  s.greet(3, control::ROLE_CUSTOMER, "192.0.2.9", token);
  CHECK(s.last(3, control::Envelope::kWelcome)->welcome().resumed());
  CHECK(s.last(1, control::Envelope::kPeerState)->peer_state().present());
  s.hub.closed(ConnectionId{3});
  s.clock.advance(5min + 3s);
  s.hub.tick();
  CHECK(s.last(1, control::Envelope::kSessionEnded)->session_ended().reason() == control::SessionEnded::PEER_LOST);
}

TEST_CASE("a peer that sends nonsense or too fast is closed with its reason, and nobody else is") {
  Scene s;
  s.greet(1, control::ROLE_OPERATOR);
  s.greet(2, control::ROLE_CUSTOMER);
  s.hub.received(ConnectionId{2}, as_bytes("\xff\xff\xff nonsense"));
  CHECK(s.last(2, control::Envelope::kGoodbye)->goodbye().reason() == control::Goodbye::PROTOCOL_ERROR);
  s.greet(3, control::ROLE_CUSTOMER);
  control::Envelope ping;
  ping.mutable_ping()->set_nonce(1);
  for (int i = 0; i < 100; ++i) s.say(3, ping);
  CHECK(s.last(3, control::Envelope::kGoodbye)->goodbye().reason() == control::Goodbye::TOO_FAST);
  CHECK(s.rig.closed == std::vector<std::uint64_t>{2, 3});
  s.say(1, ping);
  CHECK(s.last(1, control::Envelope::kPong));
  CHECK(s.metrics.violations[static_cast<std::size_t>(Violation::TooFast)] == 1);
  CHECK(s.metrics.violations[static_cast<std::size_t>(Violation::Malformed)] == 1);
  // One who does not read loses his connection, not his place; nobody else is held up.
  s.greet(4, control::ROLE_CUSTOMER);
  s.rig.reads_nothing = 4;
  s.say(4, ping);
  CHECK(s.rig.closed == std::vector<std::uint64_t>{2, 3, 4});
  CHECK(s.metrics.violations[static_cast<std::size_t>(Violation::SlowReader)] == 1);
  const std::size_t heard = s.rig.sent[1].size();
  s.say(1, ping);
  CHECK(s.rig.sent[1].size() > heard);
}

TEST_CASE("who is not signed in makes no session and reads no log, and each reading is audited") {
  Scene s;
  s.greet(1, control::ROLE_OPERATOR);
  control::Envelope e;
  e.mutable_new_session()->set_request_id(5);
  s.say(1, e);
  CHECK(s.last(1, control::Envelope::kRefused)->refused().reason() == control::Refused::NOT_SIGNED_IN);
  const auto made = s.make_session(1);
  e.Clear();
  e.mutable_read_log()->set_session_id(made.session_id());
  e.mutable_read_log()->set_reason("complaint 17");
  s.say(1, e);
  const auto rows = s.last(1, control::Envelope::kLogRows);
  REQUIRE(rows);
  CHECK(rows->log_rows().last());
  CHECK(rows->log_rows().rows_size() >= 1);
  REQUIRE(s.rig.records.audits.size() == 1);
  CHECK(s.rig.records.audits[0].after == "complaint 17");
}

TEST_CASE("chat counts as delivered when its acknowledgement has come, and not before") {
  Scene s;
  s.greet(1, control::ROLE_OPERATOR);
  const auto made = s.make_session(1);
  s.greet(2, control::ROLE_CUSTOMER);
  s.join(2, made.locator());
  control::Envelope e;
  e.mutable_chat()->set_session_id(made.session_id());
  e.mutable_chat()->set_client_id(std::string(16, 'c'));
  e.mutable_chat()->set_sealed("x");
  s.say(1, e);
  const auto got = s.last(2, control::Envelope::kChatDelivered);
  REQUIRE(got);
  CHECK(s.rig.records.delivered.empty());
  control::Envelope ack;
  ack.set_ack(got->seq());
  s.say(2, ack);
  CHECK(s.rig.records.delivered[{made.session_id(), 1}] == 1);
}

TEST_CASE("an operator who is disabled loses his sessions within seconds") {
  Scene s;
  s.greet(1, control::ROLE_OPERATOR);
  (void)s.make_session(1);
  s.rig.records.demo.disabled_at = 1;
  s.clock.advance(6s);
  s.hub.tick();
  CHECK(s.last(1, control::Envelope::kSessionEnded)->session_ended().reason() == control::SessionEnded::RELAY_POLICY);
  CHECK(s.hub.sessions().size() == 0);
}
