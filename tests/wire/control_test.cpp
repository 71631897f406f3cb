// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/control.h"

#include <doctest/doctest.h>

#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

namespace {
const std::string kSession = "01890a5d-ac96-774b-bcce-b302099a8057";
Result<control::Envelope> again(const control::Envelope& e) { return parse_envelope(serialize_envelope(e)); }
}  // namespace

TEST_CASE("the control vectors parse to what their dissection says") {
  const auto hello = parse_envelope(test::read_vector("wire_control_hello"));
  REQUIRE(hello);
  CHECK(hello->hello().program() == "beside");
  CHECK(hello->hello().role() == control::ROLE_CUSTOMER);
  CHECK(hello->hello().build_id().size() == 32);
  CHECK_FALSE(is_sequenced(*hello));
  const auto join = parse_envelope(test::read_vector("wire_control_join"));
  REQUIRE(join);
  CHECK(join->seq() == 1);
  CHECK(join->ack() == 3);
  CHECK(join->join_session().locator() == "482");
  CHECK(is_sequenced(*join));
  const auto tunnel = parse_envelope(test::read_vector("wire_control_tunnel"));
  REQUIRE(tunnel);
  CHECK(tunnel->tunnel().offset() == 65536);
  CHECK(tunnel->tunnel().data().size() == 3);
  CHECK(dump_envelope(*tunnel) == "Tunnel seq=0 ack=9 54 bytes offset=65536 data=3 tunnel_ack=17");
}

TEST_CASE("a field outside of its limit is the peer's fault and is named") {
  control::Envelope e;
  auto* join = e.mutable_join_session();
  const auto refused = [&](std::string_view where) {
    const auto r = again(e);
    return !r && r.error().kind == ErrorKind::PeerFault && r.error().where == where;
  };
  for (const char* locator : {"", "48", "48a", "4829135074", "482 "}) {
    join->set_locator(locator);
    CHECK(refused("wire/control: join_session.locator"));
  }
  join->set_locator("482913507");
  CHECK(again(e));
  join->set_hashcash("1234567");
  CHECK(refused("wire/control: join_session.hashcash"));
  auto* hello = e.mutable_hello();
  hello->set_protocol_min(1);
  hello->set_protocol_max(1);
  hello->set_role(control::ROLE_OPERATOR);
  hello->set_build_id(std::string(31, 'x'));
  CHECK(refused("wire/control: hello.build_id"));
  hello->set_build_id(std::string(32, 'x'));
  CHECK(again(e));
  hello->set_program(std::string(33, 'p'));
  CHECK(refused("wire/control: hello.program"));
  hello->set_program("p");
  hello->set_role(static_cast<control::Role>(9));
  CHECK(refused("wire/control: hello.role"));
  hello->set_role(control::ROLE_KIOSK);
  hello->set_protocol_max(0);
  CHECK(refused("wire/control: hello.protocol"));
  e.mutable_peer_state()->set_session_id("01890A5D-AC96-774B-BCCE-B302099A8057");
  CHECK(refused("wire/control: peer_state.session_id"));
  auto* tunnel = e.mutable_tunnel();
  tunnel->set_session_id(kSession);
  tunnel->set_data(std::string(kMaxTunnelBytes + 1, 'x'));
  CHECK(refused("wire/control: tunnel.data"));
  tunnel->set_data("xx");
  tunnel->set_offset(UINT64_MAX - 1);
  CHECK(refused("wire/control: tunnel.offset"));
  auto* chat = e.mutable_chat();
  chat->set_session_id(kSession);
  chat->set_client_id(std::string(16, 'i'));
  chat->set_sealed(std::string(kMaxChatBytes + 1, 'x'));
  CHECK(refused("wire/control: chat.sealed"));
  chat->set_sealed("x");
  CHECK(again(e));
}

TEST_CASE("texts that are not UTF-8, floods and torn messages are refused") {
  Bytes bad{0xA2, 0x01, 4, 0x12, 2, 0xff, 0xfe};  // SignIn.login
  CHECK_FALSE(parse_envelope(bad));
  CHECK_FALSE(parse_envelope(Bytes(kMaxControlBytes + 1, 0)));
  CHECK_FALSE(parse_envelope(Bytes{0x82}));
  CHECK(parse_envelope({}));  // an empty envelope says nothing and harms nobody
}

TEST_CASE("a seq on a message that has none is refused, a body of tomorrow is not") {
  control::Envelope e;
  e.set_seq(4);
  e.mutable_ping()->set_nonce(1);
  CHECK_FALSE(again(e));
  // Field 1000, length-delimited: a body that this version does not know, with seq 5.
  const auto unknown = parse_envelope(Bytes{0x08, 5, 0xC2, 0x3E, 1, 'x'});
  REQUIRE(unknown);
  CHECK(unknown->body_case() == control::Envelope::BODY_NOT_SET);
  CHECK(unknown->seq() == 5);
}
