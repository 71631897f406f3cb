// SPDX-License-Identifier: GPL-3.0-or-later
// All that a picture meets between encoder and decoder: packets, parity, pacer, congestion control, a bad line, repair, NACK, PLI.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/flow/feedback.h"
#include "engine/flow/pacer.h"
#include "engine/flow/scream_control.h"
#include "engine/flow/tail_watch.h"
#include "engine/flow/update_guard.h"
#include "engine/flow/video_receive.h"
#include "engine/flow/video_send.h"
#include "tests/flow/net_sim.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;

namespace {
struct Shown {
  std::size_t made = 0, shown = 0;
  std::vector<float> delay_ms;           // production to the last packet's use, whole pictures
  float longest_freeze_ms = 0;
  std::uint64_t parity = 0, media = 0, again = 0, recovered = 0, keys = 0;
};

Bytes picture(bool key, std::size_t size, std::mt19937_64& random) {
  Bytes out{0, 0, 0, 1, 0x67, 0x42, 1, 0, 0, 0, 1, 0x68, 0xce};
  if (!key) out.clear();
  for (const std::uint8_t b : {0, 0, 0, 1, key ? 0x65 : 0x41, 0x88}) out.push_back(b);
  while (out.size() < size) out.push_back(static_cast<std::uint8_t>(random() % 200 + 1));
  return out;
}

// Pictures 30 times a second, of at most `kbps`; some are key pictures because the other end asks for them.
Shown play(std::uint64_t seed, const test::VirtualNet::Path& path, int kbps, double seconds_long, nanoseconds hole = nanoseconds(0),
           bool moves = false) {
  ManualClock clock;
  std::mt19937_64 random(seed);
  test::VirtualNet there(seed * 2, path), back(seed * 2 + 1, path);
  ScreamControl rate;
  Pacer pacer;
  UpdateGuard guard(Ssrc{9}, 1);
  UpdateRepair repair;
  FeedbackCollector collector(Ssrc{6});
  VideoSender sender({.ssrc = Ssrc{5}, .first_seq = 60'000});
  VideoReceiver receiver(Ssrc{5}, Ssrc{6});
  TailWatch tail;
  Shown result;
  bool want_key = true;
  std::map<std::uint32_t, LocalTime> made;
  LocalTime last_shown = clock.now();
  const auto show = [&] {
    while (auto unit = receiver.take()) {
      const LocalTime now = clock.now();
      ++result.shown;
      result.delay_ms.push_back(static_cast<float>((now - made[unit->rtp_timestamp]).count()) / 1e6f);
      result.longest_freeze_ms = std::max(result.longest_freeze_ms, static_cast<float>((now - last_shown).count()) / 1e6f);
      last_shown = now;
    }
  };
  const int steps = static_cast<int>(seconds_long * 1000);
  const LocalTime began = clock.now();
  for (int step = 0; step < steps; ++step, clock.advance(milliseconds(1))) {
    const LocalTime now = clock.now();
    if (hole > nanoseconds(0) && now - began == seconds(6)) {
      for (test::VirtualNet* way : {&there, &back}) moves ? way->address_change(now + hole) : way->outage_until(now + hole);
    }
    rate.poll(now);
    if (step % 33 == 0 && step + 500 < steps) {
      ++result.made;
      if (!pacer.full()) {
        want_key = sender.take_key_request(now) || want_key;
        const auto size = static_cast<std::size_t>(std::min(rate.target_kbps(), kbps) * 125 / 30);
        made[wire::to_90khz(now)] = now;
        result.keys += want_key ? 1 : 0;
        for (Bytes& packet : sender.packetize(picture(std::exchange(want_key, false), std::max<std::size_t>(size, 200), random), now)) {
          auto parity = guard.on_packet(packet, rate, now);
          tail.sent(Ssrc{5}, wire::peek_rtp(packet)->seq, now);
          sender.keep(packet, now);
          ++result.media;
          REQUIRE(pacer.add(Pacer::Class::Video, std::move(packet)));
          for (Bytes& more : parity) REQUIRE(pacer.add(Pacer::Class::Video, std::move(more)));
        }
      }
    }
    if (tail.poll(rate.rtt().value_or(milliseconds(100)), pacer.delay(), now) == TailWatch::Step::Repeat) {
      Bytes packet = sender.repeat_last(now);
      if (!packet.empty()) REQUIRE(pacer.add(Pacer::Class::Tiles, std::move(packet)));
    }
    pacer.set_rate_kbps(rate.pacing_kbps());
    pacer.set_window(rate.send_window());
    while (pacer.next_deadline() <= now) {
      auto burst = pacer.poll(now);
      if (burst.empty()) break;
      for (Bytes& packet : burst) {
        const auto header = wire::peek_rtp(packet);
        rate.on_sent(header->ssrc, header->seq, packet.size(), now);
        there.send(std::move(packet), now);
      }
    }
    for (const Bytes& packet : there.arrivals(now)) {
      const auto parsed = wire::parse_rtp(packet);
      REQUIRE(parsed);
      collector.on_packet(parsed->header.ssrc, parsed->header.seq, parsed->header.marker, now);
      if (parsed->header.payload_type == wire::kPayloadVideo) REQUIRE(receiver.receive(packet, now));
      for (const Bytes& again : repair.on_packet(*parsed, packet, now)) REQUIRE(receiver.receive(again, now));
      show();
    }
    if (rate.rtt()) receiver.set_rtt(*rate.rtt());
    std::vector<wire::RtcpPacket> rtcp = receiver.poll(now);
    show();
    if (auto feedback = collector.poll(now)) rtcp.emplace_back(std::move(*feedback));
    if (!rtcp.empty()) back.send(wire::build_rtcp(rtcp), now);
    for (const Bytes& datagram : back.arrivals(now)) {
      const auto packets = wire::parse_rtcp(datagram);
      REQUIRE(packets);
      for (const auto& packet : *packets)
        if (const auto* feedback = std::get_if<wire::CcFeedback>(&packet)) {
          rate.on_feedback(*feedback, now);
          tail.on_feedback(*feedback);
        }
      for (Bytes& packet : sender.on_rtcp(*packets, now)) {
        ++result.again;
        REQUIRE(pacer.add(Pacer::Class::Tiles, std::move(packet)));
      }
    }
  }
  result.parity = guard.packets_sent();
  result.recovered = repair.recovered();
  return result;
}
void say(const Shown& s) {
  MESSAGE("made " << s.made << " shown " << s.shown << " p50 " << test::percentile(s.delay_ms, 0.5) << " p95 " << test::percentile(s.delay_ms, 0.95)
                  << " p99 " << test::percentile(s.delay_ms, 0.99) << " freeze " << s.longest_freeze_ms << " ms; media " << s.media << " parity "
                  << s.parity << " again " << s.again << " made again " << s.recovered << " keys " << s.keys);
}
}  // namespace

TEST_CASE("1 % loss each way, 40 ms, 20 Mbit/s: nearly every picture is shown, and soon") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    const Shown s = play(seed, {.loss = 0.01, .delay = milliseconds(20), .rate_kbps = 20'000, .queue_bytes = 1 << 20}, 6000, 20);
    if (seed == 1) say(s);
    CHECK(s.shown * 298 >= s.made * 290);
    CHECK(test::percentile(s.delay_ms, 0.5) <= 45);
    CHECK(s.longest_freeze_ms < 300);
    CHECK(s.recovered > 0);
    CHECK(s.parity * 3 < s.media);
  }
}

TEST_CASE("2 % loss, 40 ms, 10 Mbit/s, small updates: p95 within half a round trip, one frame and 5 ms") {
  const Shown s = play(7, {.loss = 0.02, .delay = milliseconds(20), .rate_kbps = 10'000, .queue_bytes = 1 << 20}, 400, 30);
  say(s);
  CHECK(s.shown * 100 >= s.made * 97);
  CHECK(test::percentile(s.delay_ms, 0.95) <= 20 + 33 + 5);
  CHECK(test::percentile(s.delay_ms, 0.99) <= 60 + 33);
}

TEST_CASE("10 % loss, 5 % reorder, 80 ms: the picture goes on") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    const Shown s = play(seed, {.loss = 0.1, .reorder = 0.05, .delay = milliseconds(40), .rate_kbps = 10'000, .queue_bytes = 1 << 20}, 1500, 30);
    if (seed == 1) say(s);
    CHECK(s.shown * 10 >= s.made * 6);
    CHECK(s.longest_freeze_ms < 1000);
  }
}

TEST_CASE("without loss there is no parity, no repeat and one key picture") {
  const Shown s = play(1, {.delay = milliseconds(20), .rate_kbps = 20'000, .queue_bytes = 1 << 20}, 6000, 10);
  CHECK(s.shown == s.made);
  CHECK(s.parity == 0);
  CHECK(s.again == 0);
  CHECK(s.keys == 1);
}

TEST_CASE("after a hole of 3 s, one of 30 s and a change of address the picture is back within a round trip and 300 ms") {
  struct Row {
    nanoseconds hole;
    bool moves;
  };
  for (const Row& row : {Row{seconds(3), false}, Row{seconds(30), false}, Row{milliseconds(500), true}}) {
    const auto hole_ms = static_cast<float>(row.hole / milliseconds(1));
    CAPTURE(hole_ms);
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      CAPTURE(seed);
      const Shown s = play(seed, {.loss = 0.01, .delay = milliseconds(20), .rate_kbps = 20'000, .queue_bytes = 1 << 20}, 3000,
                           9 + static_cast<double>(hole_ms) / 1000, row.hole, row.moves);
      if (seed == 1) say(s);
      CHECK(s.longest_freeze_ms >= hole_ms);
      CHECK(s.longest_freeze_ms <= hole_ms + 40 + 300 + 40);   // and what was on the way when the hole began
    }
  }
}
