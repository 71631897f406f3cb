// SPDX-License-Identifier: GPL-3.0-or-later
// Both roles with real channels over a relay in memory, on a clock of the test's: ways, figures, and lines that break.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/session/role_pair.h"

using namespace beside;
using namespace beside::test;
using session::CustomerStage;
using session::EndView;
using session::NoticeKind;
using session::SessionStage;

using Pair = beside::test::RolePair;

// Three publications were counted once where two were allowed: the threads of capture and codec, which run in real time, still
// brought pictures of before.
TEST_CASE("the latency figures are published twice a second while somebody looks at them, and not otherwise") {
  Pair p;
  p.shown();
  p.bench.run(10s);   // nobody attends any more, nothing moves
  const auto published_in_two_seconds = [&] {
    int count = 0;
    auto last = p.op.published.read();
    for (int i = 0; i < 40; ++i) {
      p.bench.run(50ms);
      auto next = p.op.published.read();
      count += next != last ? 1 : 0;
      last = std::move(next);
    }
    return count;
  };
  CHECK(published_in_two_seconds() == 0);
  p.op.role->handle(session::WatchLadder{true});
  p.bench.settle();   // the order itself is answered
  CHECK(published_in_two_seconds() == 4);
  p.op.role->handle(session::WatchLadder{false});
  p.bench.settle();
  CHECK(published_in_two_seconds() == 0);
}

// Its last part failed on a busy machine: the screen's first picture came ten seconds late on the test's clock, as a movement.
TEST_CASE("a picture over which somebody moves is veiled half a second after the line's last word, and clear at its first") {
  Pair p;
  p.shown();
  const auto media = [&](bool on) {
    p.bench.relay.lies.media = on ? std::function<bool(RelayDouble::Session&, End, Bytes&)>()
                                  : [](RelayDouble::Session&, End, Bytes&) { return false; };
    p.bench.relay.lies.tunnel = on ? std::function<bool(RelayDouble::Session&, End, control::Tunnel&)>()
                                   : [](RelayDouble::Session&, End, control::Tunnel&) { return false; };
  };
  p.bench.run(10s);
  p.op.role->handle(session::WatchPicture{1});
  p.bench.run(4s);
  CHECK(p.op.view().picture_current);
  media(false);
  p.bench.run(250ms);                                    // its last word may be 160 ms old already
  CHECK(p.op.view().picture_current);
  p.bench.run(220ms);
  CHECK_FALSE(p.op.view().picture_current);
  CHECK(p.op.view().stale_why == NoticeKind::Reconnecting);
  CHECK(p.op.view().stage == SessionStage::Live);        // what is typed meanwhile is kept
  CHECK_FALSE(p.customer.now().recovering);
  p.bench.run(1s);
  media(true);
  p.bench.run(110ms);
  CHECK(p.op.view().picture_current);

  // Where nobody has moved for a while, the heartbeat decides.
  p.bench.run(10s);
  media(false);
  p.bench.run(1s);
  CHECK(p.op.view().picture_current);
}

TEST_CASE("each person sees which way the other end's media takes and why, and a change of it") {
  Pair p;
  p.granted();
  REQUIRE(p.bench.ways.size() == 2);
  CHECK(p.op.view().media.peer_rung == session::Rung::Udp);
  CHECK(p.customer.now().media.peer_rung == session::Rung::Udp);
  CHECK(p.customer.now().media.peer_reason == session::RungReason::Best);
  p.bench.ways[1](session::Rung::Tls, session::RungReason::UdpBlocked);   // the customer's
  p.bench.run(300ms);
  CHECK(p.op.view().media.rung == session::Rung::Udp);
  CHECK(p.op.view().media.peer_rung == session::Rung::Tls);
  CHECK(p.op.view().media.peer_reason == session::RungReason::UdpBlocked);
  CHECK(p.customer.now().media.peer_rung == session::Rung::Udp);
  p.bench.ways[0](session::Rung::TlsProxy, session::RungReason::UdpNotTriedByPolicy);
  p.bench.run(300ms);
  CHECK(p.customer.now().media.peer_rung == session::Rung::TlsProxy);
  CHECK(p.customer.now().media.peer_reason == session::RungReason::UdpNotTriedByPolicy);
  p.bench.ways[1](session::Rung::None, session::RungReason::StillTrying);   // nothing can be told of that
  p.bench.ways[1](session::Rung::Udp, session::RungReason::Best);
  p.bench.run(300ms);
  CHECK(p.op.view().media.peer_rung == session::Rung::Udp);
}

TEST_CASE("five seconds after the last movement a session at rest sends nothing but its keep-alives") {
  Pair p;
  p.shown();
  int datagrams = 0, pieces = 0;
  p.bench.relay.lies.media = [&](RelayDouble::Session&, End, Bytes&) { return ++datagrams > 0; };
  p.bench.relay.lies.tunnel = [&](RelayDouble::Session&, End, control::Tunnel&) { return ++pieces > 0; };
  p.bench.run(6s);
  p.op.role->handle(session::WatchPicture{1});
  datagrams = 0;
  p.bench.run(5s);
  CHECK(datagrams >= 58);              // question and answer, six times a second
  p.bench.run(1s);
  datagrams = pieces = p.bench.path_probes = 0;
  p.bench.run(60s);
  CHECK(datagrams == 0);
  CHECK(p.bench.path_probes <= 2);     // the last word of each may have gone unanswered
  CHECK(pieces > 0);
  CHECK(pieces <= 6 * (60 * 10 / 14 + 2));   // each end's heartbeat every 1.4 s, its answer, and what acknowledges that
}

TEST_CASE("rights pause after a gap of fifteen seconds and come back with the line") {
  Pair p;
  p.granted();
  p.line(p.customer.line_works, p.customer.control, false);
  p.bench.run(10s);
  CHECK(p.customer.now().recovering);
  CHECK(p.op.view().stage == SessionStage::Recovering);
  CHECK(p.customer.gate->now() == kAll);
  p.bench.run(10s);
  CHECK(p.customer.gate->now().empty());
  CHECK(p.customer.now().paused == kAll);
  p.line(p.customer.line_works, p.customer.control, true);
  p.bench.run(5s);
  CHECK_FALSE(p.customer.now().recovering);
  CHECK(p.op.view().stage == SessionStage::Live);
  CHECK(p.customer.gate->now() == kAll);
  CHECK(p.op.view().granted == kAll);
}

TEST_CASE("after a gap of more than fifteen seconds the picture goes on in the stream that was there, without a word of the inner channel") {
  Pair p;
  p.shown();
  const auto canvas = p.op.canvas;
  p.op.role->handle(session::WatchLadder{true});   // its figures are published as they are
  InputEvent hand;   // somebody waits for it: the line is asked
  hand.kind = InputKind::PointerMove;
  p.op.role->handle(session::SendInput{p.op.view().local_id, hand});
  p.bench.run(200ms);
  p.line(p.customer.line_works, p.customer.control, false);
  p.bench.run(20s);
  REQUIRE(p.customer.gate->now().empty());
  const auto before = p.op.view().media.frames;
  // Media alone: the control connection, which has to be dialled anew, is not back yet.
  p.bench.relay.lies.media = {};
  REQUIRE(p.bench.wait_until([&] { return p.customer.gate->now() == kAll; }));
  REQUIRE(p.bench.wait_until([&] { return p.op.view().media.frames > before; }));
  p.line(p.customer.line_works, p.customer.control, true);
  p.bench.run(5s);
  CHECK(p.op.canvas == canvas);
  CHECK(p.op.view().granted == kAll);
}

TEST_CASE("a gap of more than five minutes ends the session with no right left") {
  Pair p;
  p.granted();
  p.line(p.customer.line_works, p.customer.control, false);
  p.bench.run(std::chrono::minutes(5) + 10s);
  CHECK(p.customer.gate->now().empty());
  CHECK(p.customer.now().stage == CustomerStage::Ended);
  CHECK(p.customer.now().end.cause == EndView::Cause::PeerLost);
  CHECK(p.op.view().stage == SessionStage::Ended);
  CHECK(p.op.view().end.cause == EndView::Cause::PeerLost);
  p.line(p.customer.line_works, p.customer.control, true);
  p.bench.run(30s);
  CHECK(p.customer.gate->now().empty());
  CHECK(p.customer.now().granted.empty());
}

TEST_CASE("after a relay that forgot its clients the session goes on within three seconds, chat arrives once") {
  Pair p;
  p.granted();
  p.customer.role->handle(session::SayToOperator{"before"});
  p.bench.run(1s);
  const int sign_ins = p.bench.relay.sign_ins;
  p.customer.line_works = p.op.line_works = false;
  p.customer.control->cut();
  p.op.control->cut();
  p.bench.relay.forget_clients();
  p.customer.role->handle(session::SayToOperator{"while it was away"});
  p.bench.run(1s);
  CHECK(p.lines("while it was away") == 0);
  p.customer.line_works = p.op.line_works = true;
  p.bench.run(3s);
  CHECK(p.bench.relay.sign_ins == sign_ins + 1);   // with the token that it gave, without a person
  CHECK(p.customer.now().stage == CustomerStage::Live);
  CHECK(p.op.view().stage == SessionStage::Live);
  CHECK(p.lines("before") == 1);
  CHECK(p.lines("while it was away") == 1);
  CHECK(p.customer.gate->now() == kAll);
  p.customer.role->handle(session::SayToOperator{"after"});
  p.op.role->handle(session::AskRights{p.op.view().local_id, Right::See, "again"});
  p.bench.run(1s);
  CHECK(p.lines("after") == 1);
  CHECK(p.customer.now().ask.has_value());         // the inner channel lives on
  const auto chat = p.customer.now().chat;
  CHECK(std::none_of(chat.begin(), chat.end(), [](const auto& l) { return l.pending; }));
}

TEST_CASE("a short break that the relay remembers neither loses nor doubles what was said") {
  for (int breaks = 1; breaks <= 5; ++breaks) {
    Pair p;
    p.live();
    for (int i = 0; i < breaks; ++i) {
      p.customer.role->handle(session::SayToOperator{"line " + std::to_string(i)});
      p.customer.control->cut();
      p.op.role->handle(session::SayToCustomer{p.op.view().local_id, "answer " + std::to_string(i)});
      if (i % 2 == 1) p.op.control->cut();
      p.bench.run(400ms);
    }
    p.bench.run(3s);
    CHECK(p.customer.now().stage == CustomerStage::Live);
    for (int i = 0; i < breaks; ++i) {
      CHECK(p.lines("line " + std::to_string(i)) == 1);
      const auto chat = p.customer.now().chat;
      CHECK(std::count_if(chat.begin(), chat.end(), [&](const auto& l) { return l.text == "answer " + std::to_string(i); }) == 1);
    }
  }
}

TEST_CASE("a relay that lost its sessions too ends them at both ends with no right left") {
  Pair p;
  p.granted();
  p.customer.control->cut();
  p.op.control->cut();
  p.bench.relay.forget_clients();
  p.bench.relay.forget_sessions();
  p.bench.run(10s);
  CHECK(p.customer.now().stage == CustomerStage::Ended);
  CHECK(p.customer.now().end.cause == EndView::Cause::RelayEnded);
  CHECK(p.customer.gate->now().empty());
  CHECK(p.op.view().stage == SessionStage::Ended);   // at once: waiting would bring nobody back
  CHECK(p.op.view().end.cause == EndView::Cause::RelayEnded);
}

TEST_CASE("a key that is let go of while its right rests types nothing once that is back") {
  for (const bool operator_knows : {true, false}) {
    CAPTURE(operator_knows);
    Pair p;
    p.granted();
    const auto send = [&](InputKind kind) {
      InputEvent key;
      key.kind = kind;
      key.layout_generation = 1;
      key.hid_usage = 0x4c;
      key.keysym = 0xffff;
      p.op.role->handle(session::SendInput{p.op.view().local_id, key});
    };
    send(InputKind::KeyDown);
    p.bench.run(300ms);
    REQUIRE(p.customer.desktop->injected().size() == 1);
    p.customer.role->handle(session::PanelVisibility{false});
    p.bench.run(2s);
    REQUIRE(p.op.view().paused.has(Right::Control));
    if (operator_knows) send(InputKind::KeyUp);
    const auto before = p.customer.desktop->injected().size();
    p.customer.role->handle(session::PanelVisibility{true});
    p.bench.run(3s);
    REQUIRE(p.op.view().paused.empty());
    const auto all = p.customer.desktop->injected();
    CHECK(std::count_if(all.begin() + static_cast<std::ptrdiff_t>(before), all.end(), [](const InputEvent& e) { return e.kind == InputKind::KeyDown; }) == 0);
  }
}

// What was typed before the line went was once carried out whenever it came back, on whatever the screen showed by then.
TEST_CASE("what was typed before a gap is carried out after one of up to fifteen seconds; after a longer one it is dropped, and said how much") {
  struct Row {
    nanoseconds gap;
    bool kept;
  };
  for (const Row& row : {Row{3s, true}, Row{14s, true}, Row{17s, false}, Row{60s, false}}) {
    CAPTURE(row.gap.count());
    Pair p;
    p.granted();
    const auto press = [&](std::uint16_t usage, InputKind kind = InputKind::KeyDown) {
      InputEvent key;
      key.kind = kind;
      key.layout_generation = 1;
      key.hid_usage = usage;
      key.keysym = 0x61u + usage;
      p.op.role->handle(session::SendInput{p.op.view().local_id, key});
    };
    const auto arrived = [&](std::uint16_t usage) {
      const auto all = p.customer.desktop->injected();
      return std::count_if(all.begin(), all.end(), [&](const InputEvent& e) { return e.kind == InputKind::KeyDown && e.hid_usage == usage; });
    };
    press(4);
    press(4, InputKind::KeyUp);
    p.bench.run(500ms);
    REQUIRE(arrived(4) == 1);
    p.line(p.customer.line_works, p.customer.control, false);
    press(5);   // held down in the gap
    press(6);
    press(6, InputKind::KeyUp);
    p.bench.run(row.gap);
    REQUIRE(p.op.view().stage == (row.gap > 3500ms ? SessionStage::Recovering : SessionStage::Live));
    p.line(p.customer.line_works, p.customer.control, true);
    REQUIRE(p.bench.run_until([&] { return p.op.view().stage == SessionStage::Live && p.op.view().paused.empty(); }, 5s));
    p.bench.run(1s);
    CHECK(arrived(4) == 1);
    CHECK(arrived(5) == (row.kept ? 1 : 0));
    CHECK(arrived(6) == (row.kept ? 1 : 0));
    CHECK(p.op.view().notice.kind == (row.kept ? NoticeKind::None : NoticeKind::KeysDropped));
    if (!row.kept) CHECK(p.op.view().notice.args == std::vector<std::string>{"2"});
    press(7);
    press(7, InputKind::KeyUp);
    p.bench.run(500ms);
    CHECK(arrived(7) == 1);
    if (!row.kept) p.op.role->handle(session::DismissNotice{p.op.view().notice.id});
    p.bench.run(30s);
    CHECK(p.op.view().notice.kind == NoticeKind::None);   // said once
    CHECK(arrived(7) == 1);
  }
}

// What waited in the tunnel for a control connection was always due: the customer's program took a whole core as long as its line was
// down, and was late when it came back.
TEST_CASE("while a line is down neither end's program has anything to do at once") {
  for (const bool customers : {true, false}) {
    CAPTURE(customers);
    Pair p;
    p.granted();
    p.line(customers ? p.customer.line_works : p.op.line_works, customers ? p.customer.control : p.op.control, false);
    for (int i = 0; i < 40; ++i) {
      p.bench.run(500ms);
      p.bench.settle();
      CHECK(p.customer.role->next_deadline() > p.bench.clock.now());
      CHECK(p.op.role->next_deadline() > p.bench.clock.now());
    }
    p.line(customers ? p.customer.line_works : p.op.line_works, customers ? p.customer.control : p.op.control, true);
    REQUIRE(p.bench.run_until([&] { return p.op.view().stage == SessionStage::Live && p.op.view().paused.empty(); }, 5s));
  }
}
