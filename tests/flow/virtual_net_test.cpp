// SPDX-License-Identifier: GPL-3.0-or-later
// The network that the others are tried on has to be right itself.
#include <doctest/doctest.h>

#include "tests/support/virtual_net.h"

using namespace beside;
using test::VirtualNet;

namespace {
LocalTime ms(std::int64_t t) { return LocalTime(milliseconds(t)); }
}  // namespace

TEST_CASE("a datagram waits for those before it, and the queue drops at its end") {
  VirtualNet net(1, {.delay = milliseconds(10), .rate_kbps = 8000, .queue_bytes = 3000});   // 1000 bytes a millisecond
  for (int i = 0; i < 5; ++i) net.send(Bytes(1000, static_cast<std::uint8_t>(i)), ms(0));
  CHECK(net.overflowed() == 2);
  CHECK(net.queueing_delay() == milliseconds(3));
  CHECK(net.arrivals(ms(10)).empty());
  CHECK(net.arrivals(ms(11)).size() == 1);
  CHECK(net.arrivals(ms(13)).size() == 2);
}

TEST_CASE("what waits leaves at the rate of the moment at which it leaves") {
  VirtualNet net(1, {.delay = milliseconds(0), .rate_kbps = 8000, .queue_bytes = 100'000});
  net.plan_rate(ms(5), 800);
  for (int i = 0; i < 10; ++i) net.send(Bytes(1000, 1), ms(0));
  CHECK(net.arrivals(ms(5)).size() == 5);
  CHECK(net.queueing_delay() == milliseconds(50));
  CHECK(net.arrivals(ms(14)).empty());
  CHECK(net.arrivals(ms(15)).size() == 1);
  CHECK(net.arrivals(ms(55)).size() == 4);
}

TEST_CASE("losses come in bursts of the length asked for, and the same seed gives the same network") {
  const VirtualNet::Path path{.delay = milliseconds(1), .burst_enter = 0.01, .burst_leave = 0.25};
  const auto pattern = [&](std::uint64_t seed) {
    VirtualNet net(seed, path);
    std::vector<bool> came;
    for (int i = 0; i < 50'000; ++i) {
      net.send(Bytes(1, 0), ms(2 * i));
      came.push_back(!net.arrivals(ms(2 * i + 1)).empty());
    }
    return came;
  };
  const auto came = pattern(5);
  CHECK(came == pattern(5));
  CHECK(came != pattern(6));
  int lost = 0, runs = 0;
  for (std::size_t i = 1; i < came.size(); ++i) {
    lost += came[i] ? 0 : 1;
    runs += !came[i] && came[i - 1] ? 1 : 0;
  }
  const double mean = static_cast<double>(lost) / runs;
  CHECK(mean > 3.5);
  CHECK(mean < 4.5);
}

TEST_CASE("jitter without reordering keeps the order; an address change loses what is on the way and what follows until it is bound") {
  VirtualNet net(3, {.delay = milliseconds(20), .jitter = milliseconds(15), .jitter_reorders = false});
  std::vector<std::uint8_t> got;
  for (int i = 0; i < 100; ++i) {
    net.send(Bytes(1, static_cast<std::uint8_t>(i)), ms(i));
    for (const Bytes& b : net.arrivals(ms(i))) got.push_back(b[0]);
  }
  CHECK(got.size() > 60);
  CHECK(std::is_sorted(got.begin(), got.end()));
  net.address_change(ms(140));
  net.send(Bytes(1, 200), ms(120));
  net.send(Bytes(1, 201), ms(140));
  const auto after = net.arrivals(ms(500));
  REQUIRE(after.size() == 1);
  CHECK(after[0][0] == 201);
}
