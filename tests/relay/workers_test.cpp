// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <future>

#include "relay/net/workers.h"
#include "tests/relay/memory_records.h"

using namespace beside;
using namespace beside::relay;

TEST_CASE("in a login storm a clean source is heard before all suspects, and they cannot fill the queue") {
  std::promise<void> gate, started, finished;
  std::shared_future<void> open = gate.get_future().share();
  std::mutex mutex;
  std::vector<std::string> order;
  const auto post = [](Continuation next) { if (next) next(); };
  AuthPool pool(post, 1, 16);
  REQUIRE(pool.run("first", LoginGuard::Standing::Suspect, [&]() -> Continuation {
    started.set_value();
    open.wait();
    return {};
  }));
  started.get_future().wait();
  const auto job = [&](std::string name, bool last) {
    return [&, name, last]() -> Continuation {
      std::lock_guard lock(mutex);
      order.push_back(name);
      if (last) finished.set_value();
      return {};
    };
  };
  int taken = 0;
  for (int i = 0; i < 100; ++i) {
    if (pool.run("storm" + std::to_string(i), LoginGuard::Standing::Suspect, job("storm", taken == 7))) ++taken;
  }
  CHECK(taken == 8);
  CHECK(pool.run("good", LoginGuard::Standing::Clean, job("good", false)));
  CHECK(pool.run("good", LoginGuard::Standing::Clean, job("good again", false)));
  CHECK_FALSE(pool.run("good", LoginGuard::Standing::Clean, job("third of one source", false)));
  CHECK(pool.run("known", LoginGuard::Standing::Known, job("known", false)));
  gate.set_value();
  finished.get_future().wait();
  std::lock_guard lock(mutex);
  REQUIRE(order.size() == 11);
  CHECK(order[0] == "known");
  CHECK(order[1] == "good");
  CHECK(order[2] == "good again");
}

TEST_CASE("the db thread runs what it took before it ends, in order") {
  MemoryRecords records;
  std::vector<int> order;
  DbThread db(records, records, [](Continuation) {});
  for (int i = 0; i < 100; ++i) {
    CHECK(db.run([&order, i](SessionRecords&, AccountRecords&) -> Continuation {
      order.push_back(i);
      return {};
    }));
  }
  db.finish();
  CHECK(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK_FALSE(db.run([](SessionRecords&, AccountRecords&) -> Continuation { return {}; }));
}
