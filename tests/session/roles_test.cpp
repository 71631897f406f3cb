// SPDX-License-Identifier: GPL-3.0-or-later
// Both roles with real channels over a relay in memory, on a clock of the test's: codes, rights, ends and receipts.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/wire/tiles.h"
#include "tests/session/role_pair.h"

using namespace beside;
using namespace beside::test;
using session::CustomerStage;
using session::EndView;
using session::NoticeKind;
using session::SessionStage;

using Pair = beside::test::RolePair;

TEST_CASE("a code that nobody uses in time ends, whatever the wall clock does meanwhile") {
  for (const milliseconds step : {milliseconds(0), milliseconds(-86'400'000), milliseconds(86'400'000)}) {
    CAPTURE(step.count());
    Pair p;
    p.bench.run(5min);
    p.bench.clock.step_wall(step);
    p.bench.run(4min);
    CHECK(p.op.view().stage == SessionStage::WaitingForCustomer);
    const std::string code = p.op.view().code;
    p.bench.run(70s);
    CHECK(p.op.view().stage == SessionStage::Ended);
    CHECK(p.op.view().end.cause == EndView::Cause::Expired);
    CHECK(p.op.view().code.empty());
    CHECK_FALSE(p.bench.join(p.customer, p.op, code));
    CHECK(p.customer.now().stage == CustomerStage::Start);
    CHECK(p.customer.now().notice.kind == NoticeKind::CodeUsed);   // the double's word for a code that is over
  }
}

TEST_CASE("the validity that the operator chooses is what his code gets") {
  RoleBench bench;
  OperatorSeat& op = bench.add_operator();
  session::NewSession order;
  order.valid_minutes = 2;
  (void)bench.new_session(op, order);
  bench.run(119s);
  CHECK(op.view().stage == SessionStage::WaitingForCustomer);
  bench.run(3s);
  CHECK(op.view().stage == SessionStage::Ended);
}

TEST_CASE("a session ended before its code came does not come back with it") {
  Pair p;
  std::vector<std::string> left;
  p.op.role->handle(session::NewSession{});
  p.op.role->handle(session::EndSession{2});
  p.bench.run(2s);
  CHECK(p.op.view(1).stage == SessionStage::Ended);
  CHECK(p.op.view(1).code.empty());
  CHECK(p.bench.relay.sessions().back()->ended);
  CHECK(p.op.view(0).stage == SessionStage::WaitingForCustomer);
}

TEST_CASE("what the customer hides is told as numbers, noted by both, and forgotten with the session; the picture goes on") {
  Pair p;
  p.shown();
  HiddenParts parts;
  parts.windows = {0x1200007, 0x1400001};
  parts.areas = {{8, 8, 20, 20}};
  p.customer.role->handle(session::HideParts{parts});
  p.bench.settle();
  REQUIRE(p.customer.hidden.size() == 1);
  CHECK(p.customer.hidden.back() == parts);
  CHECK(p.customer.now().hidden == parts);
  REQUIRE(p.bench.wait_until([&] { return p.op.view().hidden.any(); }));
  CHECK(p.op.view().hidden.windows == 2);
  CHECK(p.op.view().hidden.monitors == 0);
  CHECK(p.op.view().hidden.areas == 1);
  for (const auto* journal : {&p.customer.journal, &p.op.journal})
    CHECK(std::count_if(journal->begin(), journal->end(), [](const auto& l) { return l.kind == ports::JournalKind::Hidden; }) == 1);
  // Whatever was dropped on the way is sent anew: the viewer has all of it again.
  p.op.role->handle(session::RefreshPicture{p.op.view().local_id});
  REQUIRE(p.bench.wait_until([&] { return p.whole(); }));
  HiddenParts one;
  one.only_window = 0x1200007;
  p.customer.role->handle(session::HideParts{one});
  p.bench.settle();
  REQUIRE(p.bench.wait_until([&] { return p.op.view().hidden.one_window; }));
  CHECK(p.customer.hidden.back() == one);
  CHECK(p.op.view().hidden.windows == 0);
  p.customer.role->handle(session::HideParts{});
  p.bench.settle();
  REQUIRE(p.bench.wait_until([&] { return !p.op.view().hidden.any(); }));
  CHECK(p.customer.hidden.back().empty());
  p.customer.role->handle(session::HideParts{parts});
  p.customer.role->handle(session::StopSession{});
  p.bench.run(2s);
  p.customer.role->handle(session::BackToStart{});
  p.bench.run(1s);
  CHECK(p.customer.hidden.back().empty());
}

TEST_CASE("who is asked again and allows less is obeyed at once, and a right that is added leaves the monitor that is looked at") {
  Pair p;
  p.live();
  REQUIRE(p.bench.grant(p.customer, p.op, Right::See));
  REQUIRE(p.bench.wait_until([&] { return p.whole(); }));
  CHECK(p.op.view().monitor_id == 0);
  p.op.role->handle(session::ChooseMonitor{p.op.view().local_id, 1});
  REQUIRE(p.bench.wait_until([&] { return p.op.view().monitor_id == 1; }));
  REQUIRE(p.bench.grant(p.customer, p.op, Right::Control));
  const LocalTime other_would_be_here = local_now() + 200ms;
  REQUIRE(p.bench.wait_until([&] { return local_now() > other_would_be_here; }));
  CHECK(p.op.view().monitor_id == 1);
  p.op.role->handle(session::ChooseMonitor{p.op.view().local_id, 0});
  REQUIRE(p.bench.wait_until([&] { return p.op.view().monitor_id == 0 && p.whole(); }));

  p.op.role->handle(session::AskRights{p.op.view().local_id, Right::See, "again"});
  REQUIRE(p.bench.run_until([&] { return p.customer.now().ask.has_value(); }, 3s));
  p.customer.role->handle(session::DecideAsk{p.customer.now().ask->id, Right::See, 1, 0});
  REQUIRE(p.bench.wait_until([&] { return p.op.view().monitor_id == 1 && p.whole(); }));
  CHECK(p.customer.now().monitor_id == 1);
  CHECK(p.op.view().granted == (Right::See | Right::Control));
}

TEST_CASE("a monitor that goes while nothing is grabbed takes the right to it along, and nothing else") {
  Pair p;
  p.live();
  REQUIRE(p.bench.wait_until([&] { return p.customer.now().layout.monitors.size() == 1; }));
  p.customer.desktop->set_layout({2, 64, 48, {{1, {0, 0, 32, 48}, "one", true}, {2, {32, 0, 32, 48}, "two", false}}});
  p.bench.settle();
  CHECK(p.customer.now().layout.monitors.size() == 2);   // nobody was allowed to see anything so far: the dialog offers both
  p.op.role->handle(session::AskRights{p.op.view().local_id, kAll, "to help"});
  REQUIRE(p.bench.run_until([&] { return p.customer.now().ask.has_value(); }, 3s));
  p.customer.role->handle(session::DecideAsk{p.customer.now().ask->id, kAll, 2, 0});
  REQUIRE(p.bench.run_until([&] { return p.op.view().granted == kAll; }, 3s));
  CHECK(p.op.view().layout.generation == 2);
  p.customer.role->handle(session::PanelVisibility{false});
  p.bench.run(2s);
  REQUIRE(p.op.view().paused == kAll);
  p.customer.desktop->set_layout({3, 32, 48, {{1, {0, 0, 32, 48}, "one", true}}});
  p.bench.settle();
  CHECK(p.customer.now().notice.kind == NoticeKind::MonitorGone);
  p.customer.role->handle(session::PanelVisibility{true});
  p.bench.run(2s);
  CHECK(p.customer.now().stage == CustomerStage::Live);
  CHECK(p.op.view().granted.empty());
  // What is allowed anew is of the desktop as it is; a choice from an old menu changes nothing.
  REQUIRE(p.bench.grant(p.customer, p.op, kAll));
  REQUIRE(p.bench.wait_until([&] { return p.whole(); }));
  CHECK(p.op.view().layout.generation == 3);
  p.op.role->handle(session::ChooseMonitor{p.op.view().local_id, 2});
  p.bench.run(1s);
  CHECK(p.customer.now().stage == CustomerStage::Live);
  CHECK(p.op.view().monitor_id == 0);
}

TEST_CASE("a film that the operator's end cannot decode goes on as tiles, and both are told") {
  Pair p;
  p.customer.screen.width = 320;
  p.customer.screen.height = 240;
  p.customer.screen.scene = capture::Scene::Noise;
  p.op.decodes = false;
  p.live();
  REQUIRE(p.bench.grant(p.customer, p.op, Right::See));
  const auto told = [](const auto& notice) { return notice.kind == session::NoticeKind::VideoFellBack && notice.args.at(0) == "marks"; };
  REQUIRE(p.bench.wait_until([&] { return told(p.customer.now().notice); }));
  REQUIRE(p.bench.wait_until([&] { return told(p.op.view().notice); }));
  const auto pixels = [&] {
    std::vector<std::uint8_t> out;
    p.op.canvas->read([&](const ports::PixelBuffer& seen) { out.assign(seen.row(120), seen.row(121)); });
    return out;
  };
  for (int times = 0; times < 3; ++times) {
    const auto before = pixels();
    CHECK(p.bench.wait_until([&] { return pixels() != before; }));
  }
}

TEST_CASE("a picture is kept once it is exact, both journals have it, and the customer is told") {
  using State = session::SessionView::Kept::State;
  Pair p;
  p.shown();
  p.op.role->handle(session::TakeScreenshot{p.op.view().local_id, false});
  REQUIRE(p.bench.wait_until([&] { return p.op.view().kept.state == State::Saved; }));
  CHECK(p.op.view().kept.text == "picture-1");
  CHECK(p.op.view().kept.inexact_permille == 0);
  REQUIRE(p.op.kept.size() == 1);
  CHECK(p.op.kept[0].pixels->width == 64);
  p.op.canvas->read([&](const ports::PixelBuffer& now) {
    for (int y = 0; y < 48; ++y) CHECK(std::equal(now.row(y), now.row(y) + 64 * 4, p.op.kept[0].pixels->row(y)));
  });
  REQUIRE(p.bench.wait_until([&] { return p.customer.now().pictures_kept == 1; }));
  for (const auto* journal : {&p.customer.journal, &p.op.journal})
    CHECK(std::count_if(journal->begin(), journal->end(), [](const auto& l) { return l.kind == ports::JournalKind::PictureKept; }) == 1);
  p.op.role->handle(session::ForgetScreenshot{p.op.view().local_id});
  p.bench.settle();
  CHECK(p.op.view().kept.state == State::None);
}

TEST_CASE("a picture that does not become exact is not kept by itself: it is said what is missing, and kept as it is on demand") {
  using State = session::SessionView::Kept::State;
  Pair p;
  p.shown();
  p.op.canvas->mark({16, 16, 16, 16}, false);   // as where a film plays
  (void)p.op.canvas->commit({});
  p.op.role->handle(session::TakeScreenshot{p.op.view().local_id, false});
  p.bench.run(4s);
  CHECK(p.op.view().kept.state == State::Waiting);
  CHECK(p.op.view().kept.inexact_permille > 0);
  p.bench.run(2s);
  CHECK(p.op.view().kept.state == State::NotExact);
  CHECK(p.op.view().kept.inexact == Rect{0, 0, 64, 48});   // told by tiles of 64
  CHECK(p.op.kept.empty());
  CHECK(p.customer.now().pictures_kept == 0);
  p.op.role->handle(session::TakeScreenshot{p.op.view().local_id, true});
  REQUIRE(p.bench.wait_until([&] { return p.op.view().kept.state == State::Saved; }));
  CHECK(p.op.kept.at(0).comment.find("Not exact") == 0);
  REQUIRE(p.bench.wait_until([&] { return p.customer.now().pictures_kept == 1; }));
}

TEST_CASE("without the right to see nothing is kept") {
  Pair p;
  p.live();
  p.op.role->handle(session::TakeScreenshot{p.op.view().local_id, false});
  p.op.role->handle(session::TakeScreenshot{p.op.view().local_id, true});
  p.bench.run(6s);
  CHECK(p.op.view().kept.state == session::SessionView::Kept::State::None);
  CHECK(p.op.kept.empty());
}

TEST_CASE("a screen that rests is said to be looked at for as long as it is shown, what was controlled only while it is") {
  Pair p;
  p.granted();
  p.bench.run(10s);
  CHECK(p.customer.now().in_use == Rights(Right::See));
  p.customer.role->handle(session::RevokeRight{Right::See});
  p.bench.run(1s);
  CHECK_FALSE(p.customer.now().in_use.has(Right::See));
}

TEST_CASE("a customer who dies in any stage leaves the operator with the next code or the end page") {
  for (int after = 0; after < 12; ++after) {
    CAPTURE(after);
    Pair p;
    const std::string code = p.op.view().code;
    int pieces = 0;
    p.bench.relay.lies.tunnel = [&](auto&, End, auto&) {
      ++pieces;
      return true;
    };
    p.customer.role->handle(session::EnterCode{code});
    (void)p.bench.run_until([&] { return pieces >= after; }, 3s);
    if (after == 11) p.granted();
    const bool live = p.op.view().stage == SessionStage::Live;
    p.customer.role.reset();                     // as when its process is killed: no goodbye
    p.bench.run(2s);
    for (auto& s : p.bench.relay.sessions()) {   // the relay waits for it, in vain
      if (!s->ended && s->customer.client != 0) p.bench.relay.end(*s, control::SessionEnded::PEER_LOST);
    }
    p.bench.run(2s);
    if (live) {
      CHECK(p.op.view().stage == SessionStage::Ended);
      CHECK(p.op.view().end.cause == EndView::Cause::PeerLost);
    } else if (p.op.view().stage != SessionStage::Ended) {
      CHECK(p.op.view().stage == SessionStage::WaitingForCustomer);
      CHECK_FALSE(p.op.view().code.empty());
    }
    CHECK(p.customer.gate->now().empty());
  }
}

TEST_CASE("an operator who dies in any stage leaves the customer with a word and nothing shared") {
  for (int after = 0; after < 12; ++after) {
    CAPTURE(after);
    Pair p;
    const std::string code = p.op.view().code;
    int pieces = 0;
    p.bench.relay.lies.tunnel = [&](auto&, End, auto&) {
      ++pieces;
      return true;
    };
    p.customer.role->handle(session::EnterCode{code});
    (void)p.bench.run_until([&] { return pieces >= after; }, 3s);
    if (after == 11) REQUIRE(p.bench.grant(p.customer, p.op, kAll));
    const bool tells = after % 2 == 0;           // the relay may notice, or not
    p.op.role.reset();
    p.bench.run(2s);
    if (tells) {
      for (auto& s : p.bench.relay.sessions()) p.bench.relay.end(*s, control::SessionEnded::PEER_LOST);
    }
    p.bench.run(20s);
    const auto c = p.customer.now();
    CHECK(p.customer.gate->now().empty());
    CHECK((c.stage == CustomerStage::Ended || c.recovering || (c.stage == CustomerStage::Start && c.notice.kind != NoticeKind::None)));
    p.bench.run(std::chrono::minutes(6));
    CHECK((p.customer.now().stage == CustomerStage::Ended || p.customer.now().stage == CustomerStage::Start));
  }
}

TEST_CASE("two sessions at once stay apart") {
  Pair p;
  p.live();
  CustomerSeat& second = p.bench.add_customer();
  (void)p.bench.new_session(p.op);
  REQUIRE(p.bench.join(second, p.op, p.op.view(1).code, 1));
  REQUIRE(p.bench.grant(p.customer, p.op, Rights(Right::Control), 0));
  CHECK(second.gate->now().empty());
  p.op.role->handle(session::SayToCustomer{p.op.view(0).local_id, "to the first"});
  p.op.role->handle(session::SayToCustomer{p.op.view(1).local_id, "to the second"});
  InputEvent e;
  e.kind = InputKind::Text;
  e.text[0] = 'a';
  p.op.role->handle(session::SendInput{p.op.view(0).local_id, e});
  p.op.role->handle(session::SendInput{p.op.view(1).local_id, e});
  p.bench.run(1s);
  REQUIRE(p.customer.now().chat.size() == 1);
  REQUIRE(second.now().chat.size() == 1);
  CHECK(p.customer.now().chat[0].text == "to the first");
  CHECK(second.now().chat[0].text == "to the second");
  CHECK(p.customer.desktop->injected().size() == 1);
  CHECK(second.desktop->injected().empty());
  CHECK(p.customer.now().peer.check_words != second.now().peer.check_words);
  REQUIRE(p.op.view(0).peer.name == p.op.view(1).peer.name);   // two people, one system's login
  CHECK(p.op.view(0).namesake == 1);
  CHECK(p.op.view(1).namesake == 2);
  p.customer.role->handle(session::StopSession{});
  p.bench.run(2s);
  CHECK(p.op.view(0).stage == SessionStage::Ended);
  CHECK(p.op.view(0).end.cause == EndView::Cause::CustomerStop);
  CHECK(p.op.view(1).stage == SessionStage::Live);
  p.op.role->handle(session::DismissSession{p.op.view(0).local_id});
  p.bench.settle();
  CHECK(p.op.view(0).namesake == 2);   // nobody changes his number
}

TEST_CASE("both ends hold the same receipt after a regular end") {
  Pair p;
  p.granted();
  p.op.role->handle(session::EndSession{p.op.view().local_id});
  p.bench.run(2s);
  CHECK(p.customer.now().stage == CustomerStage::Ended);
  CHECK(p.customer.now().end.receipt_matches);
  CHECK(p.op.view().end.receipt_matches);
  CHECK_FALSE(p.customer.now().end.receipt_hex.empty());
  CHECK(p.customer.now().end.receipt_hex == p.op.view().end.receipt_hex);
}

// An end that still held the answered receipt said at each of its turns that it leaves, until the relay cut it off.
TEST_CASE("a session that is over is left once") {
  Pair p;
  p.granted();
  p.op.role->handle(session::EndSession{p.op.view().local_id});
  p.bench.run(10s);
  CHECK(p.customer.now().end.receipt_matches);
  CHECK(p.bench.relay.leaves == 2);   // once by each
}

// A customer was told of a receipt "the same on both sides" that the operator's end, gone by then, had never written.
TEST_CASE("only a receipt that the other end says it holds is called the same on both sides") {
  Pair p;
  p.granted();
  p.op.role->wind_down();
  p.op.role->shut_down();              // gone before the customer's head can reach it
  p.bench.run(2s);
  REQUIRE(p.customer.now().stage == CustomerStage::Ended);
  CHECK(p.customer.now().end.cause == EndView::Cause::OperatorEnded);
  CHECK_FALSE(p.customer.now().end.receipt_matches);
}

TEST_CASE("winding down tells the other end and takes its receipt before the program is gone") {
  for (const bool operator_leaves : {true, false}) {
    Pair p;
    p.granted();
    if (operator_leaves) p.op.role->wind_down();
    else p.customer.role->wind_down();
    for (int i = 0; i < 100 && !(operator_leaves ? p.op.role->wound_down() : p.customer.role->wound_down()); ++i) p.bench.run(10ms);
    CHECK(p.op.role->wound_down());
    if (operator_leaves) p.op.role->shut_down();
    else p.customer.role->shut_down();
    p.bench.run(200ms);
    CHECK(p.op.journal.back().kind == ports::JournalKind::Receipt);
    CHECK(p.customer.journal.back().kind == ports::JournalKind::Receipt);
    if (!operator_leaves) continue;
    CHECK(p.customer.now().stage == CustomerStage::Ended);
    CHECK(p.customer.now().end.cause == EndView::Cause::OperatorEnded);
    CHECK(p.customer.now().end.receipt_matches);
  }
}

// The panel turns into the end page: once in a while the window was seen hidden and shown again in that moment, and a line
// "resumed" came into the customer's journal after the head that her receipt vouches for.
TEST_CASE("nothing but the receipt follows the end in the customer's journal") {
  Pair p;
  p.granted();
  p.customer.role->handle(session::PanelVisibility{false});
  p.bench.run(2s);
  p.customer.role->handle(session::StopSession{});
  p.customer.role->handle(session::PanelVisibility{true});
  p.bench.run(2s);
  REQUIRE(p.customer.now().stage == CustomerStage::Ended);
  CHECK(p.customer.now().end.receipt_matches);
  REQUIRE(p.customer.journal.size() >= 3);
  std::vector<ports::JournalKind> kinds;
  for (const ports::JournalLine& line : p.customer.journal) kinds.push_back(line.kind);
  CHECK(std::count(kinds.begin(), kinds.end(), ports::JournalKind::Paused) == 1);
  CHECK(std::count(kinds.begin(), kinds.end(), ports::JournalKind::Resumed) == 0);
  CHECK(kinds.at(kinds.size() - 2) == ports::JournalKind::SessionEnded);
  CHECK(kinds.back() == ports::JournalKind::Receipt);
}

TEST_CASE("back to the start in mid-session frees the customer for the next code") {
  Pair p;
  p.granted();
  p.customer.role->handle(session::BackToStart{});
  p.bench.run(2s);
  CHECK(p.customer.gate->now().empty());
  CHECK(p.customer.now().stage == CustomerStage::Start);
  CHECK(p.op.view().stage == SessionStage::Ended);
  (void)p.bench.new_session(p.op);
  CHECK(p.bench.join(p.customer, p.op, p.op.view(1).code, 1));
}

TEST_CASE("nothing of the screen leaves after Stop or a revoked right, whatever the viewer still asks for") {
  for (const bool stop : {true, false}) {
    CAPTURE(stop);
    Pair p;
    p.live();
    int tiles = 0;
    p.bench.relay.lies.media = [&](auto&, End from, Bytes& bytes) {
      if (from == End::Customer && (bytes.at(1) & 0x7f) == wire::kPayloadTiles) ++tiles;
      return true;
    };
    p.bench.run(500ms);
    CHECK(tiles == 0);                       // not before the right is given
    REQUIRE(p.bench.grant(p.customer, p.op, Rights(Right::See)));
    REQUIRE(p.bench.wait_until([&] { return tiles > 0 && p.whole(); }));
    if (stop) p.customer.role->handle(session::StopSession{});
    else p.customer.role->handle(session::RevokeRight{Right::See});
    const int before = tiles;
    p.op.role->handle(session::RefreshPicture{p.op.view().local_id});
    for (int i = 0; i < 20; ++i) (void)p.bench.run_until([] { return false; }, 100ms);
    CHECK(tiles == before);
    if (stop) {
      CHECK(p.customer.now().stage == CustomerStage::Ended);
      continue;
    }
    // Given again, a new viewer's picture comes whole.
    REQUIRE(p.bench.grant(p.customer, p.op, Rights(Right::See)));
    REQUIRE(p.bench.wait_until([&] { return tiles > before && p.whole(); }));
  }
}
