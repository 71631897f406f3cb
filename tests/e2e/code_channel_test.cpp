// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/code_channel.h"

#include <doctest/doctest.h>

#include "engine/crypto/random.h"
#include "engine/e2e/tunnel_frame.h"
#include "tests/e2e/two_ends.h"

using namespace beside;
using namespace beside::e2e;
using namespace beside::e2e::test;

TEST_CASE("two ends with the same code open a channel and talk both ways") {
  TwoEnds ends;
  CHECK_FALSE(ends.customer->guess_spent());
  CHECK(ends.customer->next_deadline() == kNever);
  ends.run();
  REQUIRE(ends.both_open());
  CHECK(ends.share_a_key());
  CHECK(ends.customer->guess_spent());
  CHECK(ends.operator_->guess_spent());
  CHECK(ends.customer->next_deadline() == kNever);
  CHECK(ends.customer->protocol_version() == 1);
  CHECK(as_text(ends.customer->peer_capabilities()) == "operator can");
  CHECK(as_text(ends.operator_->peer_capabilities()) == "customer can");
  const Bytes long_text = crypto::random_bytes(200'000);
  REQUIRE(ends.customer->send(long_text));
  REQUIRE(ends.operator_->send(as_bytes("hello")));
  ends.run();
  CHECK(ends.operator_->take_plaintext() == long_text);
  CHECK(as_text(ends.customer->take_plaintext()) == "hello");
  CHECK(ends.customer->take_plaintext().empty());
}

TEST_CASE("the channel opens however the tunnel cuts the bytes") {
  TwoEnds ends;
  for (int round = 0; round < 50 && !ends.both_open(); ++round) {
    for (End from : {End::Customer, End::Operator})
      for (std::uint8_t byte : ends.end(from).take_outgoing())
        REQUIRE(ends.end(from == End::Customer ? End::Operator : End::Customer).receive(ByteSpan(&byte, 1), ends.clock.now()));
  }
  CHECK(ends.both_open());
  CHECK(ends.share_a_key());
}

TEST_CASE("check words are the same at both ends, in each language, and differ between sessions") {
  TwoEnds ends, others;
  ends.run();
  others.run();
  for (const char* language : {"en", "de", "it"}) {
    const auto words = ends.customer->check_words(language);
    CHECK(words == ends.operator_->check_words(language));
    CHECK(words != others.customer->check_words(language));
    for (const auto& word : words) CHECK_FALSE(word.empty());
  }
  CHECK(ends.customer->check_words("en") != ends.customer->check_words("de"));
}

TEST_CASE("exported keys differ by label and context, and are refused before the channel is open") {
  TwoEnds ends;
  Bytes a(32), b(32), c(32);
  CHECK_FALSE(ends.customer->export_key("EXPORTER-x", {}, a));
  CHECK_FALSE(ends.customer->send(as_bytes("early")));
  ends.run();
  REQUIRE(ends.customer->export_key("EXPORTER-x", as_bytes("1"), a));
  REQUIRE(ends.customer->export_key("EXPORTER-x", as_bytes("2"), b));
  REQUIRE(ends.customer->export_key("EXPORTER-y", as_bytes("1"), c));
  CHECK(a != b);
  CHECK(a != c);
}

TEST_CASE("a wrong code kills the channel at both ends, and both are told") {
  TwoEnds ends(config_of(End::Customer, "123456"), config_of(End::Operator, "123457"));
  ends.run();
  for (End e : {End::Customer, End::Operator}) {
    CHECK(ends.end(e).state() == ChannelState::Dead);
    CHECK(ends.end(e).fault() == ChannelFault::WrongCode);
    CHECK(ends.end(e).guess_spent());
    CHECK_FALSE(ends.end(e).receive(as_bytes("x"), ends.clock.now()));
    CHECK_FALSE(ends.end(e).send(as_bytes("x")));
    CHECK(ends.end(e).check_words("en")[0].empty());
  }
}

TEST_CASE("another relay name or locator counts as a wrong code") {
  for (bool name : {true, false}) {
    auto other = config_of(End::Operator);
    (name ? other.relay_name : other.locator) += "1";
    TwoEnds ends(config_of(End::Customer), std::move(other));
    ends.run();
    CHECK(ends.customer->fault() == ChannelFault::WrongCode);
    CHECK(ends.operator_->fault() == ChannelFault::WrongCode);
  }
  // What moves the border between the two does not pass either.
  auto moved = config_of(End::Operator);
  moved.relay_name += "4";
  moved.locator = "82";
  TwoEnds ends(config_of(End::Customer), std::move(moved));
  ends.run();
  CHECK(ends.none_open());
}

TEST_CASE("the highest common version is chosen, and no common version is said so") {
  auto c = config_of(End::Customer), o = config_of(End::Operator);
  c.protocol_min = 1, c.protocol_max = 5, o.protocol_min = 2, o.protocol_max = 4;
  TwoEnds good(std::move(c), std::move(o));
  good.run();
  CHECK(good.customer->protocol_version() == 4);
  CHECK(good.operator_->protocol_version() == 4);
  auto old = config_of(End::Customer), fresh = config_of(End::Operator);
  fresh.protocol_min = 2, fresh.protocol_max = 3;
  TwoEnds bad(std::move(old), std::move(fresh));
  bad.run();
  CHECK(bad.customer->fault() == ChannelFault::NoCommonVersion);
  CHECK(bad.operator_->fault() == ChannelFault::NoCommonVersion);
}

TEST_CASE("nonces spend nothing, shares do") {
  TwoEnds ends;
  ends.step(End::Customer);
  CHECK_FALSE(ends.operator_->guess_spent());
  CHECK(ends.operator_->state() == ChannelState::Waiting);
  CHECK(ends.operator_->next_deadline() == kNever);
  ends.step(End::Operator);
  CHECK(ends.customer->guess_spent());
  CHECK(ends.customer->state() == ChannelState::KeyExchange);
  CHECK_FALSE(ends.operator_->guess_spent());
  ends.step(End::Customer);
  CHECK(ends.operator_->guess_spent());
}

TEST_CASE("silence of ten seconds after a share kills the channel, at whatever step it falls") {
  for (int steps = 0; steps < 8; ++steps) {
    TwoEnds ends;
    End turn = End::Customer;
    for (int i = 0; i < steps; ++i, turn = turn == End::Customer ? End::Operator : End::Customer) ends.step(turn);
    CAPTURE(steps);
    for (End e : {End::Customer, End::Operator}) {
      auto& channel = ends.end(e);
      const bool spent = channel.guess_spent(), open = channel.state() == ChannelState::Open;
      CHECK((channel.next_deadline() == kNever) == (!spent || open));
      channel.poll(ends.clock.now() + 10s - 1ns);
      CHECK(channel.state() != ChannelState::Dead);
      channel.poll(ends.clock.now() + 10s);
      CHECK((channel.state() == ChannelState::Dead) == (spent && !open));
      if (spent && !open) CHECK(channel.fault() == ChannelFault::Silent);
    }
  }
}

TEST_CASE("an answer after the ten seconds is too late even when nobody polled") {
  TwoEnds ends;
  ends.step(End::Customer);
  ends.step(End::Operator);
  ends.step(End::Customer);
  ends.clock.advance(11s);
  ends.step(End::Operator);
  CHECK(ends.customer->fault() == ChannelFault::Silent);
}

TEST_CASE("a peer that goes in mid-exchange leaves a dead channel and the truth about the guess") {
  for (int steps = 0; steps < 8; ++steps) {
    TwoEnds ends;
    End turn = End::Customer;
    for (int i = 0; i < steps; ++i, turn = turn == End::Customer ? End::Operator : End::Customer) ends.step(turn);
    const bool spent = ends.operator_->guess_spent();
    CHECK(spent == (steps >= 3));
    ends.operator_->peer_gone(ends.clock.now());
    CHECK(ends.operator_->state() == ChannelState::Dead);
    CHECK(ends.operator_->fault() == ChannelFault::Disconnected);
    CHECK(ends.operator_->guess_spent() == spent);
  }
}

TEST_CASE("a configuration that cannot work is refused") {
  for (const char* digits : {"", "12345", "1234567", "12345a", "12 456"})
    CHECK_FALSE(make_code_channel(config_of(End::Customer, digits), LocalTime{}));
  auto empty_range = config_of(End::Customer);
  empty_range.protocol_min = 2;
  CHECK_FALSE(make_code_channel(std::move(empty_range), LocalTime{}));
  auto much = config_of(End::Customer);
  much.capabilities = Bytes(kMaxCapabilities + 1);
  CHECK_FALSE(make_code_channel(std::move(much), LocalTime{}));
  auto most = config_of(End::Customer);
  most.capabilities = Bytes(kMaxCapabilities, 9);
  TwoEnds ends(std::move(most));
  ends.run();
  CHECK(ends.both_open());
}

TEST_CASE("two thousand honest exchanges all open") {
  int opened = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string digits = std::to_string(1'000'000 + crypto::random_u32_below(1'000'000)).substr(1);
    TwoEnds ends(config_of(End::Customer, digits), config_of(End::Operator, digits));
    ends.run();
    opened += ends.both_open();
  }
  CHECK(opened == 2000);
}
