// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/flow/pacer.h"
#include "engine/flow/video_receive.h"
#include "engine/flow/video_send.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;

namespace {
const Bytes kParameterSets{0, 0, 0, 1, 0x67, 0x42, 1, 0, 0, 0, 1, 0x68, 0xce};
// A picture whose bytes tell its number; a key picture has parameter sets and an IDR slice.
Bytes picture(std::uint32_t number, bool key, std::size_t size) {
  Bytes out;
  ByteWriter w(out);
  if (key) w.bytes(kParameterSets);
  w.bytes(Bytes{0, 0, 0, 1, static_cast<std::uint8_t>(key ? 0x65 : 0x41), 0x88});
  w.u32(number | 0x01010101u << 7);
  while (out.size() < size) w.u8(static_cast<std::uint8_t>(out.size() % 200 + 1));
  return out;
}
// The same as OBUs: a sequence header before a key picture, then a frame of 3,000 or 20,000 bytes.
Bytes av1_picture(std::uint32_t number, bool key, std::size_t size) {
  Bytes out;
  ByteWriter w(out);
  if (key) w.bytes(Bytes{0x0a, 3, 1, 2, 3});
  std::size_t left = size;
  w.u8(0x32);
  for (; left > 0x7f; left >>= 7) w.u8(static_cast<std::uint8_t>((left & 0x7f) | 0x80));
  w.u8(static_cast<std::uint8_t>(left));
  const std::size_t end = out.size() + size;
  w.u32(number);
  while (out.size() < end) w.u8(static_cast<std::uint8_t>(out.size() % 200 + 1));
  return out;
}
}  // namespace

TEST_CASE("pictures arrive whole, in order and only after a key picture, through loss and reordering, of H.264 as of AV1") {
  for (std::uint64_t round = 0; round < 20; ++round) {
    const bool av1 = round % 2 == 1;
    const std::uint64_t seed = round / 2 + 1;
    CAPTURE(seed);
    CAPTURE(av1);
    ManualClock clock;
    test::VirtualNet there(seed, {.loss = 0.05, .duplicate = 0.02, .reorder = 0.03, .delay = milliseconds(15)});
    test::VirtualNet back(seed + 9, {.loss = 0.05, .delay = milliseconds(15)});
    VideoSender sender({.ssrc = Ssrc{5}, .first_seq = 65000, .av1 = av1});
    VideoReceiver receiver(Ssrc{5}, Ssrc{6}, av1);
    receiver.set_rtt(milliseconds(40));
    std::vector<Bytes> sent;
    std::size_t shown = 0, next_allowed = 0;
    bool want_key = true, broken = false;
    if (seed == 3) there.outage_until(clock.now() + milliseconds(500));
    for (int step = 0; step < 4000; ++step) {
      if (step % 8 == 0 && step < 3200) {
        want_key = sender.take_key_request(clock.now()) || want_key;
        sent.push_back((av1 ? av1_picture : picture)(static_cast<std::uint32_t>(sent.size()), want_key, want_key ? 20'000 : 3000));
        want_key = false;
        for (Bytes& packet : sender.packetize(sent.back(), clock.now())) {
          sender.keep(packet, clock.now());
          there.send(std::move(packet), clock.now());
        }
      }
      if (seed == 4 && step == 1000) there.outage_until(clock.now() + milliseconds(1500));
      for (const Bytes& packet : there.arrivals(clock.now())) REQUIRE(receiver.receive(packet, clock.now()));
      while (auto unit = receiver.take()) {
        std::size_t index = next_allowed;
        // Parameter sets in a packet of their own that was lost before anything came: the decoder has them from the offer.
        const auto same = [&](const Bytes& whole) {
          return whole == unit->annex_b || (!av1 && unit->key && whole.size() == unit->annex_b.size() + kParameterSets.size() &&
                                            std::equal(unit->annex_b.begin(), unit->annex_b.end(), whole.begin() + static_cast<std::ptrdiff_t>(kParameterSets.size())));
        };
        while (index < sent.size() && !same(sent[index])) ++index;
        REQUIRE(index < sent.size());                       // one of those sent, later than the last
        if (index != next_allowed && !unit->key) broken = true;  // a gap is left only with a key picture
        next_allowed = index + 1;
        ++shown;
      }
      const auto rtcp = receiver.poll(clock.now());
      if (!rtcp.empty()) back.send(wire::build_rtcp(rtcp), clock.now());
      for (const Bytes& datagram : back.arrivals(clock.now())) {
        const auto packets = wire::parse_rtcp(datagram);
        REQUIRE(packets);
        for (Bytes& packet : sender.on_rtcp(*packets, clock.now())) there.send(std::move(packet), clock.now());
      }
      clock.advance(milliseconds(2));
    }
    CHECK_FALSE(broken);
    // Of AV1's first key picture nothing is of use without its first packet.
    CHECK(shown > (seed == 3 || seed == 4 ? 150u : av1 ? 365u : 380u));
    CHECK(next_allowed >= sent.size() - 1);
    if (seed != 3 && seed != 4) CHECK(sender.packets_repeated() > 0);
  }
}

// A line that fell from 10 to 1 Mbit/s: a hundred packets of old pictures were said again, four times each, and stood before the
// new one for nine seconds.
TEST_CASE("a key picture that is whole waits for nothing before it, and what was forgotten is not said again") {
  ManualClock clock;
  VideoSender::Settings settings;
  settings.ssrc = Ssrc{7};
  settings.first_seq = 65530;
  VideoSender sender(settings);
  VideoReceiver receiver(settings.ssrc, Ssrc{8});
  const auto deliver = [&](ByteSpan annex_b, std::size_t lose) {
    std::size_t n = 0;
    for (Bytes& packet : sender.packetize(annex_b, clock.now())) {
      sender.keep(packet, clock.now());
      if (n++ != lose) REQUIRE(receiver.receive(packet, clock.now()));
    }
    clock.advance(milliseconds(40));
  };
  constexpr std::size_t kNone = 1000;
  deliver(picture(1, true, 5000), kNone);
  CHECK(receiver.take());
  deliver(picture(2, false, 5000), 1);      // broken
  deliver(picture(3, false, 3000), kNone);  // whole, but builds on it
  CHECK_FALSE(receiver.take());
  const auto asked = receiver.poll(clock.now());
  sender.set_repeat_pause(milliseconds(300));
  CHECK(sender.on_rtcp(asked, clock.now()).size() == 1);
  clock.advance(milliseconds(200));
  CHECK(sender.on_rtcp(asked, clock.now()).empty());        // it is still on its way
  clock.advance(milliseconds(200));
  CHECK(sender.on_rtcp(asked, clock.now()).size() == 1);
  clock.advance(milliseconds(400));
  sender.forget();
  CHECK(sender.on_rtcp(asked, clock.now()).empty());
  deliver(picture(4, true, 5000), kNone);
  const auto unit = receiver.take();
  REQUIRE(unit);
  CHECK(unit->key);
  CHECK_FALSE(receiver.take());
  deliver(picture(5, false, 3000), kNone);
  CHECK(receiver.take());
}

TEST_CASE("a capture time goes along, and a new SSRC begins with a key picture") {
  ManualClock clock;
  VideoSender sender({.ssrc = Ssrc{5}, .first_seq = 1});
  VideoReceiver receiver(Ssrc{5}, Ssrc{6});
  for (const Bytes& packet : sender.packetize(picture(1, true, 5000), clock.now())) REQUIRE(receiver.receive(packet, clock.now()));
  const auto unit = receiver.take();
  REQUIRE(unit);
  CHECK(unit->captured_at.time_since_epoch() == clock.now().time_since_epoch());
  sender.new_ssrc(Ssrc{7}, 100);
  receiver.restart(Ssrc{7});
  for (const Bytes& packet : sender.packetize(picture(2, false, 5000), clock.now())) REQUIRE(receiver.receive(packet, clock.now()));
  CHECK_FALSE(receiver.take());
  for (const Bytes& packet : sender.packetize(picture(3, true, 5000), clock.now())) REQUIRE(receiver.receive(packet, clock.now()));
  CHECK(receiver.take());
}

TEST_CASE("the pacer sends even bursts of at most 2 ms and lets input pass") {
  ManualClock clock;
  Pacer pacer(8000);  // 1000 bytes a millisecond
  for (int i = 0; i < 100; ++i) REQUIRE(pacer.add(Pacer::Class::Video, Bytes(900, 1)));
  auto burst = pacer.poll(clock.now());
  CHECK(burst.size() == 2);
  CHECK(pacer.poll(clock.now()).empty());
  REQUIRE(pacer.add(Pacer::Class::Urgent, Bytes(64, 2)));
  burst = pacer.poll(clock.now());
  REQUIRE(burst.size() == 1);
  CHECK(burst[0].size() == 64);
  std::size_t bytes = 0;
  for (int i = 0; i < 50; ++i, clock.advance(milliseconds(1)))
    for (burst = pacer.poll(clock.now()); !burst.empty(); burst = pacer.poll(clock.now())) {
      CHECK(burst.size() <= 2);
      for (const Bytes& packet : burst) bytes += packet.size();
    }
  CHECK(bytes > 45'000);
  CHECK(bytes < 52'000);
  Pacer tight(8000, 1000);
  CHECK(tight.add(Pacer::Class::Video, Bytes(900, 1)));
  CHECK_FALSE(tight.add(Pacer::Class::Video, Bytes(900, 1)));
  CHECK(tight.dropped() == 1);
}
