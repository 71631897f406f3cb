// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/channels.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "engine/base/lease.h"
#include "engine/base/side_thread.h"

using namespace beside;

TEST_CASE("a mailbox keeps the newest, counts what it dropped, and merges what must not be lost") {
  int woken = 0;
  Mailbox<std::string> box([&] { ++woken; }, [](std::string& older, std::string& newer) { newer += "+" + older; });
  box.put("a");
  box.put("b");
  CHECK(woken == 2);
  CHECK(box.dropped() == 1);
  CHECK(*box.take() == "b+a");
  CHECK_FALSE(box.take().has_value());
}

TEST_CASE("a full inbox refuses and counts, and keeps the order of the rest") {
  Inbox<int> inbox(2);
  CHECK(inbox.put(1));
  CHECK(inbox.put(2));
  CHECK_FALSE(inbox.put(3));
  CHECK(inbox.dropped() == 1);
  CHECK(*inbox.take() == 1);
  CHECK(*inbox.take() == 2);
}

TEST_CASE("a ring carries every value in order between two threads") {
  Ring<int, 64> ring;
  constexpr int kCount = 200'000;
  std::thread producer([&] {
    for (int i = 0; i < kCount;) {
      if (ring.push(i)) ++i;
      else std::this_thread::yield();
    }
  });
  int expected = 0;
  while (expected < kCount) {
    int value = -1;
    if (!ring.pop(value)) {
      std::this_thread::yield();
      continue;
    }
    REQUIRE(value == expected);
    ++expected;
  }
  producer.join();
}

TEST_CASE("a reader keeps the snapshot it took while newer ones are published") {
  Published<std::string> cell;
  cell.publish("one");
  const auto kept = cell.read();
  cell.publish("two");
  CHECK(*kept == "one");
  CHECK(*cell.read() == "two");
}

TEST_CASE("a lease returns its object, even after the pool is gone") {
  auto pool = std::make_unique<Pool<int>>(1, [] { return std::make_unique<int>(7); });
  auto lease = pool->take();
  CHECK(static_cast<bool>(lease));
  CHECK_FALSE(static_cast<bool>(pool->take()));
  CHECK(pool->refused() == 1);
  lease = {};
  auto again = pool->take();
  CHECK(*again == 7);
  pool.reset();
  CHECK(*again == 7);
}

TEST_CASE("what is shared comes back when the last who reads it is done") {
  Pool<int> pool(1, [] { return std::make_unique<int>(7); });
  auto first = pool.take();
  auto second = first.share();
  CHECK(&*first == &*second);
  first = {};
  CHECK(*second == 7);
  CHECK_FALSE(static_cast<bool>(pool.take()));
  second = {};
  CHECK(static_cast<bool>(pool.take()));
}

TEST_CASE("each piece is done once, here or aside, and all are when it returns") {
  SideThread side;
  std::array<std::atomic<int>, 7> done{};
  const auto me = std::this_thread::get_id();
  std::atomic<int> here{0}, aside{0};
  const SideThread::Work work = [&](int piece) {
    ++done[static_cast<std::size_t>(piece)];
    ++(std::this_thread::get_id() == me ? here : aside);
  };
  int rounds = 0;
  while (++rounds < 2000 || (aside == 0 && rounds < 200'000)) {
    side.run(7, work);
    for (const auto& times : done) REQUIRE(times == rounds);
  }
  CHECK(here > 0);
  CHECK(aside > 0);
}

// Two sessions that play films share it: each one's pieces are its own.
TEST_CASE("callers at the same time get each piece done once, and all return") {
  SideThread side;
  std::atomic<int> wrong{0};
  const auto call = [&] {
    for (int round = 0; round < 5000; ++round) {
      std::array<std::atomic<int>, 7> done{};
      side.run(7, [&](int piece) { ++done[static_cast<std::size_t>(piece)]; });
      for (const auto& times : done) wrong += times == 1 ? 0 : 1;
    }
  };
  std::thread other(call);
  call();
  other.join();
  CHECK(wrong == 0);
}
