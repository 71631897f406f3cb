// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/flow/inner_mux.h"
#include "engine/flow/reliable_control.h"
#include "engine/flow/tunnel_stream.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;

namespace {
const std::string kSession = "01890a5d-ac96-774b-bcce-b302099a8057";

control::Envelope fetch(std::uint64_t after) {
  control::Envelope e;
  e.mutable_chat_fetch()->set_session_id(kSession);
  e.mutable_chat_fetch()->set_after_seq(after);
  return e;
}
// Hands over what waits; `take` of the messages arrive, the rest is lost with the connection.
std::vector<std::uint64_t> deliver(ReliableControl& from, ReliableControl& to, LocalTime now, std::size_t take = 1000) {
  std::vector<std::uint64_t> got;
  for (const Bytes& bytes : from.take_outgoing(now)) {
    if (take-- == 0) break;
    const auto message = to.receive(bytes, now);
    REQUIRE(message);
    if (*message && (*message)->has_chat_fetch()) got.push_back((*message)->chat_fetch().after_seq());
  }
  return got;
}
using Numbers = std::vector<std::uint64_t>;
}  // namespace

TEST_CASE("control messages survive a lost connection, once and in order") {
  ManualClock clock;
  ReliableControl client, relay;
  client.connected();
  relay.connected();
  REQUIRE(client.send(fetch(1), clock.now()));
  CHECK(client.take_outgoing(clock.now()).empty());  // kept until the handshake
  client.restart(clock.now());
  relay.restart(clock.now());
  REQUIRE(client.send(fetch(2), clock.now()));
  REQUIRE(client.send(fetch(3), clock.now()));
  CHECK(deliver(client, relay, clock.now(), 2) == Numbers{1, 2});  // 3 is lost
  client.disconnected();
  relay.disconnected();
  REQUIRE(client.send(fetch(4), clock.now()));
  client.connected();
  relay.connected();
  REQUIRE(relay.resume(client.last_received(), clock.now()));
  REQUIRE(client.resume(relay.last_received(), clock.now()));
  CHECK(deliver(client, relay, clock.now()) == Numbers{3, 4});
  CHECK(client.unacknowledged() == 2);
  CHECK(relay.next_deadline() <= clock.now() + milliseconds(200));
  clock.advance(milliseconds(200));
  deliver(relay, client, clock.now());
  CHECK(client.unacknowledged() == 0);
}

TEST_CASE("a relay that forgot everything gets what was unacknowledged under new numbers") {
  ManualClock clock;
  ReliableControl client;
  client.connected();
  client.restart(clock.now());
  for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE(client.send(fetch(i), clock.now()));
  {
    ReliableControl relay;
    relay.connected();
    relay.restart(clock.now());
    deliver(client, relay, clock.now(), 1);
    clock.advance(milliseconds(200));
    deliver(relay, client, clock.now());
  }
  ReliableControl fresh;
  client.connected();
  fresh.connected();
  fresh.restart(clock.now());
  client.restart(clock.now());
  CHECK(deliver(client, fresh, clock.now()) == Numbers{2, 3});
  CHECK(fresh.last_received() == 2);
}

TEST_CASE("gaps, false acknowledgements and overflow are errors") {
  ManualClock clock;
  ReliableControl relay(ReliableControl::Limits{2, 1000, milliseconds(100)});
  relay.connected();
  relay.restart(clock.now());
  auto message = fetch(1);
  message.set_seq(2);
  CHECK(relay.receive(wire::serialize_envelope(message), clock.now()).error().kind == ErrorKind::PeerFault);
  message.set_seq(1);
  message.set_ack(1);
  CHECK(relay.receive(wire::serialize_envelope(message), clock.now()).error().kind == ErrorKind::PeerFault);
  REQUIRE(relay.send(fetch(1), clock.now()));
  REQUIRE(relay.send(fetch(2), clock.now()));
  CHECK(relay.send(fetch(3), clock.now()).error().kind == ErrorKind::Limit);
  CHECK_FALSE(relay.resume(3, clock.now()));
}

TEST_CASE("the acknowledgement of a heartbeat rides on what follows, that of a file does not wait") {
  ManualClock clock;
  clock.advance(seconds(1));
  TunnelStream a(kSession), b(kSession);
  REQUIRE(a.write(Bytes(60, 1)));
  const auto little = a.poll(clock.now());
  REQUIRE(little);
  REQUIRE(b.receive(*little, clock.now()));
  CHECK(b.next_deadline() - clock.now() > milliseconds(500));
  CHECK(b.next_deadline() - clock.now() < TunnelStream::kSilence / 2);   // before it would be sent again
  CHECK_FALSE(b.poll(clock.now() + milliseconds(500)));
  REQUIRE(b.write(Bytes(60, 2)));
  const auto answer = b.poll(clock.now());
  REQUIRE(answer);
  CHECK(answer->ack() == 60);
  CHECK(b.next_deadline() == clock.now() + TunnelStream::kSilence);      // nothing to acknowledge any more
  REQUIRE(a.write(Bytes(5000, 3)));
  const auto much = a.poll(clock.now());
  REQUIRE(much);
  REQUIRE(b.receive(*much, clock.now()));
  CHECK(b.next_deadline() - clock.now() <= milliseconds(50));
}

TEST_CASE("the tunnel carries every byte once and in order whatever is lost or repeated") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    ManualClock clock;
    test::VirtualNet there(seed, {.loss = 0.1, .duplicate = 0.1, .reorder = 0.1});
    test::VirtualNet back(seed + 100, {.loss = 0.1, .duplicate = 0.1, .reorder = 0.1});
    TunnelStream a(kSession, 1000), b(kSession, 1000);
    Bytes data, got;
    for (int i = 0; i < 50'000; ++i) data.push_back(static_cast<std::uint8_t>(i * 31 >> 3));
    REQUIRE(a.write(data));
    for (int step = 0; step < 30'000 && (got.size() < data.size() || a.unacknowledged() > 0); ++step) {
      while (auto piece = a.poll(clock.now())) there.send(to_bytes(as_bytes(piece->SerializeAsString())), clock.now());
      while (auto piece = b.poll(clock.now())) back.send(to_bytes(as_bytes(piece->SerializeAsString())), clock.now());
      const auto feed = [&](TunnelStream& end, const Bytes& bytes) {
        control::Tunnel piece;
        REQUIRE(piece.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
        auto fresh = end.receive(piece, clock.now());
        REQUIRE(fresh);
        return *fresh;
      };
      for (const Bytes& bytes : there.arrivals(clock.now())) {
        const Bytes fresh = feed(b, bytes);
        got.insert(got.end(), fresh.begin(), fresh.end());
      }
      for (const Bytes& bytes : back.arrivals(clock.now())) (void)feed(a, bytes);
      clock.advance(milliseconds(10));
    }
    CHECK(got == data);
    CHECK(a.unacknowledged() == 0);
  }
}

TEST_CASE("hostile offsets and acknowledgements of the tunnel are the peer's fault") {
  TunnelStream stream(kSession);
  const auto faulty = [&](std::uint64_t offset, const std::string& data, std::uint64_t ack) {
    control::Tunnel piece;
    piece.set_offset(offset);
    piece.set_data(data);
    piece.set_ack(ack);
    const auto r = stream.receive(piece, LocalTime(seconds(1)));
    return !r && r.error().kind == ErrorKind::PeerFault;
  };
  CHECK(faulty(0, "x", 1));
  CHECK(faulty(UINT64_MAX, "xx", 0));
  CHECK(faulty(TunnelStream::kWindow + 1, "x", 0));
  CHECK(faulty(0, std::string(65537, 'x'), 0));
  CHECK_FALSE(faulty(0, "x", 0));
  CHECK_FALSE(stream.write(Bytes(TunnelStream::kWindow + 1, 0)));
}

TEST_CASE("a Stop overtakes a large file, and credit bounds what is on the way") {
  InnerMux a, b;
  b.set_manual_credit(InnerMux::kFiles);
  for (int i = 0; i < 10; ++i) REQUIRE(a.send(InnerMux::kFiles, Bytes(60'000, 'f')));
  (void)b.receive(a.take_outgoing(20'000));
  REQUIRE(a.send(InnerMux::kControl, as_bytes("stop")));
  const auto first = b.receive(a.take_outgoing(10'000));
  REQUIRE(first);
  REQUIRE_FALSE(first->empty());
  CHECK(first->front().stream == InnerMux::kControl);
  CHECK(as_text(first->front().bytes) == "stop");
  // Nobody consumes the file: it stops at its credit, and control goes on.
  std::size_t files = 0;
  for (int i = 0; i < 100; ++i) files += b.receive(a.take_outgoing(20'000)).value().size();
  CHECK(files == 4);
  CHECK_FALSE(a.has_outgoing());
  REQUIRE(a.send(InnerMux::kControl, as_bytes("still here")));
  CHECK(b.receive(a.take_outgoing(20'000)).value().size() == 1);
  b.consumed(InnerMux::kFiles, 4 * 60'000);
  REQUIRE(a.receive(b.take_outgoing(1000)));
  for (int i = 0; i < 100; ++i) files += b.receive(a.take_outgoing(20'000)).value().size();
  CHECK(files == 8);
}

TEST_CASE("frames that break the rules end the inner channel") {
  const auto faulty = [](const Bytes& frames) { return !InnerMux().receive(frames); };
  CHECK(faulty({9, 0, 0, 0, 1, 0}));
  CHECK(faulty({1, 16, 0, 0, 1, 0}));
  CHECK(faulty({1, 0, 0, 0, 0}));
  CHECK(faulty({1, 0, 0xff, 0xff, 0xff}));
  CHECK(faulty({3, 0, 0, 0, 4, 0, 0, 0, 1}));  // credit that was never used
  CHECK_FALSE(InnerMux().send(0, Bytes(InnerMux::kMaxMessage + 1, 0)));
}
