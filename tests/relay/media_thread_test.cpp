// SPDX-License-Identifier: GPL-3.0-or-later
// The real media thread on loopback: what it forwards, what it drops and counts, and that it never allocates on the packet path.
#include <doctest/doctest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "tests/relay/media_rig.h"

namespace {
// Allocations by threads other than the test's own while it counts: only the media thread runs then.
std::atomic<std::uint64_t> allocations{0};
std::atomic<bool> counting{false};
thread_local bool is_test = false;  // the thread that runs the cases says so before it counts
std::atomic<std::int64_t> live_bytes{0};  // as the allocator counts them

void* allocate(std::size_t size) {
  if (counting.load(std::memory_order_relaxed) && !is_test) allocations.fetch_add(1, std::memory_order_relaxed);
  void* made = std::malloc(size == 0 ? 1 : size);
  if (made == nullptr) std::abort();
  live_bytes.fetch_add(static_cast<std::int64_t>(malloc_usable_size(made)) + 8, std::memory_order_relaxed);
  return made;
}
void release(void* memory) {
  if (memory == nullptr) return;
  live_bytes.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(memory)) + 8, std::memory_order_relaxed);
  std::free(memory);
}
}  // namespace
void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

using namespace beside;
using namespace beside::relay;
using namespace beside::relay::test;

TEST_CASE("datagrams and bursts arrive byte for byte and in order, and the packet path allocates nothing") {
  is_test = true;
  Rig rig;
  Pair pair(rig, "one");
  const auto exchange = [&](std::size_t rounds) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
      const auto mark = static_cast<std::uint8_t>(i + 1);
      pair.a.send(packet(mark));
      pair.a.send(packet(mark, 700));      // shorter: ends a super-packet
      Bytes many;                          // five equal ones and a short one in one call
      for (std::uint8_t k = 0; k < 5; ++k) {
        const Bytes one = packet(static_cast<std::uint8_t>(mark + k), 900);
        many.insert(many.end(), one.begin(), one.end());
      }
      const Bytes last = packet(mark, 100);
      many.insert(many.end(), last.begin(), last.end());
      pair.a.burst(many, 900);
      pair.b.send(packet(mark, 1200));
      right += pair.b.hear(1000) == packet(mark);
      right += pair.b.hear(1000) == packet(mark, 700);
      for (std::uint8_t k = 0; k < 5; ++k) right += pair.b.hear(1000) == packet(static_cast<std::uint8_t>(mark + k), 900);
      right += pair.b.hear(1000) == last;
      right += pair.a.hear(1000) == packet(mark, 1200);
    }
    return right;
  };
  CHECK(exchange(3) == 27);
  const std::uint64_t before = rig.metrics.datagrams;
  allocations = 0;
  counting = true;
  const std::size_t right = exchange(100);
  counting = false;
  CHECK(right == 900);
  CHECK(rig.metrics.datagrams - before == 900);
  CHECK(allocations == 0);
  // The hook does see that thread: a request of STUN may allocate, and does.
  counting = true;
  pair.a.send(request(Rig::name("one", 'o'), kPassword, 1));
  REQUIRE(pair.a.hear(1000));
  counting = false;
  CHECK(allocations > 0);
  // The delay histogram has seen each datagram.
  std::uint64_t seen = 0;
  for (const auto& bucket : rig.metrics.delay) seen += bucket;
  CHECK(seen == rig.metrics.datagrams);
}

TEST_CASE("many plain senders at once: while the thread gathers nothing is lost, mixed up or out of order") {
  constexpr std::size_t kPairs = 20, kEach = 40;
  Rig rig;
  std::vector<std::unique_ptr<Pair>> pairs;
  for (std::size_t p = 0; p < kPairs; ++p) pairs.push_back(std::make_unique<Pair>(rig, "many" + std::to_string(p)));
  for (std::size_t i = 0; i < kEach; ++i) {
    for (std::size_t p = 0; p < kPairs; ++p) pairs[p]->a.send(packet(static_cast<std::uint8_t>(4 + i), 100 + p));
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < kEach; ++i) {
    for (std::size_t p = 0; p < kPairs; ++p) right += pairs[p]->b.hear(1000) == packet(static_cast<std::uint8_t>(4 + i), 100 + p);
  }
  CHECK(right == kPairs * kEach);
  for (std::size_t p = 0; p < kPairs; ++p) CHECK_FALSE(pairs[p]->b.hear(0));
}

TEST_CASE("IPv4 and IPv6 ends reach each other through one port") {
  const int probe = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const bool v6 = probe >= 0 && ::bind(probe, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
  if (probe >= 0) ::close(probe);
  if (!v6) {
    MESSAGE("skipped: this machine has no IPv6 loopback");
    return;
  }
  Rig rig({}, "::");
  rig.session("six");
  End four(rig.thread->port()), six(rig.thread->port(), true);
  REQUIRE(prove(four, Rig::name("six", 'o')));
  REQUIRE(prove(six, Rig::name("six", 'c')));
  four.send(packet(1));
  CHECK(six.hear(1000) == packet(1));
  six.send(packet(2));
  CHECK(four.hear(1000) == packet(2));
}

TEST_CASE("a session loses nothing while 10,000 wrong first packets a second arrive, and each is counted by reason") {
  Rig rig;
  Pair pair(rig, "live");
  rig.session("other");
  {
    End first(rig.thread->port());
    REQUIRE(prove(first, Rig::name("other", 'o')));  // from here on the thread knows the session
  }
  // A first request may have been quicker than the news of its session.
  const std::uint64_t unknown_before = rig.drops(DropReason::UnknownLeg);
  const Bytes noise = packet(9, 60), malformed{0, 1, 0, 8, 1, 2, 3, 4}, unknown = request("nobody0000000000", kPassword, 1);
  End stranger(rig.thread->port());
  std::size_t wrong = 0, sent = 0, heard = 0;
  const LocalTime began = local_now();
  // 10,000 in all, in step with the clock; 50 packets a second of the session beside them.
  for (LocalTime now = began; wrong < 10'000 || sent < 50; now = local_now()) {
    const auto elapsed = std::chrono::duration<double>(now - began).count();
    for (; wrong < 10'000 && static_cast<double>(wrong) < elapsed * 10'000; ++wrong) {
      const Bytes* kinds[] = {&noise, &malformed, &unknown};
      if (wrong % 4 == 3) stranger.send(request(Rig::name("other", 'c'), "another password", static_cast<std::uint32_t>(wrong)));
      else stranger.send(*kinds[wrong % 4]);
    }
    for (; sent < 50 && static_cast<double>(sent) < elapsed * 50; ++sent) pair.a.send(packet(static_cast<std::uint8_t>(sent), 300));
    while (pair.b.hear(0)) ++heard;
  }
  heard += hear_all(pair.b);
  CHECK(heard == 50);
  CHECK_FALSE(stranger.hear(50));  // strangers get no answer at all
  CHECK(rig.drops(DropReason::UnboundSource) == 2500);
  CHECK(rig.drops(DropReason::BadStun) == 2500);
  CHECK(rig.drops(DropReason::UnknownLeg) - unknown_before == 2500);
  // Wrong passwords are checked for a while, then they cost no HMAC any more.
  CHECK(rig.drops(DropReason::WrongIntegrity) + rig.drops(DropReason::StunFlood) == 2500);
  CHECK(rig.drops(DropReason::StunFlood) > 1500);
  // Whoever has the right password still gets in once the flood is over.
  End late(rig.thread->port());
  CHECK(prove(late, Rig::name("other", 'c')));
}

TEST_CASE("a flood that names a live leg does not take that leg's consent away") {
  Rig rig;
  Pair pair(rig, "live");
  End stranger(rig.thread->port());
  for (std::uint32_t i = 0; i < 3000; ++i) stranger.send(request(Rig::name("live", 'o'), "another password", i));
  // The bound end asks for consent as ever and is answered.
  pair.a.send(request(Rig::name("live", 'o'), kPassword, 7));
  const auto answer = pair.a.hear(1000);
  REQUIRE(answer);
  CHECK(wire::is_stun(*answer));
  CHECK(rig.drops(DropReason::StunFlood) > 0);
}

TEST_CASE("spoofed, replayed and stale requests move no leg, and nobody gets more than three times what he sent") {
  Rig rig;
  Pair pair(rig, "live");
  End thief(rig.thread->port());
  // Overheard from the customer and sent again from elsewhere, with and without its cookie's age.
  const Bytes overheard = request(Rig::name("live", 'c'), kPassword, 77);
  pair.b.send(overheard);
  REQUIRE(pair.b.hear(1000));
  thief.send(overheard);
  CHECK_FALSE(thief.hear(100));
  CHECK(rig.drops(DropReason::ReplayedStun) == 1);
  // A fresh request from a new place is answered with a cookie and no more: media still goes to the old place.
  for (std::uint32_t i = 0; i < 20; ++i) thief.send(request(Rig::name("live", 'c'), kPassword, 100 + i));
  pair.a.send(packet(5));
  CHECK(pair.b.hear(1000) == packet(5));
  (void)hear_all(thief);
  CHECK(thief.heard_bytes > 0);
  CHECK(thief.heard_bytes <= 3 * thief.sent_bytes);
  // A cookie that was made for another place, or none that was ever made, binds nothing.
  wire::StunMessage stale;
  stale.transaction[0] = 9;
  stale.username = Rig::name("live", 'c');
  stale.cookie = Bytes(16, 1);
  thief.send(wire::build_stun(stale, [&](ByteSpan covered) { return crypto::hmac_sha256(as_bytes(kPassword), covered); }));
  (void)hear_all(thief);
  CHECK(rig.drops(DropReason::StaleStun) == 1);
  thief.send(packet(6));
  pair.a.send(packet(7));
  CHECK(pair.b.hear(1000) == packet(7));
  CHECK_FALSE(pair.a.hear(50));
  CHECK(rig.drops(DropReason::UnboundSource) == 1);
  // A bound tuple of one leg cannot be taken for another.
  pair.a.send(request(Rig::name("live", 'c'), kPassword, 300));
  CHECK_FALSE(pair.a.hear(100));
  CHECK(rig.drops(DropReason::ForeignPath) == 1);
}

TEST_CASE("a leg over its budget is cut and the session beside it goes on undisturbed") {
  Rig rig({.leg_bytes_per_second = 1e6, .leg_burst_bytes = 1e6});
  Pair greedy(rig, "greedy"), quiet(rig, "quiet");
  Bytes many;
  for (int k = 0; k < 50; ++k) {
    const Bytes one = packet(1, 1200);
    many.insert(many.end(), one.begin(), one.end());
  }
  std::size_t heard = 0;
  for (int i = 0; i < 100; ++i) {  // 6 MB at once: budget for one
    greedy.a.burst(many, 1200);
    quiet.a.send(packet(2, 200));
    heard += quiet.b.hear(1000).has_value();
  }
  CHECK(heard == 100);
  CHECK(rig.drops(DropReason::OverBudget) > 3000);
  CHECK(rig.drops(DropReason::SendBufferFull) == 0);
}

TEST_CASE("a slow WebSocket leg loses datagrams, each counted, and UDP beside it does not wait") {
  Rig rig;
  Pair quiet(rig, "quiet");
  rig.session("slow");
  End udp(rig.thread->port());
  REQUIRE(prove(udp, Rig::name("slow", 'o')));
  // The other leg is a WebSocket: its exchange by hand.
  flow::StunClientLeg leg({Rig::name("slow", 'c'), SecretText(kPassword)}, counted_random());
  leg.start(local_now());
  (void)rig.thread->from_websocket(ConnectionId{5}, *leg.poll(local_now()));
  const LocalTime until = local_now() + 2s;
  while (rig.to_websocket == 0 && local_now() < until) (void)udp.hear(5);
  REQUIRE(rig.to_websocket == 1);  // an answer with a cookie; nothing is bound yet
  udp.send(packet(3));
  (void)udp.hear(50);
  CHECK(rig.drops(DropReason::PeerNotBound) == 1);
  rig.websocket_full = true;
  for (int i = 0; i < 50; ++i) (void)rig.thread->from_websocket(ConnectionId{5}, packet(4));
  quiet.a.send(packet(8));
  CHECK(quiet.b.hear(1000) == packet(8));
  // UDP may have been looked at before what WebSockets brought.
  const LocalTime counted = local_now() + 2s;
  while (rig.drops(DropReason::UnboundSource) < 50 && local_now() < counted) (void)udp.hear(5);
  CHECK(rig.drops(DropReason::UnboundSource) == 50);
}

TEST_CASE("the state of a session stays below 10 kB, also after hours of consent checks") {
  constexpr std::size_t kSessions = 64;
  is_test = true;
  Metrics metrics;
  const std::int64_t before = live_bytes;
  Forwarder forwarder(counted_random(), {});
  LocalTime now(1h);
  std::uint32_t serial = 0;
  for (std::size_t i = 0; i < kSessions; ++i) {
    const std::string id = "0190f3a2-7b1c-7d4e-9a0b-" + std::to_string(100'000'000'000 + i);
    for (const Side side : {Side::Operator, Side::Customer}) {
      const std::string ufrag = std::to_string(1'000'000'000'000'000 + 2 * i + index(side));
      (void)forwarder.put_leg({id, side, ufrag, kPassword, 12h}, now);
      const std::uint64_t path = (2 * i + index(side) + 1) * 0x9E3779B97F4A7C15ull >> 1;
      flow::StunClientLeg leg({ufrag, SecretText(kPassword)}, counted_random());
      leg.start(now);
      for (int tries = 0; tries < 3; ++tries) {
        while (auto asked = leg.poll(now)) {
          const auto result = forwarder.on_stun(path, *asked, now, metrics);
          if (!result.reply.empty()) (void)leg.receive(result.reply, now);
        }
        now += 250ms;
      }
      REQUIRE(leg.state() == flow::StunClientLeg::State::Bound);
      const LocalTime bound = now;
      for (int check = 0; check < 1500; ++check, now += 5s) {  // two hours
        REQUIRE(forwarder.on_stun(path, request(ufrag, kPassword, ++serial), now, metrics).leg == i * 2 + index(side));
      }
      now = bound;
    }
  }
  const auto each = (live_bytes - before) / static_cast<std::int64_t>(kSessions);
  MESSAGE(each, " bytes a session");
  CHECK(each < 10'000);
}
