// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>

#include "engine/flow/input_state.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;

namespace {
InputEvent key(InputKind kind, std::uint16_t usage) {
  InputEvent e;
  e.kind = kind;
  e.hid_usage = usage;
  return e;
}
Bytes bytes_of(const wire::Cell& cell) { return Bytes(cell.begin(), cell.end()); }
}  // namespace

TEST_CASE("input arrives once and in order through loss, repetition and reordering") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    ManualClock clock;
    const test::VirtualNet::Path path{.loss = 0.2, .duplicate = 0.1, .reorder = 0.1, .delay = milliseconds(30)};
    test::VirtualNet there(seed, path), back(seed + 50, path);
    InputSender sender;
    InputReceiver receiver;
    CursorSender cursor;
    CursorReceiver cursor_end;
    std::vector<InputEvent> sent, got;
    int released = 0;
    for (int step = 0; step < 4000; ++step) {
      if (step < 1000 && step % 3 == 0) {
        sent.push_back(key(step % 2 == 0 ? InputKind::KeyDown : InputKind::KeyUp, static_cast<std::uint16_t>(4 + step % 30)));
        REQUIRE(sender.add(sent.back(), clock.now()));
      }
      for (const auto& cell : sender.poll(clock.now())) there.send(bytes_of(cell), clock.now());
      for (const Bytes& cell : there.arrivals(clock.now())) {
        auto events = receiver.receive(cell, clock.now());
        REQUIRE(events);
        // Where a second passed without a cell what was held is let go of; the events themselves are none the fewer.
        std::copy_if(events->begin(), events->end(), std::back_inserter(got), [](const InputEvent& e) { return e.kind != InputKind::ReleaseAll; });
        released += events->size() > 0 && events->front().kind == InputKind::ReleaseAll ? 1 : 0;
      }
      if (receiver.ack_due()) {
        cursor.acknowledge(receiver.ack(), clock.now());
        receiver.ack_sent();
      }
      while (auto cell = cursor.poll(clock.now())) back.send(bytes_of(*cell), clock.now());
      for (const Bytes& cell : back.arrivals(clock.now())) {
        auto update = cursor_end.receive(cell);
        REQUIRE(update);
        REQUIRE(sender.on_ack(update->input_ack, clock.now()));
      }
      clock.advance(milliseconds(5));
    }
    CHECK(released <= 1);
    CHECK(got == sent);
    CHECK(sender.unacknowledged() == 0);
  }
}

TEST_CASE("a key that is held repeats while the line tells of it, and not a time more") {
  ManualClock clock;
  clock.advance(seconds(10));
  InputSender sender;
  InputReceiver receiver;
  bool line = true;
  int downs = 0, repeats = 0;
  std::vector<Bytes> waiting;
  const auto run = [&](nanoseconds time) {
    for (const LocalTime end = clock.now() + time; clock.now() < end; clock.advance(milliseconds(5))) {
      for (const auto& cell : sender.poll(clock.now())) waiting.push_back(bytes_of(cell));
      for (; line && !waiting.empty(); waiting.erase(waiting.begin())) {
        auto events = receiver.receive(waiting.front(), clock.now());
        REQUIRE(events);
        for (const InputEvent& e : *events) downs += e.kind == InputKind::KeyDown ? 1 : 0;
        REQUIRE(sender.on_ack(receiver.ack(), clock.now()));
      }
      (void)receiver.poll(clock.now());
      if (clock.now() < receiver.next_deadline()) continue;
      if (const auto again = receiver.repeat(clock.now())) {
        CHECK(again->hid_usage == 42);
        ++repeats;
      }
    }
  };
  REQUIRE(sender.add(key(InputKind::KeyDown, 0xe1), clock.now()));   // a modifier does not repeat
  run(seconds(2));
  CHECK(repeats == 0);
  REQUIRE(sender.add(key(InputKind::KeyDown, 42), clock.now()));
  run(milliseconds(480));
  CHECK(repeats == 0);
  run(milliseconds(1020));
  CHECK(repeats >= 25);
  CHECK(repeats <= 31);
  REQUIRE(sender.add(key(InputKind::KeyUp, 42), clock.now()));
  repeats = 0;
  run(seconds(1));
  CHECK(repeats == 0);

  // The line is silent just after it went down and while it goes up again, for almost as long as keys stay down.
  REQUIRE(sender.add(key(InputKind::KeyDown, 42), clock.now()));
  run(milliseconds(20));
  line = false;
  run(milliseconds(60));
  REQUIRE(sender.add(key(InputKind::KeyUp, 42), clock.now()));
  run(milliseconds(850));
  line = true;
  run(seconds(1));
  CHECK(repeats == 0);
  CHECK(downs == 3);

  // While it is held: it stops soon, and goes on when the line is back and says that it still is.
  REQUIRE(sender.add(key(InputKind::KeyDown, 42), clock.now()));
  run(seconds(1));
  line = false;
  run(milliseconds(300));
  repeats = 0;
  run(milliseconds(500));
  CHECK(repeats == 0);
  line = true;
  run(milliseconds(150));
  CHECK(repeats == 0);
  run(seconds(1));
  CHECK(repeats >= 20);
}

TEST_CASE("unsent pointer moves are merged, but never across a click") {
  InputSender sender;
  const LocalTime now(seconds(1));
  InputEvent move;
  for (std::uint16_t x = 1; x <= 5; ++x) {
    move.x = x;
    REQUIRE(sender.add(move, now));
  }
  InputEvent click = move;
  click.kind = InputKind::ButtonDown;
  click.button = 1;
  REQUIRE(sender.add(click, now));
  move.x = 9;
  REQUIRE(sender.add(move, now));
  InputReceiver receiver;
  const auto cells = sender.poll(now);
  REQUIRE(cells.size() == 1);
  const auto events = receiver.receive(cells[0], now);
  REQUIRE(events);
  REQUIRE(events->size() == 3);
  CHECK((*events)[0].x == 5);
  CHECK((*events)[1].kind == InputKind::ButtonDown);
  CHECK((*events)[2].x == 9);
}

// They would fill what may be unacknowledged on a line that stands, and keys would be refused.
TEST_CASE("of unsent pointing marks the newest counts, and a move is no mark") {
  InputSender sender;
  const LocalTime now(seconds(1));
  InputEvent mark;
  mark.kind = InputKind::PointMark;
  for (std::uint16_t x = 1; x <= InputSender::kMaxEvents + 10; ++x) {
    mark.x = x;
    REQUIRE(sender.add(mark, now));
  }
  InputEvent move = mark;
  move.kind = InputKind::PointerMove;
  REQUIRE(sender.add(move, now));
  InputReceiver receiver;
  const auto cells = sender.poll(now);
  REQUIRE(cells.size() == 1);
  const auto events = receiver.receive(cells[0], now);
  REQUIRE(events);
  REQUIRE(events->size() == 2);
  CHECK((*events)[0].kind == InputKind::PointMark);
  CHECK((*events)[0].x == InputSender::kMaxEvents + 10);
  CHECK((*events)[1].kind == InputKind::PointerMove);
}

TEST_CASE("held keys are let go after a second without a cell, and not while cells come") {
  ManualClock clock;
  InputSender sender;
  InputReceiver receiver;
  REQUIRE(sender.add(key(InputKind::KeyDown, 4), clock.now()));
  bool up = true;
  const auto run = [&](int steps) {
    int released = 0;
    for (int i = 0; i < steps; ++i) {
      for (const auto& cell : sender.poll(clock.now()))
        if (up) REQUIRE(receiver.receive(cell, clock.now()));
      REQUIRE(sender.on_ack(receiver.ack(), clock.now()));
      released += receiver.poll(clock.now()) ? 1 : 0;
      clock.advance(milliseconds(10));
    }
    return released;
  };
  CHECK(run(500) == 0);
  up = false;
  CHECK(run(80) == 0);  // the last cell may be 150 ms old
  CHECK(run(500) == 1);
}

TEST_CASE("an acknowledgement of what was never sent and numbers far off are the peer's fault") {
  InputSender sender;
  const LocalTime now(seconds(1));
  REQUIRE(sender.add(key(InputKind::KeyDown, 4), now));
  CHECK_FALSE(sender.on_ack(EventNo{2}, now));
  wire::InputCell cell;
  cell.first = EventNo{100'000};
  CHECK_FALSE(InputReceiver().receive(wire::build_input_cell(cell), now));
}

TEST_CASE("only a newer cursor place counts") {
  CursorSender sender;
  CursorReceiver receiver;
  const LocalTime now(seconds(1));
  sender.move({1, 1, true, 0}, now);
  const auto first = sender.poll(now);
  sender.move({2, 2, true, 0}, now);
  const auto second = sender.poll(now);
  CHECK(receiver.receive(*second)->spot->x == 2);
  CHECK_FALSE(receiver.receive(*first)->spot);
  CHECK(sender.next_deadline() == now + milliseconds(20));
}
