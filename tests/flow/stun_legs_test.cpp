// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/flow/stun_client_leg.h"
#include "engine/flow/stun_server_leg.h"

using namespace beside;
using namespace beside::flow;

namespace {
StunCredentials credentials(char c = 'p') { return {"abcdefghijklmnop", SecretText(std::string(32, c))}; }
RandomFn random_from(std::uint8_t start) {
  return [state = start](MutableByteSpan out) mutable {
    for (auto& byte : out) byte = state = static_cast<std::uint8_t>(state * 5 + 17 + (state >> 3));
  };
}
// Unique ids, whatever the length of the period above.
RandomFn counting() {
  return [n = std::uint64_t{1}](MutableByteSpan out) mutable {
    ++n;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(i < 8 ? n >> (8 * i) : 0);
  };
}
StunServerLeg::Outcome ask(StunServerLeg& server, std::uint64_t path, const Bytes& request, LocalTime now) {
  const auto message = wire::parse_stun(request);
  REQUIRE(message);
  return server.receive(path, request, *message, now);
}
}  // namespace

TEST_CASE("a path is bound by a second request that echoes the cookie") {
  ManualClock clock;
  StunClientLeg client(credentials(), counting());
  StunServerLeg server(credentials(), random_from(3));
  client.start(clock.now());
  auto request = client.poll(clock.now());
  REQUIRE(request);
  auto outcome = ask(server, 7, *request, clock.now());
  CHECK(outcome.verdict == StunServerLeg::Verdict::Challenged);
  CHECK_FALSE(server.bound_path());
  CHECK(outcome.reply.size() <= 3 * request->size());
  CHECK(ask(server, 7, *request, clock.now()).verdict == StunServerLeg::Verdict::Replayed);
  clock.advance(milliseconds(10));
  CHECK(client.receive(outcome.reply, clock.now()));
  CHECK(client.state() == StunClientLeg::State::Probing);
  request = client.poll(clock.now());
  REQUIRE(request);
  // The same request from elsewhere: its cookie was made for path 7.
  {
    StunServerLeg other(credentials(), random_from(3));
    CHECK(ask(other, 8, *request, clock.now()).verdict == StunServerLeg::Verdict::Challenged);
  }
  outcome = ask(server, 7, *request, clock.now());
  CHECK(outcome.verdict == StunServerLeg::Verdict::Bound);
  CHECK(server.bound_path() == 7);
  CHECK(client.receive(outcome.reply, clock.now()));
  CHECK(client.state() == StunClientLeg::State::Bound);
  CHECK(client.rtt());
  CHECK_FALSE(client.receive(outcome.reply, clock.now()));  // counts once
}

TEST_CASE("wrong passwords, names and damaged requests get no answer") {
  ManualClock clock;
  StunClientLeg client(credentials('x'), counting());
  StunServerLeg server(credentials(), random_from(3));
  client.start(clock.now());
  const auto outcome = ask(server, 7, *client.poll(clock.now()), clock.now());
  CHECK(outcome.verdict == StunServerLeg::Verdict::Rejected);
  CHECK(outcome.reply.empty());
}

TEST_CASE("consent is kept fresh every five seconds, and silence unbinds both sides") {
  ManualClock clock;
  StunClientLeg client(credentials(), counting());
  StunServerLeg server(credentials(), random_from(3));
  client.start(clock.now());
  int requests = 0;
  bool up = true;
  const auto run = [&](seconds span) {
    for (const LocalTime end = clock.now() + span; clock.now() < end; clock.advance(milliseconds(50))) {
      while (auto request = client.poll(clock.now())) {
        ++requests;
        if (!up) continue;
        if (auto outcome = ask(server, 1, *request, clock.now()); !outcome.reply.empty()) client.receive(outcome.reply, clock.now());
      }
      server.poll(clock.now());
    }
  };
  run(seconds(1));
  CHECK(client.state() == StunClientLeg::State::Bound);
  requests = 0;
  run(seconds(100));
  CHECK(requests >= 17);
  CHECK(requests <= 24);
  up = false;
  run(seconds(24));
  CHECK(server.bound_path());
  run(seconds(12));
  CHECK_FALSE(server.bound_path());
  CHECK(client.state() == StunClientLeg::State::Lost);
}

TEST_CASE("an address change moves the binding only after the cookie, and a new ticket is taken") {
  ManualClock clock;
  StunClientLeg client(credentials(), counting());
  StunServerLeg server(credentials(), random_from(3));
  const auto step = [&](std::uint64_t path) {
    while (auto request = client.poll(clock.now()))
      if (auto outcome = ask(server, path, *request, clock.now()); !outcome.reply.empty()) client.receive(outcome.reply, clock.now());
  };
  client.start(clock.now());
  step(1);
  CHECK(server.bound_path() == 1);
  client.probe(clock.now());
  auto request = client.poll(clock.now());
  REQUIRE(request);
  const auto challenged = ask(server, 2, *request, clock.now());
  CHECK(server.bound_path() == 1);
  client.receive(challenged.reply, clock.now());
  step(2);
  CHECK(server.bound_path() == 2);
  server.renew(credentials('n'));
  client.renew(credentials('n'));
  client.probe(clock.now());
  step(2);
  CHECK(client.last_answer() == clock.now());
  server.path_closed(2);
  CHECK_FALSE(server.bound_path());
}

TEST_CASE("a new path is asked ten times a second for a minute, a doubted one at once and then ever slower") {
  ManualClock clock;
  StunClientLeg client(credentials(), counting());
  StunServerLeg server(credentials(), random_from(3));
  const auto asked_in = [&](nanoseconds span) {
    int asked = 0;
    for (const LocalTime end = clock.now() + span; clock.now() < end; clock.advance(milliseconds(1))) {
      while (client.poll(clock.now())) ++asked;
    }
    return asked;
  };
  client.start(clock.now());
  CHECK(asked_in(seconds(1)) == 20);
  CHECK(asked_in(seconds(59)) == 1180);
  CHECK(asked_in(seconds(10)) <= 41);
  clock.advance(milliseconds(250));
  for (int i = 0; i < 2; ++i) {   // the second one echoes the cookie and goes out at once
    const auto request = client.poll(clock.now());
    REQUIRE(request);
    REQUIRE(client.receive(ask(server, 7, *request, clock.now()).reply, clock.now()));
  }
  REQUIRE(client.state() == StunClientLeg::State::Bound);
  CHECK(asked_in(seconds(4)) == 0);
  client.probe(clock.now(), milliseconds(20));
  CHECK(asked_in(milliseconds(150)) >= 4);
  CHECK(asked_in(seconds(1)) <= 24);
}
