// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/consent_machine.h"

#include <doctest/doctest.h>

#include <random>

using namespace beside;
using session::ConsentMachine;
using Decision = ConsentMachine::Decision;

namespace {

struct Scene {
  ports::RightsGate gate;
  ManualClock clock;
  ConsentMachine machine{gate, 5min};
  std::uint32_t next_id = 1;

  void open_with(Rights rights) {
    machine.peer_verified();
    REQUIRE(machine.ask(next_id, rights, "to look at the printer", clock.now()));
    CHECK(machine.decide(next_id, rights, 0, clock.now(), LocalTime{}, clock.now()) == Decision::Granted);
    ++next_id;
  }
};

constexpr auto min5 = 5min;

}  // namespace

TEST_CASE("nothing is allowed before the customer decides") {
  Scene s;
  CHECK(s.gate.now().empty());
  CHECK_FALSE(s.machine.ask(1, Right::See, "x", s.clock.now()));  // before the peer is verified
  s.machine.peer_verified();
  REQUIRE(s.machine.ask(1, Right::See | Right::Control, "x", s.clock.now()));
  CHECK(s.gate.now().empty());
  CHECK_FALSE(s.machine.grant(Right::See).has_value());
}

TEST_CASE("only what was asked for and ticked is granted") {
  Scene s;
  s.machine.peer_verified();
  REQUIRE(s.machine.ask(7, Right::See | Right::Point, "x", s.clock.now()));
  CHECK(s.machine.decide(7, Right::See | Right::Control, 2, s.clock.now(), LocalTime{}, s.clock.now()) ==
        Decision::Granted);
  CHECK(s.gate.now() == Rights(Right::See));
  CHECK(s.machine.monitor_id() == 2);
  CHECK(s.machine.grant(Right::See).has_value());
  CHECK_FALSE(s.machine.grant(Right::Control).has_value());
}

TEST_CASE("a click within half a second of an injected event does not grant") {
  Scene s;
  s.machine.peer_verified();
  REQUIRE(s.machine.ask(1, Right::Control | Right::See, "x", s.clock.now()));
  const LocalTime injected = s.clock.now();
  s.clock.advance(499ms);
  CHECK(s.machine.decide(1, Right::Control, 0, s.clock.now(), injected, s.clock.now()) == Decision::IgnoredClick);
  CHECK(s.gate.now().empty());
  CHECK(s.machine.open_ask().has_value());  // the ask stays for a real click
  s.clock.advance(1ms);
  CHECK(s.machine.decide(1, Right::Control, 0, s.clock.now(), injected, s.clock.now()) == Decision::Granted);
}

TEST_CASE("an ask for a right that is not built is refused") {
  Scene s;
  s.machine.peer_verified();
  CHECK_FALSE(s.machine.ask(1, Right::Microphone, "x", s.clock.now()));
  CHECK_FALSE(s.machine.ask(2, Rights(0x80000000u), "x", s.clock.now()));
  CHECK_FALSE(s.machine.ask(3, Rights(), "x", s.clock.now()));
  CHECK_FALSE(s.machine.ask(4, Right::See, std::string(201, 'a'), s.clock.now()));
  CHECK_FALSE(s.machine.ask(5, Right::See, "\xff", s.clock.now()));
}

TEST_CASE("a question that takes the place of another is not answered by the click that was meant for that one") {
  for (const bool withdrawn : {false, true}) {
    Scene s;
    s.machine.peer_verified();
    REQUIRE(s.machine.ask(1, Right::Point, "x", s.clock.now()));
    s.clock.advance(5s);
    if (withdrawn) s.machine.withdraw(1, s.clock.now());
    s.clock.advance(100ms);
    REQUIRE(s.machine.ask(2, Right::Control, "x", s.clock.now()));
    s.clock.advance(ConsentMachine::kSwapGuard - 1ms);
    CHECK(s.machine.decide(2, Right::Control, 0, s.clock.now(), LocalTime{}, s.clock.now()) == Decision::IgnoredClick);
    CHECK(s.machine.open_ask().has_value());
    CHECK(s.gate.now().empty());
    s.clock.advance(1ms);
    CHECK(s.machine.decide(2, Right::Control, 0, s.clock.now(), LocalTime{}, s.clock.now()) == Decision::Granted);
    // "Not now" is never held back.
    s.clock.advance(5s);
    REQUIRE(s.machine.ask(3, Right::Point, "x", s.clock.now()));
    REQUIRE(s.machine.ask(4, Right::See, "x", s.clock.now()));
    CHECK(s.machine.decide(4, Rights(), 0, s.clock.now(), LocalTime{}, s.clock.now()) == Decision::NotNow);
  }
}

TEST_CASE("an ask id must grow, so that an old ask cannot be answered by accident") {
  Scene s;
  s.machine.peer_verified();
  REQUIRE(s.machine.ask(5, Right::See, "x", s.clock.now()));
  CHECK_FALSE(s.machine.ask(5, Right::Control, "x", s.clock.now()));
  CHECK(s.machine.decide(4, Right::See, 0, s.clock.now(), LocalTime{}, s.clock.now()) == Decision::NoSuchAsk);
}

TEST_CASE("a panel that is hidden for a second pauses everything until it is back") {
  Scene s;
  s.open_with(Right::See | Right::Control);
  s.machine.panel_visible(false, s.clock.now());
  s.clock.advance(999ms);
  s.machine.poll(s.clock.now());
  CHECK(s.gate.allows(Right::See));
  s.clock.advance(1ms);
  CHECK(s.machine.next_deadline() <= s.clock.now());
  s.machine.poll(s.clock.now());
  CHECK(s.gate.now().empty());
  CHECK(s.machine.paused() == (Right::See | Right::Control));
  s.machine.panel_visible(true, s.clock.now());
  CHECK(s.gate.now() == (Right::See | Right::Control));
}

TEST_CASE("a gap pauses rights after 15 s and voids them after five minutes") {
  Scene s;
  s.open_with(Right::See | Right::Control);
  s.machine.line_lost(s.clock.now());
  s.clock.advance(14s);
  s.machine.poll(s.clock.now());
  CHECK(s.gate.allows(Right::See));
  s.clock.advance(1s);
  s.machine.poll(s.clock.now());
  CHECK(s.gate.now().empty());
  CHECK_FALSE(s.machine.line_back(s.clock.now()));
  CHECK(s.gate.now() == (Right::See | Right::Control));

  s.machine.line_lost(s.clock.now());
  s.clock.advance(min5 + 1s);
  s.machine.poll(s.clock.now());
  CHECK(s.machine.line_back(s.clock.now()));
  CHECK(s.gate.now().empty());
  CHECK(s.machine.granted().empty());
}

TEST_CASE("after stop nothing brings a right back") {
  Scene s;
  s.open_with(Right::See | Right::Control);
  s.machine.stop();
  CHECK(s.gate.now().empty());
  s.machine.peer_verified();
  CHECK_FALSE(s.machine.ask(100, Right::See, "x", s.clock.now()));
  s.machine.panel_visible(true, s.clock.now());
  s.machine.line_lost(s.clock.now());
  (void)s.machine.line_back(s.clock.now());
  s.machine.poll(s.clock.now());
  CHECK(s.gate.now().empty());
}

TEST_CASE("a gate that was shut from outside stays shut, whatever is granted afterwards") {
  Scene s;
  s.open_with(Right::See | Right::Control);
  s.gate.shut();  // the stop keys, on their own thread
  s.machine.panel_visible(true, s.clock.now());
  s.machine.poll(s.clock.now());
  REQUIRE(s.machine.ask(50, Right::See, "x", s.clock.now()));
  (void)s.machine.decide(50, Right::See, 0, s.clock.now(), LocalTime{}, s.clock.now());
  CHECK(s.gate.now().empty());
  CHECK_FALSE(s.machine.grant(Right::See).has_value());
}

TEST_CASE("in 100,000 random traces the gate never holds what a plain model does not allow") {
  std::mt19937 random(20261121);
  auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  for (int trace = 0; trace < 100'000; ++trace) {
    ports::RightsGate gate;
    ManualClock clock;
    ConsentMachine machine(gate, 5min);
    bool verified = false, stopped = false;
    Rights model;  // what the person has granted and not revoked
    std::uint32_t id = 0;
    Rights asked;
    bool ask_open = false;
    std::optional<LocalTime> hidden, lost;
    for (int step = 0; step < 24; ++step) {
      clock.advance(milliseconds(below(4) == 0 ? below(400'000) : below(1'200)));
      const LocalTime now = clock.now();
      machine.poll(now);
      switch (below(10)) {
        case 0: machine.peer_verified(); verified = true; break;
        case 1: {
          const Rights want(below(16));
          const bool ok = static_cast<bool>(machine.ask(++id, want, "r", now));
          CHECK(ok == (verified && !stopped && !want.empty() && (want - kBuiltRights).empty()));
          if (ok) { asked = want; ask_open = true; }
          break;
        }
        case 2: case 3: {
          const Rights want(below(8));
          const LocalTime injected = now - milliseconds(below(1000));
          const auto verdict = machine.decide(id, want, 0, now, injected, now);
          if (verdict == Decision::Granted) {
            REQUIRE(ask_open);
            REQUIRE(now - injected >= 500ms);
            model = model | (want & asked);
          }
          if (verdict == Decision::Granted || verdict == Decision::NotNow) ask_open = false;
          break;
        }
        case 4: { const Rights less(below(8)); machine.revoke(less, now); model = model - less; break; }
        case 5: machine.panel_visible(false, now); if (!hidden) hidden = now; break;
        case 6: machine.panel_visible(true, now); hidden.reset(); break;
        case 7: machine.line_lost(now); if (!lost) lost = now; break;
        case 8:
          if (lost && now - *lost > 5min) model = Rights();
          (void)machine.line_back(now);
          lost.reset();
          break;
        case 9: if (below(8) == 0) { machine.stop(); stopped = true; model = Rights(); ask_open = false; } break;
      }
      machine.poll(now);
      const bool shut = !verified || stopped || (hidden && now - *hidden >= 1s) || (lost && now - *lost >= 15s);
      const Rights expected = shut ? Rights() : model;
      if (gate.now() != expected) FAIL("trace " << trace << " step " << step);
    }
  }
}
