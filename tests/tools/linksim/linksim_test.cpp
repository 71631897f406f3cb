// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "tests/tools/linksim/address_change.h"
#include "tests/tools/linksim/orders.h"

using namespace beside;
using namespace beside::linksim;
using test::LinkModel;

namespace {

std::size_t count_of(LinkModel& model, LinkModel::Fate fate, int offers, std::size_t bytes = 100) {
  std::size_t out = 0;
  LocalTime now(1h);
  for (int i = 0; i < offers; ++i, now += 1ms) out += model.offer(bytes, now).fate == fate;
  return out;
}

// RFC 1071 over the bytes, odd ones padded.
std::uint16_t sum_of(ByteSpan bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

Bytes udp_packet_v4() {
  Bytes p{0x45, 0, 0, 32, 1, 2, 0x40, 0, 64, 17, 0, 0, 10, 9, 1, 2, 10, 9, 0, 1,  // IPv4
          0x12, 0x34, 1, 187, 0, 12, 0, 0, 'a', 'b', 'c', 'd'};                  // UDP
  const std::uint16_t head = static_cast<std::uint16_t>(~sum_of(ByteSpan(p).first(20)));
  p[10] = static_cast<std::uint8_t>(head >> 8), p[11] = static_cast<std::uint8_t>(head);
  const std::uint16_t body = static_cast<std::uint16_t>(~sum_of(ByteSpan(p).subspan(20), sum_of(ByteSpan(p).subspan(12, 8)) + 17u + 12u));
  p[26] = static_cast<std::uint8_t>(body >> 8), p[27] = static_cast<std::uint8_t>(body);
  return p;
}
bool sums_hold(const Bytes& p) {
  return sum_of(ByteSpan(p).first(20)) == 0xffff && sum_of(ByteSpan(p).subspan(20), sum_of(ByteSpan(p).subspan(12, 8)) + 17u + 12u) == 0xffff;
}

}  // namespace

TEST_CASE("a line loses as many as it is told, alone and in bursts, and the same ones for the same seed") {
  LinkModel alone(7, {.loss = 0.1}), again(7, {.loss = 0.1});
  std::vector<bool> first, second;
  for (int i = 0; i < 20'000; ++i) {
    first.push_back(alone.offer(100, LocalTime(1h)).fate == LinkModel::Fate::Lost);
    second.push_back(again.offer(100, LocalTime(1h)).fate == LinkModel::Fate::Lost);
  }
  const auto lost = std::count(first.begin(), first.end(), true);
  CHECK(lost > 1800);
  CHECK(lost < 2200);
  CHECK(first == second);
  LinkModel bursts(7, {.burst_enter = 0.01, .burst_leave = 0.2});
  std::size_t gone = 0, runs = 0;
  bool before = false;
  for (int i = 0; i < 50'000; ++i) {
    const bool now = bursts.offer(100, LocalTime(1h)).fate == LinkModel::Fate::BurstLost;
    gone += now;
    runs += now && !before;
    before = now;
  }
  // Share of the bad state: 0.01 / (0.01 + 0.2); mean burst: 5.
  CHECK(gone > 50'000 * 0.04);
  CHECK(gone < 50'000 * 0.055);
  CHECK(gone / runs >= 4);
  CHECK(gone / runs <= 6);
}

TEST_CASE("a rate makes a queue, and what does not fit it is dropped") {
  LinkModel model(1, {.delay = 10ms, .rate_kbps = 800, .queue_bytes = 1000});  // 100 bytes: 1 ms
  const LocalTime now(1h);
  CHECK(model.offer(100, now).at == now + 11ms);
  CHECK(model.offer(100, now).at == now + 12ms);
  CHECK(model.queue_delay(now) == 2ms);
  for (int i = 0; i < 9; ++i) CHECK(model.offer(100, now).fate == LinkModel::Fate::Passed);
  CHECK(model.offer(100, now).fate == LinkModel::Fate::QueueFull);
  CHECK(model.offer(100, now + 5ms).fate == LinkModel::Fate::Passed);
}

TEST_CASE("outages, a small MTU, copies and late packets are as told") {
  LinkModel model(1, {.mtu_bytes = 1280});
  model.outage_until(LocalTime(1h) + 50ms);
  CHECK(count_of(model, LinkModel::Fate::Outage, 100) == 50);
  CHECK(model.offer(1280, LocalTime(2h)).fate == LinkModel::Fate::Passed);
  CHECK(model.offer(1281, LocalTime(2h)).fate == LinkModel::Fate::TooBig);
  LinkModel twice(1, {.duplicate = 1, .reorder = 1, .reorder_by = 5ms});
  const auto verdict = twice.offer(1, LocalTime(1h));
  CHECK(verdict.at == LocalTime(1h) + 5ms);
  CHECK(verdict.again == LocalTime(1h) + 6ms);
}

TEST_CASE("jitter alone changes no order, unless told so") {
  for (const bool may : {false, true}) {
    LinkModel model(3, {.jitter = 20ms, .jitter_reorders = may});
    LocalTime now(1h), newest{};
    int overtaken = 0;
    for (int i = 0; i < 1000; ++i, now += 1ms) {
      const LocalTime at = model.offer(100, now).at;
      overtaken += at < newest;
      newest = std::max(newest, at);
    }
    CHECK((overtaken > 0) == may);
  }
}

TEST_CASE("orders are read word by word, and nonsense changes nothing") {
  LinkModel::Setting setting;
  REQUIRE(read_setting(" loss=0.02 delay_ms=20.5 rate_kbps=10000 mtu_bytes=1280", setting));
  CHECK(setting.loss == doctest::Approx(0.02));
  CHECK(setting.delay == 20'500us);
  CHECK(setting.rate_kbps == 10'000);
  CHECK(setting.mtu_bytes == 1280);
  for (const char* bad : {"loss=2", "loss", "loss=", "loss=0.1x", "speed=3", "delay_ms=-1", "loss=0.5 delay_ms=inf"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_setting(bad, setting));
    CHECK(setting.loss == doctest::Approx(0.02));
  }
}

TEST_CASE("a changed address keeps every checksum right and comes back the same") {
  const Bytes original = udp_packet_v4();
  REQUIRE(sums_hold(original));
  const auto change = AddressChange::parse("10.9.1.2", "203.0.113.200");
  REQUIRE(change);
  Bytes packet = original;
  change->outwards(packet);
  CHECK(packet != original);
  CHECK(packet[12] == 203);
  CHECK(sums_hold(packet));
  // The answer: source and destination exchanged, ports too.
  Bytes answer = packet;
  std::swap_ranges(answer.begin() + 12, answer.begin() + 16, answer.begin() + 16);
  std::swap_ranges(answer.begin() + 20, answer.begin() + 22, answer.begin() + 22);
  CHECK(sums_hold(answer));
  change->inwards(answer);
  CHECK(answer[16] == 10);
  CHECK(change->gone(answer));        // whoever sends to the old outer address reaches nobody
  CHECK_FALSE(change->gone(packet));
  CHECK(sums_hold(answer));
  Bytes other = original;
  change->inwards(other);  // not to the outer address: left alone
  CHECK(other == original);
  CHECK_FALSE(AddressChange::parse("10.9.1.2", "fd00::1"));
  for (std::size_t cut = 0; cut < original.size(); ++cut) {
    Bytes piece(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(cut));
    change->outwards(piece);  // no length leads outside
  }
}
