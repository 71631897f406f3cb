// SPDX-License-Identifier: GPL-3.0-or-later
// What a client may send, in any order: the input is cut into messages by u16 lengths and given to the control hub, first
// as a stranger's, then as a signed-in operator's who has said Hello.
#include "engine/wire/control.h"
#include "relay/net/control_hub.h"
#include "tests/relay/memory_records.h"

using namespace beside;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ManualClock clock;
  relay::HubRig rig;
  relay::Metrics metrics;
  std::uint8_t counter = 0;
  relay::ControlHub hub({}, clock, [&](MutableByteSpan out) { for (auto& b : out) b = ++counter; }, rig, metrics);
  for (std::uint64_t id : {1u, 2u}) {
    hub.opened(ConnectionId{id}, "192.0.2.1");
    if (id == 2) {
      control::Envelope hello, sign_in;
      hello.mutable_hello()->set_protocol_min(1);
      hello.mutable_hello()->set_protocol_max(1);
      hello.mutable_hello()->set_build_id(std::string(32, 'b'));
      hello.mutable_hello()->set_role(control::ROLE_OPERATOR);
      hub.received(ConnectionId{id}, wire::serialize_envelope(hello));
      sign_in.set_seq(1);
      sign_in.mutable_sign_in()->set_token(std::string(32, 't'));
      hub.received(ConnectionId{id}, wire::serialize_envelope(sign_in));
    }
    ByteReader in({data, size});
    while (in.remaining() > 2) {
      const std::size_t length = std::min<std::size_t>(in.u16(), in.remaining());
      hub.received(ConnectionId{id}, in.bytes(length));
      clock.advance(50ms);
      hub.tick();
    }
    hub.closed(ConnectionId{id});
  }
  clock.advance(std::chrono::hours(2));
  hub.tick();
  hub.shut_down(100);
  return 0;
}
