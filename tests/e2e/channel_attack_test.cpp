// SPDX-License-Identifier: GPL-3.0-or-later
// What a hostile relay can try between the two ends.
#include <doctest/doctest.h>

#include "engine/crypto/random.h"
#include "engine/e2e/code_channel.h"
#include "engine/e2e/tunnel_frame.h"
#include "tests/e2e/two_ends.h"

using namespace beside;
using namespace beside::e2e;
using namespace beside::e2e::test;

namespace {
// Lets two ends of their own talk until nothing moves.
void pump(ports::SecureChannel& a, ports::SecureChannel& b, LocalTime now) {
  for (int i = 0; i < 50; ++i) {
    const Bytes x = a.take_outgoing(), y = b.take_outgoing();
    if (x.empty() && y.empty()) return;
    if (!x.empty()) (void)b.receive(x, now);
    if (!y.empty()) (void)a.receive(y, now);
  }
}
}  // namespace

TEST_CASE("a relay in the middle with its own exchange to both sides is found out by both, whatever it guesses") {
  for (int run = 0; run < 50; ++run) {
    TwoEnds ends;
    // It must guess six digits; it guesses wrong.
    const std::string guess = std::to_string(1'000'000 + crypto::random_u32_below(123'456)).substr(1);
    auto fake_operator = make_code_channel(config_of(End::Operator, guess), ends.clock.now());
    auto fake_customer = make_code_channel(config_of(End::Customer, guess), ends.clock.now());
    REQUIRE(fake_operator);
    REQUIRE(fake_customer);
    pump(*ends.customer, **fake_operator, ends.clock.now());
    pump(**fake_customer, *ends.operator_, ends.clock.now());
    CHECK(ends.customer->fault() == ChannelFault::WrongCode);
    CHECK(ends.operator_->fault() == ChannelFault::WrongCode);
    CHECK(ends.customer->guess_spent());
    CHECK(ends.operator_->guess_spent());
  }
}

TEST_CASE("what an end sent means nothing when it comes back to it") {
  for (End e : {End::Customer, End::Operator}) {
    for (int steps = 0; steps < 4; ++steps) {
      TwoEnds ends;
      End turn = End::Customer;
      for (int i = 0; i < steps; ++i, turn = turn == End::Customer ? End::Operator : End::Customer) ends.step(turn);
      const Bytes own = ends.end(e).take_outgoing();
      if (own.empty()) continue;
      CHECK_FALSE(ends.end(e).receive(own, ends.clock.now()));
      CHECK(ends.end(e).state() == ChannelState::Dead);
    }
  }
}

TEST_CASE("two customers, or two operators, never open a channel with one another") {
  TwoEnds customers(config_of(End::Customer), config_of(End::Customer));
  customers.run();
  CHECK(customers.none_open());
  TwoEnds operators(config_of(End::Operator), config_of(End::Operator));
  operators.run();
  CHECK(operators.none_open());
}

TEST_CASE("messages of another session, or the same ones again, are refused") {
  TwoEnds first;
  first.run();
  REQUIRE(first.both_open());
  // The whole of an old session played to a new end with the same code.
  for (End e : {End::Customer, End::Operator}) {
    TwoEnds second;
    (void)second.end(e).take_outgoing();
    (void)second.end(e).receive(e == End::Customer ? first.from_operator : first.from_customer, second.clock.now());
    CHECK(second.end(e).state() != ChannelState::Open);
    second.end(e).poll(second.clock.now() + 10s);
    if (second.end(e).guess_spent()) CHECK(second.end(e).state() == ChannelState::Dead);
  }
  // Each message twice.
  for (int doubled = 0; doubled < 6; ++doubled) {
    TwoEnds ends;
    int seen = 0;
    ends.run([&](End, Bytes& bytes) {
      if (seen++ != doubled) return;
      const Bytes copy = bytes;
      bytes.insert(bytes.end(), copy.begin(), copy.end());
    });
    CAPTURE(doubled);
    CHECK_FALSE(ends.both_open());
  }
}

TEST_CASE("a splice of two sessions with the same code opens neither") {
  // Exchange by the first pair, then TLS with the ends of the second.
  TwoEnds a, b;
  for (TwoEnds* ends : {&a, &b}) {
    ends->step(End::Customer);
    ends->step(End::Operator);
    ends->step(End::Customer);
    ends->step(End::Operator);  // the customer now holds Tb and has Ta and its first record ready
  }
  Bytes a_tail = a.customer->take_outgoing(), b_tail = b.customer->take_outgoing();
  auto frame = parse_frame(a_tail);
  REQUIRE(frame);
  REQUIRE(*frame);
  const std::size_t cut = (*frame)->size;
  // Each operator gets its own customer's tag, but the other customer's TLS.
  auto cross = [cut](const Bytes& tag, const Bytes& tls) {
    Bytes out(tag.begin(), tag.begin() + static_cast<long>(cut));
    out.insert(out.end(), tls.begin() + static_cast<long>(cut), tls.end());
    return out;
  };
  (void)a.operator_->receive(cross(a_tail, b_tail), a.clock.now());
  (void)b.operator_->receive(cross(b_tail, a_tail), b.clock.now());
  pump(*a.customer, *b.operator_, a.clock.now());
  pump(*b.customer, *a.operator_, b.clock.now());
  for (TwoEnds* ends : {&a, &b}) {
    CHECK(ends->none_open());
    CHECK(ends->customer->fault() == ChannelFault::WrongCertificate);
    CHECK(ends->operator_->fault() == ChannelFault::WrongCertificate);
  }
}

TEST_CASE("an identity point, a non-canonical point and a share cut short are refused and spend the operator's code") {
  for (int kind = 0; kind < 4; ++kind) {
    TwoEnds ends;
    ends.step(End::Customer);
    ends.step(End::Operator);
    ends.step(End::Customer, [&](End, Bytes& bytes) {
      if (kind == 0) std::fill_n(bytes.begin() + 3, 32, std::uint8_t{0});
      if (kind == 1) std::fill_n(bytes.begin() + 3, 32, std::uint8_t{0xff});
      if (kind == 2) bytes = {0x83, 0, 31}, bytes.resize(34, 1);
      if (kind == 3) bytes = {0x83, 0, 0};
    });
    CAPTURE(kind);
    CHECK(ends.operator_->fault() == ChannelFault::Malformed);
    CHECK(ends.operator_->guess_spent());
    // No tag leaves: the answer is the one byte that says why.
    CHECK(ends.operator_->take_outgoing().size() == 4);
  }
}

TEST_CASE("frames out of order, unknown or too long kill the channel without a crash") {
  for (End e : {End::Customer, End::Operator}) {
    for (int type = 0; type < 256; ++type) {
      TwoEnds ends;
      (void)ends.end(e).take_outgoing();
      Bytes frame{static_cast<std::uint8_t>(type), 0, 2, 1, 1};
      CHECK_FALSE(ends.end(e).receive(frame, ends.clock.now()));
      CHECK(ends.end(e).state() == ChannelState::Dead);
      CHECK_FALSE(ends.end(e).guess_spent());
    }
    TwoEnds ends;
    CHECK_FALSE(ends.end(e).receive(Bytes{0x82, 0xff, 0xff}, ends.clock.now()));
  }
}

TEST_CASE("a stranger's word that the code was wrong is not believed before a share was sent") {
  TwoEnds ends;
  const Bytes lie{0x8F, 0, 1, static_cast<std::uint8_t>(ChannelFault::WrongCode)};
  CHECK_FALSE(ends.operator_->receive(lie, ends.clock.now()));
  CHECK(ends.operator_->fault() == ChannelFault::Malformed);
  CHECK_FALSE(ends.operator_->guess_spent());
}

TEST_CASE("a bit turned anywhere in the exchange never opens a channel at both ends, nor between different ends") {
  TwoEnds measure;
  measure.run();
  REQUIRE(measure.both_open());
  for (End from : {End::Customer, End::Operator}) {
    int harmless = 0;
    const std::size_t total = (from == End::Customer ? measure.from_customer : measure.from_operator).size();
    for (std::size_t at = 0; at < total; at += at < 300 ? 1 : 7) {
      TwoEnds ends;
      std::size_t sent = 0;
      bool turned = false;
      ends.run([&](End who, Bytes& bytes) {
        if (who != from) return;
        if (at >= sent && at < sent + bytes.size()) {
          bytes[at - sent] ^= static_cast<std::uint8_t>(1u << (at % 8));
          turned = true;
        }
        sent += bytes.size();
      });
      CAPTURE(at);
      if (!turned || !ends.both_open()) continue;
      // RFC 8446 5.1: the version in the header of a plain record "MUST be ignored"; it is the only byte nobody covers.
      CHECK(ends.share_a_key());
      ++harmless;
    }
    CHECK(harmless <= 2);
  }
}

TEST_CASE("messages cut short leave nothing open and die of silence") {
  for (std::size_t keep : {0u, 1u, 2u, 3u, 10u, 18u}) {
    for (int which = 0; which < 6; ++which) {
      TwoEnds ends;
      int seen = 0;
      ends.run([&](End, Bytes& bytes) {
        if (seen++ == which && keep < bytes.size()) bytes.resize(keep);
      });
      CHECK_FALSE(ends.both_open());
      for (End e : {End::Customer, End::Operator}) {
        const bool open = ends.end(e).state() == ChannelState::Open;
        ends.end(e).poll(ends.clock.now() + 11s);
        if (ends.end(e).guess_spent() && !open) CHECK(ends.end(e).state() == ChannelState::Dead);
      }
    }
  }
}

TEST_CASE("records turned, repeated or left out after opening kill the channel") {
  for (int kind = 0; kind < 3; ++kind) {
    TwoEnds ends;
    ends.run();
    REQUIRE(ends.customer->send(as_bytes("one")));
    Bytes first = ends.customer->take_outgoing();
    REQUIRE(ends.customer->send(as_bytes("two")));
    Bytes second = ends.customer->take_outgoing();
    if (kind == 0) first.back() ^= 1;
    if (kind == 1) second = first;
    if (kind == 2) first.clear();
    bool ok = first.empty() || ends.operator_->receive(first, ends.clock.now()).has_value();
    ok = ok && ends.operator_->receive(second, ends.clock.now()).has_value();
    CHECK_FALSE(ok);
    CHECK(ends.operator_->state() == ChannelState::Dead);
    CHECK(ends.operator_->fault() == ChannelFault::TlsError);
  }
}
