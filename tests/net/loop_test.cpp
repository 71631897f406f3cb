// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

TEST_CASE("a cancelled or replaced timer never runs its old task") {
  Loop loop;
  Timer timer(loop), other(loop);
  int old_runs = 0, new_runs = 0, cancelled = 0;
  timer.after(1ms, [&] { ++old_runs; });
  timer.after(2ms, [&] { ++new_runs; });
  other.after(1ms, [&] { ++cancelled; });
  other.cancel();
  CHECK(run_until(loop, [&] { return new_runs == 1; }));
  CHECK(old_runs == 0);
  CHECK(cancelled == 0);
  CHECK_FALSE(timer.armed());
}

TEST_CASE("a timer that is due but destroyed by another's task does not run") {
  Loop loop;
  auto victim = std::make_unique<Timer>(loop);
  Timer killer(loop), last(loop);
  bool ran = false, ended = false;
  const LocalTime when = loop.now() + 2ms;
  killer.at(when, [&] { victim.reset(); });
  victim->at(when + 1ms, [&] { ran = true; });
  last.at(when + 5ms, [&] { ended = true; });
  while (local_now() < when + 2ms) {   // both are due before anybody looks
  }
  CHECK(run_until(loop, [&] { return ended; }));
  CHECK_FALSE(ran);
}

TEST_CASE("tasks posted from another thread run in order and stop ends run") {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  REQUIRE(seen.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a watched eventfd calls back each time and not after the watch has gone") {
  Loop loop;
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::uint64_t total = 0;
  FdWatch watch = watch_fd(loop, fd, [&] {
    std::uint64_t count = 0;
    if (::read(fd, &count, sizeof count) == sizeof count) total += count;
    if (total == 3) watch.reset();
  });
  const std::uint64_t one = 1, two = 2;
  CHECK(::write(fd, &one, sizeof one) == sizeof one);
  CHECK(run_until(loop, [&] { return total == 1; }));
  CHECK(::write(fd, &two, sizeof two) == sizeof two);
  CHECK(run_until(loop, [&] { return total == 3; }));
  CHECK_FALSE(watch);
  CHECK(::write(fd, &one, sizeof one) == sizeof one);
  bool later = false;
  loop.post([&] { later = true; });
  CHECK(run_until(loop, [&] { return later; }));
  CHECK(total == 3);
  ::close(fd);
}
