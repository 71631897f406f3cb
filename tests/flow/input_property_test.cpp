// SPDX-License-Identifier: GPL-3.0-or-later
// Input cells over lines that lose, repeat, reorder and die for long, by many seeds. Each event carries its own number in the
// keysym (or in the place of a pointer move), so that the test knows exactly what was applied.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "engine/flow/input_state.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;

namespace {
struct Bench {
  ManualClock clock;
  std::mt19937_64 random;
  test::VirtualNet there, back;
  InputSender sender;
  InputReceiver receiver;
  CursorSender cursor;
  CursorReceiver cursor_end;
  std::vector<InputEvent> sent, got;
  std::set<std::uint16_t> down;            // at the customer's, as the system sees it
  LocalTime heard = LocalTime::min();
  nanoseconds longest_hold{0};             // over silence
  std::uint32_t made = 0;

  Bench(std::uint64_t seed, const test::VirtualNet::Path& path) : random(seed), there(seed * 2, path), back(seed * 2 + 1, path) {}

  bool chance(double p) { return static_cast<double>(random() >> 11) / 9007199254740992.0 < p; }
  InputEvent make() {
    InputEvent e;
    ++made;
    switch (random() % 6) {
      case 0:
      case 1:
        e.kind = InputKind::PointerMove;
        e.x = static_cast<std::uint16_t>(made);
        break;
      case 2:
      case 3: e.kind = InputKind::KeyDown; break;
      case 4: e.kind = InputKind::KeyUp; break;
      default:
        e.kind = InputKind::Text;
        e.text[0] = 'x';
        break;
    }
    if (e.kind != InputKind::PointerMove) {
      e.keysym = made;
      e.hid_usage = static_cast<std::uint16_t>(4 + random() % 5);
    }
    return e;
  }
  void type() {
    const InputEvent e = make();
    REQUIRE(sender.add(e, clock.now()));
    sent.push_back(e);
  }
  void apply(const InputEvent& e) {
    got.push_back(e);
    if (e.kind == InputKind::KeyDown) down.insert(e.hid_usage);
    if (e.kind == InputKind::KeyUp) down.erase(e.hid_usage);
    if (e.kind == InputKind::ReleaseAll) down.clear();
  }
  // One step of 5 ms. `awake`: the customer's program runs.
  void step(bool awake = true) {
    const LocalTime now = clock.now();
    for (const auto& cell : sender.poll(now)) there.send(Bytes(cell.begin(), cell.end()), now);
    if (awake) {
      for (const Bytes& cell : there.arrivals(now)) {
        auto events = receiver.receive(cell, now);
        REQUIRE(events);
        for (const InputEvent& e : *events) apply(e);
        heard = now;
      }
      if (receiver.poll(now)) down.clear();
      if (!down.empty()) longest_hold = std::max<nanoseconds>(longest_hold, now - heard);
      if (receiver.ack_due()) {
        cursor.acknowledge(receiver.ack(), now);
        receiver.ack_sent();
      }
      while (auto cell = cursor.poll(now)) back.send(Bytes(cell->begin(), cell->end()), now);
    }
    for (const Bytes& cell : back.arrivals(now)) {
      auto update = cursor_end.receive(cell);
      REQUIRE(update);
      REQUIRE(sender.on_ack(update->input_ack, now));
    }
    clock.advance(milliseconds(5));
  }
  void settle() {
    for (int i = 0; i < 4000 && sender.unacknowledged() > 0; ++i) step();
  }
};

bool is_move(const InputEvent& e) { return e.kind == InputKind::PointerMove; }
// All that is not a pointer move came, once and in order; moves came in order, and the last place of a run of them is never missing.
void check_all_came(const Bench& bench) {
  std::vector<InputEvent> want, have;
  for (std::size_t i = 0; i < bench.sent.size(); ++i)
    if (!is_move(bench.sent[i]) || i + 1 == bench.sent.size() || !is_move(bench.sent[i + 1])) want.push_back(bench.sent[i]);
  for (std::size_t i = 0; i < bench.got.size(); ++i) {
    if (bench.got[i].kind == InputKind::ReleaseAll) continue;   // the receiver's own, over a gap
    std::size_t next = i + 1;
    while (next < bench.got.size() && bench.got[next].kind == InputKind::ReleaseAll) ++next;
    if (!is_move(bench.got[i]) || next == bench.got.size() || !is_move(bench.got[next])) have.push_back(bench.got[i]);
  }
  CHECK(have == want);
  std::uint16_t last = 0;
  for (const InputEvent& e : bench.got) {
    if (!is_move(e)) continue;
    CHECK(e.x > last);
    last = e.x;
  }
}
}  // namespace

TEST_CASE("whatever a line loses, repeats and reorders, each event is applied once and in order, and acknowledged") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto part = [&](double most) { return most * static_cast<double>(random() % 1000) / 1000; };
    Bench bench(seed, {.loss = part(0.5), .duplicate = part(0.3), .reorder = part(0.3), .delay = milliseconds(1 + random() % 150),
                       .jitter = milliseconds(random() % 80), .burst_enter = part(0.02), .burst_leave = 0.1});
    const double busy = part(0.9);
    for (int i = 0; i < 1000; ++i) {
      if (bench.chance(busy) && bench.sender.unacknowledged() < 2000) bench.type();
      bench.step();
    }
    bench.settle();
    CHECK(bench.sender.unacknowledged() == 0);
    check_all_came(bench);
    CHECK(bench.longest_hold <= InputReceiver::kGap + milliseconds(5));
  }
}

TEST_CASE("outages of one way or both, up to 40 s, lose and double nothing, and nothing stays held over a second of them") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Bench bench(seed, {.loss = 0.05, .duplicate = 0.05, .reorder = 0.05, .delay = milliseconds(40)});
    for (int i = 0; i < 12'000; ++i) {
      const LocalTime now = bench.clock.now();
      if (i % 4000 == 500) {
        const auto length = milliseconds(200 + bench.random() % 39'800 / (1 + bench.random() % 8));
        if (seed % 3 != 1) bench.there.outage_until(now + length);
        if (seed % 3 != 2) bench.back.outage_until(now + length);
      }
      if (bench.chance(0.04) && bench.sender.unacknowledged() < 2000) bench.type();
      bench.step();
    }
    for (int i = 0; i < 8000; ++i) bench.step();
    bench.settle();
    CHECK(bench.sender.unacknowledged() == 0);
    check_all_came(bench);
    CHECK(bench.longest_hold <= InputReceiver::kGap + milliseconds(5));
  }
}

TEST_CASE("a customer's machine that slept lets go of what was held before it applies anything newer") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Bench bench(seed, {.delay = milliseconds(20)});
    InputEvent e;
    e.kind = InputKind::KeyDown;
    e.hid_usage = 4;
    e.keysym = 1;
    REQUIRE(bench.sender.add(e, bench.clock.now()));
    for (int i = 0; i < 20; ++i) bench.step();
    REQUIRE(bench.down.size() == 1);
    for (int i = 0; i < 600; ++i) bench.step(false);
    e.hid_usage = 5;
    e.keysym = 2;
    REQUIRE(bench.sender.add(e, bench.clock.now()));
    for (int i = 0; i < 200; ++i) bench.step();
    REQUIRE(bench.got.size() == 3);
    CHECK(bench.got[1].kind == InputKind::ReleaseAll);
    CHECK(bench.got[2].keysym == 2);
    CHECK(bench.down == std::set<std::uint16_t>{5});
  }
}

TEST_CASE("what is dropped is applied never or once, what follows is applied, and both ends still agree on the numbers") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Bench bench(seed, {.loss = 0.3, .duplicate = 0.2, .reorder = 0.2, .delay = milliseconds(60)});
    std::vector<std::uint32_t> after;       // keysyms of what was typed since the last drop and must come
    for (int i = 0; i < 3000; ++i) {
      if (i == 700) bench.there.outage_until(bench.clock.now() + seconds(2));
      if (i == 1500) bench.back.outage_until(bench.clock.now() + seconds(2));
      if (bench.chance(0.05)) {
        bench.type();
        if (!is_move(bench.sent.back())) after.push_back(bench.sent.back().keysym);
      }
      if (i % 400 == 399) {
        bench.sender.drop_unacknowledged(bench.clock.now());
        after.clear();
      }
      bench.step();
    }
    bench.settle();
    CHECK(bench.sender.unacknowledged() == 0);
    std::uint32_t last = 0;
    for (const InputEvent& e : bench.got) {
      const std::uint32_t number = is_move(e) ? e.x : e.keysym;
      if (e.kind == InputKind::ReleaseAll) continue;
      CHECK(number > last);                 // never twice, never out of order
      last = number;
    }
    for (const std::uint32_t keysym : after)
      CHECK(std::any_of(bench.got.begin(), bench.got.end(), [&](const InputEvent& e) { return !is_move(e) && e.keysym == keysym; }));
  }
}

TEST_CASE("over gaps of any length a key is applied soon after it was typed or never, and what is not applied was said to be dropped") {
  std::size_t kept = 0, gone = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Bench bench(seed, {.loss = 0.05, .duplicate = 0.05, .reorder = 0.05, .delay = milliseconds(40)});
    const nanoseconds gap = milliseconds(500 + random() % 25'000);
    const bool there = seed % 3 != 0, back = seed % 3 != 1;      // the way there, the way back, both
    LocalTime heard = bench.clock.now();
    std::map<std::uint32_t, LocalTime> typed, applied;
    std::size_t dropped = 0, looked = 0;
    const LocalTime began = bench.clock.now() + seconds(2);
    for (int i = 0; i < 9000; ++i) {
      const LocalTime now = bench.clock.now();
      if (i == 400) {
        if (there) bench.there.outage_until(began + gap);
        if (back) bench.back.outage_until(began + gap);
      }
      const bool silent = back && now >= began && now < began + gap;
      if (!silent) heard = now;
      dropped += bench.sender.drop_stale(heard, now);
      // In a gap that is known for one nothing more is taken; and what is typed last has time to arrive.
      if (i < 8600 && bench.chance(0.03) && (!silent || now - began < milliseconds(3500)) && bench.sender.unacknowledged() < 2000) {
        bench.type();
        if (bench.sent.back().kind == InputKind::KeyDown || bench.sent.back().kind == InputKind::Text) typed[bench.sent.back().keysym] = now;
      }
      bench.step();
      for (; looked < bench.got.size(); ++looked)
        if (const InputEvent& e = bench.got[looked]; e.kind == InputKind::KeyDown || e.kind == InputKind::Text) {
          CHECK(applied.count(e.keysym) == 0);
          applied[e.keysym] = now;
        }
    }
    std::size_t missing = 0;
    for (const auto& [keysym, at] : typed) {
      const auto found = applied.find(keysym);
      if (found == applied.end()) ++missing;
      else CHECK(found->second - at <= InputSender::kKept + seconds(1));
    }
    CHECK(missing <= dropped);
    if (gap < InputSender::kKept - seconds(1)) CHECK(dropped == 0);
    CHECK(bench.longest_hold <= InputReceiver::kGap + milliseconds(5));
    (dropped == 0 ? kept : gone) += 1;
  }
  CHECK(kept > 20);
  CHECK(gone > 10);
}

TEST_CASE("what was dropped once is not dropped again, and a line that stays dead is asked no oftener for it") {
  InputSender sender;
  LocalTime now(seconds(1));
  const LocalTime heard = now;
  InputEvent e;
  e.kind = InputKind::KeyDown;
  e.hid_usage = 4;
  for (int i = 0; i < 3; ++i) REQUIRE(sender.add(e, now));
  (void)sender.poll(now);
  now = heard + InputSender::kKept - milliseconds(1);
  CHECK(sender.drop_stale(heard, now) == 0);
  now = heard + InputSender::kKept;
  CHECK(sender.drop_stale(heard, now) == 3);
  int cells = 0;
  for (int i = 0; i < 1000; ++i) {
    now += milliseconds(10);
    CHECK(sender.drop_stale(heard, now) == 0);
    cells += static_cast<int>(sender.poll(now).size());
  }
  CHECK(cells <= 30);   // every 400 ms at most
  // The same by age alone, where the other side is heard all the time: only the way there is dead.
  e.kind = InputKind::Text;
  e.text[0] = 'x';
  REQUIRE(sender.add(e, now));
  CHECK(sender.drop_stale(now, now) == 0);
  now += InputSender::kKept;
  CHECK(sender.drop_stale(now, now) == 1);
}

TEST_CASE("a full queue still takes what lets go") {
  InputSender sender;
  const LocalTime now(seconds(1));
  InputEvent e;
  e.kind = InputKind::KeyDown;
  e.hid_usage = 4;
  std::size_t taken = 0;
  while (sender.add(e, now)) ++taken;
  CHECK(taken == InputSender::kMaxEvents);
  e.kind = InputKind::KeyUp;
  CHECK(sender.add(e, now));
}
