// SPDX-License-Identifier: GPL-3.0-or-later
// What the congestion control and the pacer are made of, each for itself; the whole is in rfc8867_test.cpp.
#include <doctest/doctest.h>

#include "engine/flow/feedback.h"
#include "engine/flow/pacer.h"
#include "engine/flow/scream_control.h"
#include "engine/flow/sent_log.h"
#include "engine/flow/tail_watch.h"

using namespace beside;
using namespace beside::flow;

namespace {
const Ssrc kMedia{5};
wire::CcFeedback told(std::uint16_t begin, std::initializer_list<int> received, std::uint32_t stamp) {
  wire::CcFeedback feedback;
  wire::CcStream stream{kMedia, begin, {}};
  for (const int came : received) stream.arrivals.push_back({came != 0, 0, 0});
  feedback.streams.push_back(stream);
  feedback.stamp = stamp;
  return feedback;
}
SeqNo seq(int n) { return SeqNo{static_cast<std::uint16_t>(n)}; }

// A line that took a whole window and says nothing of it.
struct MuteLine {
  ManualClock clock;
  ScreamControl control;
  int n = 0;
  std::size_t before = 0;   // reference window
  MuteLine() {
    while (control.send_window() > 0) send();
    before = control.reference_window();
  }
  void send() { control.on_sent(kMedia, seq(n++), 1200, clock.now()); }
  void wait() {
    clock.advance(control.next_deadline() - clock.now());
    control.poll(clock.now());
  }
};
}  // namespace

TEST_CASE("a packet is lost only when one that left a reorder window later has arrived") {
  ManualClock clock;
  SentLog log;
  for (int i = 0; i < 3; ++i) {
    log.on_sent(kMedia, seq(i), 1000, clock.now());
    clock.advance(milliseconds(2));
  }
  CHECK(log.in_flight() == 3000);
  auto report = log.on_feedback(told(0, {1, 0, 1}, 100), milliseconds(40));
  CHECK(report.acked == 2);
  CHECK(report.lost == 0);            // 2 ms later is within the window
  CHECK(log.in_flight() == 1000);
  clock.advance(milliseconds(10));
  log.on_sent(kMedia, seq(3), 1000, clock.now());
  report = log.on_feedback(told(1, {0, 1, 1}, 200), milliseconds(40));
  CHECK(report.acked == 1);
  CHECK(report.lost == 1);
  CHECK(log.in_flight() == 0);
  // It comes after all: counted as arrived, and the window is wider from now on.
  report = log.on_feedback(told(1, {1, 1, 1}, 300), milliseconds(100));
  CHECK(report.acked == 1);
  CHECK(log.reorder_window() > milliseconds(8));
}

TEST_CASE("a packet that was sent again is acknowledged once, and its time is marked as doubtful") {
  ManualClock clock;
  SentLog log;
  log.on_sent(kMedia, seq(0), 1000, clock.now());
  clock.advance(milliseconds(50));
  log.on_sent(kMedia, seq(0), 1000, clock.now());
  CHECK(log.in_flight() == 1000);
  auto report = log.on_feedback(told(0, {1}, 100), milliseconds(40));
  CHECK(report.lost == 1);            // the first copy, by whoever asked for the second
  REQUIRE(report.acks.size() == 1);
  CHECK(report.acks[0].twice);
  CHECK(log.on_feedback(told(0, {1}, 200), milliseconds(40)).acked == 0);
  CHECK(log.in_flight() == 0);
}

TEST_CASE("65,536 packets later a number is another packet") {
  ManualClock clock;
  SentLog log;
  log.on_sent(kMedia, seq(7), 1000, clock.now());
  (void)log.on_feedback(told(7, {1}, 100), milliseconds(40));
  clock.advance(seconds(30));
  log.on_sent(kMedia, seq(7), 1000, clock.now());
  const auto report = log.on_feedback(told(7, {1}, 100 + 30 * 65536), milliseconds(40));
  CHECK(report.lost == 0);
  REQUIRE(report.acks.size() == 1);
  CHECK(report.acks[0].arrived_ms);
}

TEST_CASE("a picture of one packet after a pause is told of at once, one of several or in a stream of them waits for more") {
  ManualClock clock;
  clock.advance(seconds(1));
  FeedbackCollector collector(Ssrc{1});
  collector.on_packet(kMedia, seq(1), true, clock.now());
  REQUIRE(collector.poll(clock.now()));
  clock.advance(milliseconds(2));
  collector.on_packet(kMedia, seq(2), true, clock.now());     // soon after
  CHECK_FALSE(collector.poll(clock.now()));
  clock.advance(FeedbackCollector::kSoon);
  CHECK(collector.poll(clock.now()));
  clock.advance(milliseconds(100));
  collector.on_packet(kMedia, seq(3), false, clock.now());    // its end is still to come
  CHECK_FALSE(collector.poll(clock.now()));
  collector.on_packet(kMedia, seq(4), true, clock.now());
  CHECK_FALSE(collector.poll(clock.now()));
  clock.advance(FeedbackCollector::kSoon);
  CHECK(collector.poll(clock.now()));
  clock.advance(FeedbackCollector::kLate);
  collector.on_packet(kMedia, seq(5), true, clock.now());     // as on a narrow line, one by one
  CHECK_FALSE(collector.poll(clock.now()));
  clock.advance(FeedbackCollector::kSoon);
  CHECK(collector.poll(clock.now()));
  clock.advance(FeedbackCollector::kRested);
  collector.on_packet(kMedia, seq(6), true, clock.now());
  const auto feedback = collector.poll(clock.now());
  REQUIRE(feedback);
  CHECK(feedback->streams[0].arrivals.back().offset == 0);
}

TEST_CASE("feedback tells of each packet twice, of a late one again, and leaves with the picture's end or the sixteenth packet") {
  ManualClock clock;
  FeedbackCollector collector(Ssrc{1});
  for (int i = 0; i < 3; ++i) collector.on_packet(kMedia, seq(65534 + i), i == 2, clock.now());
  CHECK_FALSE(collector.poll(clock.now()));
  clock.advance(FeedbackCollector::kSoon);
  auto feedback = collector.poll(clock.now());
  REQUIRE(feedback);
  REQUIRE(feedback->streams.size() == 1);
  CHECK(feedback->streams[0].begin_seq == 65534);
  CHECK(feedback->streams[0].arrivals.size() == 3);
  CHECK(feedback->streams[0].arrivals[0].offset == 5);   // 5 ms in 1/1024 s
  for (int i = 4; i < 20; ++i) collector.on_packet(kMedia, seq(65534 + i), false, clock.now());   // number 3 is missing
  feedback = collector.poll(clock.now());
  REQUIRE(feedback);
  CHECK(feedback->streams[0].begin_seq == 65534);
  CHECK_FALSE(feedback->streams[0].arrivals[3].received);
  collector.on_packet(kMedia, seq(65534 + 20), true, clock.now());
  clock.advance(FeedbackCollector::kSoon);
  feedback = collector.poll(clock.now());
  REQUIRE(feedback);
  CHECK(feedback->streams[0].begin_seq == 1);            // what the second report began with
  collector.on_packet(kMedia, seq(65534 + 3), false, clock.now());
  CHECK(collector.next_deadline() == clock.now() + FeedbackCollector::kLate);
  clock.advance(FeedbackCollector::kLate);
  feedback = collector.poll(clock.now());
  REQUIRE(feedback);
  CHECK(feedback->streams[0].begin_seq == 1);
  CHECK(feedback->streams[0].arrivals[0].received);
  CHECK(collector.next_deadline() == kNever);
}

TEST_CASE("without feedback the window halves and the line opens again for a try; with it half of what was comes back") {
  MuteLine line;
  ScreamControl& control = line.control;
  CHECK(control.next_deadline() > line.clock.now());
  while (control.timeouts() < 10) {
    const std::size_t timeouts = control.timeouts();
    line.wait();
    CHECK(control.send_window() > 0);
    // A question on the way to a time-out: one packet, though the window is full.
    if (control.timeouts() == timeouts) CHECK(control.send_window() <= 1200);
    line.send();
  }
  CHECK(control.reference_window() < 5000);
  control.on_feedback(told(static_cast<std::uint16_t>(line.n - 1), {1}, 1000), line.clock.now() + milliseconds(40));
  CHECK(control.reference_window() >= line.before / 2);
}

TEST_CASE("after half a minute without a word the way counts as new, and the window that the hole took away is back") {
  MuteLine line;
  while (line.control.timeouts() < 5) {
    line.wait();
    line.send();
  }
  REQUIRE(line.control.reference_window() < line.before / 2);
  line.control.new_path(line.clock.now());
  CHECK(line.control.reference_window() >= line.before / 2);
  CHECK(line.control.reference_window() <= line.before);
}

TEST_CASE("a last packet that is lost while the screen rests does not cost the rate") {
  ManualClock clock;
  ScreamControl control;
  const std::size_t before = control.reference_window();
  control.on_sent(kMedia, seq(1), 1200, clock.now());
  clock.advance(control.next_deadline() - clock.now());
  control.poll(clock.now());
  CHECK(control.in_flight() == 0);
  CHECK(control.reference_window() == before);
  CHECK(control.next_deadline() == kNever);
}

TEST_CASE("a stream's share follows its weight, and a silent stream has none") {
  ManualClock clock;
  ScreamControl control;
  control.set_weight(Ssrc{1}, 3);
  control.on_sent(Ssrc{1}, seq(1), 1000, clock.now());
  control.on_sent(Ssrc{2}, seq(1), 1000, clock.now());
  CHECK(control.target_kbps(Ssrc{1}, clock.now()) == control.target_kbps() * 3 / 4);
  CHECK(control.target_kbps(Ssrc{2}, clock.now()) == control.target_kbps() / 4);
  CHECK(control.target_kbps(Ssrc{2}, clock.now() + seconds(3)) == control.target_kbps() / 1);
}

TEST_CASE("the pacer sends by class, keeps classes apart in a burst, and stops at the window but for input and voice") {
  ManualClock clock;
  Pacer pacer(80'000);   // 20,000 bytes in 2 ms
  using Class = Pacer::Class;
  for (const Class cls : {Class::Files, Class::Video, Class::VideoAgain, Class::Tiles, Class::Voice, Class::Input})
    for (int i = 0; i < 2; ++i) REQUIRE(pacer.add(cls, Bytes(1000, static_cast<std::uint8_t>(cls))));
  std::vector<std::uint8_t> order;
  const auto drain = [&](int steps) {
    for (int i = 0; i < steps; ++i, clock.advance(milliseconds(1)))
      for (auto burst = pacer.poll(clock.now()); !burst.empty(); burst = pacer.poll(clock.now())) {
        for (const Bytes& packet : burst) CHECK(packet[0] == burst[0][0]);
        order.push_back(burst[0][0]);
      }
  };
  drain(20);
  CHECK(order == std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5});
  order.clear();
  pacer.set_window(1500);
  for (int i = 0; i < 3; ++i) REQUIRE(pacer.add(Class::Video, Bytes(1000, 4)));
  drain(20);
  CHECK(order.size() == 2);            // one over the edge at most
  CHECK(pacer.full());
  CHECK(pacer.next_deadline() == kNever);
  REQUIRE(pacer.add(Class::Input, Bytes(64, 0)));
  drain(1);
  CHECK(order.back() == 0);
  pacer.set_window(100'000);
  drain(5);
  CHECK(pacer.queued_bytes() == 0);
}

TEST_CASE("a producer is told that the line is full while older packets of its class wait for 25 ms") {
  Pacer pacer(8000);   // 1000 bytes a millisecond
  for (int i = 0; i < 30; ++i) REQUIRE(pacer.add(Pacer::Class::Video, Bytes(1000, 1)));
  CHECK(pacer.full(Pacer::Class::Video));
  CHECK_FALSE(pacer.full(Pacer::Class::Tiles));   // it would go first
  CHECK(pacer.delay() == milliseconds(30));
  CHECK(pacer.drop(Pacer::Class::Video) == 30);
  CHECK_FALSE(pacer.full());
  CHECK(pacer.queued_bytes() == 0);
}

TEST_CASE("the pacer knows how long the oldest packet of a class has waited") {
  ManualClock clock;
  using Class = Pacer::Class;
  Pacer pacer(8000);
  CHECK(pacer.age(Class::Tiles, clock.now()) == nanoseconds(0));
  REQUIRE(pacer.add(Class::Tiles, Bytes(1000, 1), clock.now()));
  clock.advance(milliseconds(300));
  REQUIRE(pacer.add(Class::Tiles, Bytes(1000, 1), clock.now()));
  CHECK(pacer.age(Class::Tiles, clock.now()) == milliseconds(300));
  CHECK(pacer.age(Class::Video, clock.now()) == nanoseconds(0));
  CHECK(pacer.poll(clock.now()).size() == 2);
  CHECK(pacer.age(Class::Tiles, clock.now()) == nanoseconds(0));
  REQUIRE(pacer.add(Class::Video, Bytes(1000, 1)));          // nobody said when
  CHECK(pacer.age(Class::Video, clock.now()) == nanoseconds(0));
}

TEST_CASE("a lost tail is repeated twice, then refreshed, until something is heard of it") {
  ManualClock clock;
  TailWatch watch;
  CHECK(watch.due(milliseconds(40), nanoseconds(0)) == kNever);
  watch.sent(kMedia, seq(9), clock.now());
  CHECK(watch.poll(milliseconds(40), nanoseconds(0), clock.now() + milliseconds(100)) == TailWatch::Step::None);
  for (const auto step : {TailWatch::Step::Repeat, TailWatch::Step::Repeat, TailWatch::Step::Refresh, TailWatch::Step::Refresh}) {
    clock.advance(watch.due(milliseconds(40), nanoseconds(0)) - clock.now());
    CHECK(watch.poll(milliseconds(40), nanoseconds(0), clock.now()) == step);
  }
  watch.on_feedback(told(8, {1, 0}, 1));
  CHECK(watch.due(milliseconds(40), nanoseconds(0)) != kNever);
  watch.on_feedback(told(8, {1, 1}, 2));
  CHECK(watch.due(milliseconds(40), nanoseconds(0)) == kNever);
}

TEST_CASE("where little is sent a loss is remembered until three hundred packets came through, or a minute passed") {
  // Typing: a packet and its copy eight times a second. By the last second alone most losses would find the line taken for a good one.
  ManualClock clock;
  ScreamControl control;
  int unguarded = 0;
  for (int i = 0; i < 3000; ++i) {
    control.on_sent(kMedia, seq(i), 200, clock.now());
    clock.advance(milliseconds(62));
    const bool lost = i % 50 == 40;
    if (!lost) control.on_feedback(told(static_cast<std::uint16_t>(i - 1), {(i - 1) % 50 != 40, 1}, static_cast<std::uint32_t>(i) * 4063), clock.now());
    unguarded += i > 100 && control.loss() < 0.002 ? 1 : 0;
  }
  CHECK(unguarded == 0);
  for (int i = 3000; i < 4000; ++i) {
    control.on_sent(kMedia, seq(i), 200, clock.now());
    clock.advance(milliseconds(62));
    control.on_feedback(told(static_cast<std::uint16_t>(i), {1}, static_cast<std::uint32_t>(i) * 4063), clock.now());
  }
  CHECK(control.loss() < 0.002);
}
