// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/flow/path_mtu.h"
#include "tests/support/virtual_net.h"

using namespace beside;
using namespace beside::flow;
using beside::test::VirtualNet;

namespace {

// Probes over a line whose other end answers each with a small datagram of the same nonce.
struct Bench {
  VirtualNet there, back;
  PathMtu mtu;
  LocalTime now{seconds(100)};
  std::uint64_t asked = 0, large = 0;
  std::size_t largest = 0;
  Bench(std::uint64_t seed, const VirtualNet::Path& path, std::size_t most) : there(seed, path), back(seed + 1000, path) {
    mtu.set_rtt(2 * path.delay);
    mtu.start(most, now);
  }
  void run(nanoseconds span) {
    const LocalTime end = now + span;
    while (now < end) {
      now = std::min({end, there.next_arrival(), back.next_arrival(), mtu.next_deadline()});
      for (const Bytes& question : there.arrivals(now)) back.send(Bytes(question.begin(), question.begin() + 36), now);
      for (const Bytes& answer : back.arrivals(now)) mtu.answered(ByteReader(answer).u32(), now);
      while (mtu.next_deadline() <= now) {
        for (const PathMtu::Probe& probe : mtu.poll(now)) {
          Bytes question;
          ByteWriter(question).u32(probe.nonce);
          question.resize(std::max<std::size_t>(probe.bytes, 36));
          ++asked;
          large += probe.bytes > 0 ? 1 : 0;
          largest = std::max(largest, question.size());
          there.send(std::move(question), now);
        }
      }
    }
  }
};

VirtualNet::Path path_of(std::size_t mtu, double loss = 0) {
  VirtualNet::Path path;
  path.delay = milliseconds(20);
  path.loss = loss;
  path.mtu_bytes = mtu;
  return path;
}

}  // namespace

TEST_CASE("a path that takes what the interface takes is found with one question of that size") {
  Bench b(1, path_of(0), 1472);
  CHECK(b.mtu.bytes() == PathMtu::kBase);   // until something larger was answered
  b.run(1s);
  CHECK(b.mtu.bytes() == 1472);
  CHECK(b.mtu.complete());
  CHECK(b.large == 1);
  b.run(1h);
  CHECK(b.asked == 2);                      // and nothing more is asked
}

TEST_CASE("the largest size of a narrower path is found to within a few bytes, and never exceeded afterwards") {
  for (const std::size_t mtu : {1200u, 1210u, 1232u, 1252u, 1300u, 1392u, 1412u, 1440u, 1452u, 1464u}) {
    CAPTURE(mtu);
    Bench b(2, path_of(mtu), 1472);
    b.run(30s);
    CHECK(b.mtu.complete());
    CHECK(b.mtu.bytes() <= std::max<std::size_t>(mtu, PathMtu::kBase));
    CHECK(b.mtu.bytes() + PathMtu::kClose + 4 >= mtu);
    CHECK(b.asked <= 2 * PathMtu::kTries * 7);
  }
}

TEST_CASE("a tunnel that takes less than what passes nearly everywhere is found as well, and so is a path that becomes one") {
  for (const std::size_t mtu : {560u, 700u, 972u, 1100u, 1190u}) {
    CAPTURE(mtu);
    Bench b(2, path_of(mtu), 1472);
    b.run(1500ms);
    CHECK(b.mtu.bytes() <= mtu);               // what matters gets through within two seconds
    b.run(30s);
    CHECK(b.mtu.complete());
    CHECK(b.mtu.bytes() <= mtu);
    CHECK(b.mtu.bytes() + PathMtu::kClose + 4 >= mtu);
    CHECK(b.asked <= 2 * PathMtu::kTries * 9);
  }
  Bench b(3, path_of(0), 1472);
  b.run(1s);
  b.there.set_path(path_of(972));
  b.mtu.suspect(b.now);
  b.run(2s);
  CHECK(b.mtu.bytes() <= 972);
  Bench interface(4, path_of(972), 972);       // the machine's own tunnel
  CHECK(interface.mtu.bytes() == 972);
  interface.run(1s);
  CHECK(interface.mtu.bytes() == 972);
}

TEST_CASE("ten per cent of loss each way hides no size that gets through, in 200 searches but for a few") {
  int low = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Bench b(seed, path_of(1412, 0.1), 1472);
    b.run(60s);
    CHECK(b.mtu.bytes() <= 1412);
    low += b.mtu.bytes() + 3 * PathMtu::kClose < 1412 ? 1 : 0;
  }
  CHECK(low <= 8);   // three lost in a row at one of the sizes; found at the next raise
}

TEST_CASE("a path that turns into a black hole for what is large is left for the base size, and searched again") {
  Bench b(3, path_of(0), 1472);
  b.run(1s);
  REQUIRE(b.mtu.bytes() == 1472);
  b.there.set_path(path_of(1252));
  b.mtu.suspect(b.now);
  const LocalTime began = b.now;
  while (b.mtu.bytes() > 1252 && b.now - began < 5s) b.run(1ms);
  CHECK(b.now - began < 1s);
  b.run(5s);
  CHECK(b.mtu.bytes() <= 1252);
  CHECK(b.mtu.bytes() >= 1232);
  // The path widens again: found when it is asked after ten minutes.
  b.there.set_path(path_of(0));
  b.run(11min);
  CHECK(b.mtu.bytes() == 1472);
}

TEST_CASE("a line that is dead as a whole refutes no size, and is asked more and more seldom") {
  Bench b(4, path_of(0), 1472);
  b.run(1s);
  VirtualNet::Path dead = path_of(0);
  dead.loss = 1;
  b.there.set_path(dead);
  b.mtu.suspect(b.now);
  b.asked = 0;
  b.run(10min);
  CHECK(b.mtu.bytes() == 1472);
  CHECK(b.asked <= 2 * PathMtu::kTries * 16);
  b.there.set_path(path_of(0));
  b.run(61s);
  CHECK(b.mtu.complete());
  CHECK(b.mtu.bytes() == 1472);
}

TEST_CASE("a good size is confirmed by one answer, and suspicion does not turn into a flood") {
  Bench b(5, path_of(0), 1472);
  b.run(1s);
  b.asked = 0;
  for (int i = 0; i < 1000; ++i) {
    b.mtu.suspect(b.now);
    b.run(10ms);
  }
  CHECK(b.mtu.bytes() == 1472);
  CHECK(b.asked <= 2 * 6);
}

TEST_CASE("what the interface cannot take is not asked, and what it takes no more is given up at once") {
  Bench b(6, path_of(0), 1252);
  b.run(30s);
  CHECK(b.mtu.bytes() == 1252);
  CHECK(b.largest == 1252);
  Bench narrow(7, path_of(0), PathMtu::kBase);
  narrow.run(30s);
  CHECK(narrow.asked == 0);
  Bench shrinks(8, path_of(0), 1472);
  shrinks.run(1s);
  REQUIRE(shrinks.mtu.bytes() == 1472);
  shrinks.mtu.ceiling(1300, shrinks.now);
  CHECK(shrinks.mtu.bytes() == 1300);
  shrinks.mtu.ceiling(1472, shrinks.now);   // another interface: searched anew
  CHECK(shrinks.mtu.bytes() == PathMtu::kBase);
  shrinks.run(1s);
  CHECK(shrinks.mtu.bytes() == 1472);
  shrinks.mtu.stop();
  CHECK(shrinks.mtu.bytes() == PathMtu::kBase);
  CHECK(shrinks.mtu.next_deadline() == kNever);
}

TEST_CASE("answers to older questions, or made up ones, prove nothing") {
  Bench b(9, path_of(1252), 1472);
  for (std::uint32_t nonce = 0; nonce < 1000; ++nonce) b.mtu.answered(nonce, b.now);   // before anything was asked
  CHECK(b.mtu.bytes() == PathMtu::kBase);
  b.run(30s);
  const std::size_t found = b.mtu.bytes();
  CHECK(found <= 1252);
  for (std::uint32_t nonce = 0; nonce < 1000; ++nonce) b.mtu.answered(nonce, b.now);
  CHECK(b.mtu.bytes() == found);
}
