// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "engine/flow/fec.h"
#include "engine/flow/reed_solomon.h"
#include "engine/flow/update_guard.h"
#include "engine/flow/video_receive.h"
#include "engine/flow/video_send.h"
#include "engine/wire/rtp.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;

namespace {
Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(random());
  return out;
}
std::vector<Bytes> media(std::mt19937_64& random, std::size_t count, std::uint16_t first) {
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < count; ++i) {
    wire::RtpHeader header;
    header.payload_type = wire::kPayloadVideo;
    header.seq = SeqNo{static_cast<std::uint16_t>(first + i)};
    header.ssrc = Ssrc{5};
    packets.push_back(wire::build_rtp(header, random_bytes(random, 1 + random() % 1150)));
  }
  return packets;
}
Bytes payload_of(const Bytes& rtp) {
  const auto packet = wire::parse_rtp(rtp);
  REQUIRE(packet);
  return to_bytes(packet->payload);
}
SeqNo seq_of(const Bytes& rtp) { return wire::peek_rtp(rtp)->seq; }
}  // namespace

TEST_CASE("GF(256): products, inverses and the vector loop agree with multiplication by hand") {
  const auto slow = [](unsigned a, unsigned b) {
    unsigned product = 0;
    for (; b != 0; b >>= 1, a = a << 1 ^ ((a & 0x80) != 0 ? 0x11Du : 0u))
      if ((b & 1) != 0) product ^= a;
    return static_cast<std::uint8_t>(product);
  };
  std::mt19937_64 random(1);
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b)
      REQUIRE(gf256_multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b)) == slow(a, b));
    if (a != 0) REQUIRE(slow(a, gf256_inverse(static_cast<std::uint8_t>(a))) == 1);
    const Bytes in = random_bytes(random, 77);
    Bytes out = random_bytes(random, 80);
    const Bytes before = out;
    gf256_add_scaled(out, in, static_cast<std::uint8_t>(a));
    for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(out[i] == (before[i] ^ (i < in.size() ? slow(in[i], a) : 0)));
  }
}

TEST_CASE("any sources up to the number of parity symbols come back, from any of the parity") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    const std::size_t k = 1 + random() % 128, r = 1 + random() % 64, size = 3 + random() % 90;
    std::vector<Bytes> sources, parity(r, Bytes(size, 0));
    for (std::size_t i = 0; i < k; ++i) {
      sources.push_back(random_bytes(random, size));
      for (std::size_t row = 0; row < r; ++row) ReedSolomon::add(row, i, sources[i], parity[row]);
    }
    std::vector<std::size_t> order(k), rows(r);
    std::iota(order.begin(), order.end(), 0u);
    std::iota(rows.begin(), rows.end(), 0u);
    std::shuffle(order.begin(), order.end(), random);
    std::shuffle(rows.begin(), rows.end(), random);
    const std::size_t lost = std::min(k, 1 + random() % r);
    const std::vector<std::size_t> missing(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(lost));
    std::vector<ReedSolomon::Symbol> here, help;
    for (std::size_t i = lost; i < k; ++i) here.push_back({order[i], sources[order[i]]});
    for (std::size_t i = 0; i < lost; ++i) help.push_back({rows[i], parity[rows[i]]});
    const auto back = ReedSolomon::recover(here, help, missing, size);
    REQUIRE(back);
    for (std::size_t i = 0; i < lost; ++i) REQUIRE((*back)[i] == sources[missing[i]]);
    help.pop_back();
    CHECK_FALSE(ReedSolomon::recover(here, help, missing, size));
  }
  const Bytes symbol(10, 1);
  const ReedSolomon::Symbol twice[] = {{0, symbol}, {0, symbol}};
  const std::size_t two[] = {3, 4};
  CHECK_FALSE(ReedSolomon::recover({}, twice, two, 10));   // the same row is no second equation
}

TEST_CASE("lost packets of an update are made from its parity, across the wrap of the numbers and in any order of arrival") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    LocalTime now(seconds(5));
    FecSender sender(Ssrc{9}, 65530);
    FecReceiver receiver(Ssrc{5});
    (void)receiver.on_media(SeqNo{65499}, media(random, 1, 65499)[0], now);
    const std::size_t count = 2 + random() % 300, parity = 1 + random() % 20;
    const auto packets = media(random, count, 65500);
    const auto guard = sender.protect(packets, parity, now);
    const std::size_t blocks = (count + 127) / 128;
    CHECK(guard.size() == blocks * parity);
    std::vector<const Bytes*> arriving;
    const std::size_t each = (count + blocks - 1) / blocks;
    std::vector<bool> lost(count, false);
    for (std::size_t b = 0; b < blocks; ++b)
      for (std::size_t i = 0; i < parity; ++i) lost[std::min(count - 1, b * each + random() % each)] = true;
    for (std::size_t i = 0; i < count; ++i)
      if (!lost[i]) arriving.push_back(&packets[i]);
    for (const Bytes& packet : guard) arriving.push_back(&packet);
    std::shuffle(arriving.begin(), arriving.end(), random);
    std::map<std::uint16_t, Bytes> have;
    const auto take = [&](const std::vector<Bytes>& back) {
      for (const Bytes& packet : back) CHECK(have.emplace(seq_of(packet).value, packet).second);   // each once
    };
    for (const Bytes* packet : arriving) {
      if (wire::peek_rtp(*packet)->ssrc == Ssrc{5}) {
        have.emplace(seq_of(*packet).value, *packet);
        take(receiver.on_media(seq_of(*packet), *packet, now));
      } else {
        const auto back = receiver.on_parity(payload_of(*packet), now);
        REQUIRE(back);
        take(*back);
      }
    }
    for (const Bytes& packet : packets) {
      REQUIRE(have.contains(seq_of(packet).value));
      REQUIRE(have[seq_of(packet).value] == packet);
    }
  }
}

TEST_CASE("parity that contradicts itself, or makes no packet, gives nothing and breaks nothing") {
  std::mt19937_64 random(3);
  const LocalTime now(seconds(5));
  FecSender sender(Ssrc{9}, 1);
  FecReceiver receiver(Ssrc{5});
  const auto packets = media(random, 10, 100);
  const auto guard = sender.protect(packets, 2, now);
  (void)receiver.on_media(SeqNo{100}, packets[0], now);
  REQUIRE(receiver.on_parity(payload_of(guard[0]), now));
  Bytes other = payload_of(guard[1]);
  other[6] = 9;   // sources
  CHECK_FALSE(receiver.on_parity(other, now));
  Bytes noise = payload_of(guard[1]);
  std::fill(noise.begin() + 12, noise.end(), std::uint8_t{0x5A});
  REQUIRE(receiver.on_parity(noise, now));
  for (std::size_t i = 1; i < 9; ++i) CHECK(receiver.on_media(seq_of(packets[i]), packets[i], now).size() <= 1);
  FecReceiver stranger(Ssrc{77});
  CHECK(stranger.on_parity(payload_of(guard[0]), now)->empty());
}

TEST_CASE("redundancy: none without loss or where RTX is in time, twice for one packet, by loss and burst otherwise, a third at most") {
  struct Row { std::size_t packets; double loss, burst; int rtt_ms, next_ms; std::size_t parity; bool twice; };
  const Row rows[] = {
      {20, 0.0, 1, 100, 33, 0, false},    // nothing is lost
      {20, 0.02, 1, 15, 33, 0, false},    // RTX comes before the next picture
      {4, 0.02, 1, 40, 125, 1, false},    // small: who lost its last packet would not ask
      {5, 0.02, 1, 40, 125, 0, false},
      {1, 0.02, 1, 100, 33, 0, true},
      {1, 0.0, 1, 100, 33, 0, false},
      {0, 0.1, 1, 100, 33, 0, false},
      {20, 0.01, 1, 100, 33, 2, false},
      {20, 0.05, 1, 100, 33, 4, false},
      {3, 0.10, 1, 100, 33, 1, false},    // bounded
      {60, 0.30, 4, 100, 33, 20, false},  // bounded
      {600, 0.02, 1, 100, 33, 7, false},  // blocks of 120
  };
  for (const Row& row : rows) {
    const RepairPlan plan = plan_repair(row.packets, row.loss, row.burst, milliseconds(row.rtt_ms), milliseconds(row.next_ms));
    CAPTURE(row.packets);
    CAPTURE(row.loss);
    CAPTURE(row.burst);
    CHECK(plan.parity == row.parity);
    CHECK(plan.twice == row.twice);
  }
  CHECK(plan_repair(60, 0.02, 3, milliseconds(100), milliseconds(33)).parity > plan_repair(60, 0.02, 1, milliseconds(100), milliseconds(33)).parity);
}

TEST_CASE("over a long line with loss pictures come whole in the time of one way, most of them, and cost is as planned") {
  const auto shown_in_time = [](bool guarded) {
    std::mt19937_64 random(4);
    ManualClock clock;
    test::VirtualNet there(11, {.loss = 0.03, .delay = milliseconds(60)});
    FecSender fec(Ssrc{9}, 1);
    FecReceiver repair(Ssrc{5});
    std::uint16_t first = 1;
    std::map<std::uint16_t, int> picture_of;
    std::map<int, std::size_t> left;
    std::size_t sent = 0, pictures = 0;
    int whole = 0;
    for (int step = 0; step < 6000; ++step, clock.advance(milliseconds(1))) {
      if (step % 33 == 0 && step < 5900) {
        const auto packets = media(random, 12, first);
        left[static_cast<int>(++pictures)] = packets.size();
        for (const Bytes& packet : packets) picture_of[seq_of(packet).value] = static_cast<int>(pictures);
        first = static_cast<std::uint16_t>(first + packets.size());
        const RepairPlan plan = plan_repair(packets.size(), 0.03, 1, milliseconds(120), milliseconds(33));
        auto guard = fec.protect(packets, guarded ? plan.parity : 0, clock.now());
        sent += packets.size() + guard.size();
        for (const Bytes& packet : packets) there.send(packet, clock.now());
        for (Bytes& packet : guard) there.send(std::move(packet), clock.now());
      }
      std::vector<Bytes> came;
      for (const Bytes& packet : there.arrivals(clock.now())) {
        auto back = wire::peek_rtp(packet)->ssrc == Ssrc{9} ? *repair.on_parity(payload_of(packet), clock.now())
                                                             : repair.on_media(seq_of(packet), packet, clock.now());
        if (!(wire::peek_rtp(packet)->ssrc == Ssrc{9})) came.push_back(packet);
        came.insert(came.end(), back.begin(), back.end());
      }
      for (const Bytes& packet : came)
        if (--left[picture_of[seq_of(packet).value]] == 0) ++whole;
    }
    CHECK(sent <= pictures * 15);   // at most a quarter more than 12
    return static_cast<double>(whole) / static_cast<double>(pictures);
  };
  const double without = shown_in_time(false), with = shown_in_time(true);
  CHECK(without < 0.8);
  CHECK(with > 0.985);
}

namespace {
struct FixedRate final : RateControl {
  double lost = 0;
  void on_sent(Ssrc, SeqNo, std::size_t, LocalTime) override {}
  void on_feedback(const wire::CcFeedback&, LocalTime) override {}
  int target_kbps() const override { return 1000; }
  std::optional<nanoseconds> rtt() const override { return milliseconds(120); }
  double loss() const override { return lost; }
};
}  // namespace

TEST_CASE("a link's updates are guarded by their markers, streams apart, and only while something is lost") {
  std::mt19937_64 random(6);
  ManualClock clock;
  FixedRate rate;
  UpdateGuard guard(Ssrc{9}, 1);
  std::uint16_t next[2] = {10, 65530};
  // An update of `count` packets in each of two streams, packet by packet in turn; gives all that goes out.
  const auto update = [&](std::size_t count, std::size_t left_out = 1000) {
    std::vector<Bytes> out;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t s = 0; s < 2; ++s) {
        wire::RtpHeader header;
        header.payload_type = wire::kPayloadVideo;
        header.ssrc = Ssrc{static_cast<std::uint32_t>(20 + s)};
        header.seq = SeqNo{next[s]++};
        header.marker = i + 1 == count;
        if (i == left_out) continue;   // a number that was used up and never sent
        const Bytes packet = wire::build_rtp(header, random_bytes(random, 100 + random() % 800));
        out.push_back(packet);
        for (Bytes& parity : guard.on_packet(packet, rate, clock.now())) out.push_back(std::move(parity));
      }
    }
    clock.advance(milliseconds(33));
    return out;
  };
  CHECK(update(5).size() == 10);
  rate.lost = 0.05;
  CHECK(update(1).size() == 4);        // each once more
  CHECK(update(8, 3).size() == 14);    // not known for whole: goes without
  const auto out = update(8);
  CHECK(out.size() > 16);
  // One of each stream is lost, whichever: both come back.
  for (std::size_t gone = 0; gone < 8; ++gone) {
    UpdateRepair repair;
    std::set<std::pair<std::uint32_t, std::uint16_t>> have;
    std::size_t media_seen = 0;
    for (const Bytes& packet : out) {
      const auto parsed = wire::parse_rtp(packet);
      REQUIRE(parsed);
      const bool parity = parsed->header.payload_type == wire::kPayloadFec;
      if (!parity && media_seen++ / 2 == gone) continue;
      if (!parity) have.insert({parsed->header.ssrc.value, parsed->header.seq.value});
      for (const Bytes& back : repair.on_packet(*parsed, packet, clock.now())) {
        CHECK(std::find(out.begin(), out.end(), back) != out.end());
        have.insert({wire::peek_rtp(back)->ssrc.value, wire::peek_rtp(back)->seq.value});
      }
    }
    CHECK(have.size() == 16);
    CHECK(repair.recovered() == 2);
  }
}
