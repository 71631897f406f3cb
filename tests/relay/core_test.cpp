// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <set>

#include "engine/crypto/hashcash.h"
#include "relay/core/address_key.h"
#include "relay/core/join_guard.h"
#include "relay/core/session_book.h"
#include "relay/helpdesk/login_guard.h"

using namespace beside;
using namespace beside::relay;

namespace {
RandomFn seeded(unsigned seed) {
  return [engine = std::make_shared<std::mt19937>(seed)](MutableByteSpan out) {
    for (auto& byte : out) byte = static_cast<std::uint8_t>((*engine)());
  };
}
std::string locator_of(const SessionBook& book, const std::string& id) { return book.find(id)->record.locator; }
}  // namespace

TEST_CASE("an IPv6 customer is counted by his /64 and an IPv4-mapped one as IPv4") {
  CHECK(address_key("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(address_key("2001:db8:1:2:ffff::1") == address_key("2001:db8:1:2:3:4:5:6"));
  CHECK(address_key("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(address_key("nonsense") == "?");
  CHECK(truncated_address("192.0.2.7") == "192.0.2.0/24");
  CHECK(truncated_address("2001:db8:1:2::1") == "2001:db8:1::/48");
}

TEST_CASE("a locator grows by a digit as soon as a tenth of the range would be live") {
  LocatorPool pool(seeded(1));
  std::set<std::string> seen;
  for (int i = 0; i < 150; ++i) {
    const std::string locator = pool.allocate("s" + std::to_string(i));
    CHECK(locator.size() == (i < 100 ? 3u : 4u));
    CHECK(seen.insert(locator).second);
  }
  CHECK(pool.live() == 150);
}

TEST_CASE("a code takes one customer, and the second hears that it is used") {
  ManualClock clock;
  SessionBook book(clock, seeded(2), {});
  const auto made = book.create("op", 0s, 1);
  REQUIRE(made.outcome == SessionBook::Outcome::Ok);
  const std::string code = locator_of(book, made.session_id);
  const auto first = book.begin_join(code, 2);
  REQUIRE(first.outcome == SessionBook::Outcome::Ok);
  CHECK(book.begin_join(code, 3).outcome == SessionBook::Outcome::CodeUsed);  // even before the store has answered
  book.commit_join(first.session_id);
  CHECK(book.begin_join(code, 3).outcome == SessionBook::Outcome::CodeUsed);
  CHECK(book.begin_join(code == "123" ? "124" : "123", 3).outcome == SessionBook::Outcome::NoSuchCode);
}

TEST_CASE("a join that the store refused gives the code back") {
  ManualClock clock;
  SessionBook book(clock, seeded(3), {});
  const auto made = book.create("op", 0s, 1);
  const std::string code = locator_of(book, made.session_id);
  REQUIRE(book.begin_join(code, 2).outcome == SessionBook::Outcome::Ok);
  book.revert_join(made.session_id);
  CHECK(book.begin_join(code, 3).outcome == SessionBook::Outcome::Ok);
}

TEST_CASE("a code expires by the monotonic clock, whatever the wall clock does") {
  ManualClock clock;
  SessionBook book(clock, seeded(4), {});
  const auto made = book.create("op", 5min, 1);
  const std::string code = locator_of(book, made.session_id);
  clock.step_wall(std::chrono::hours(48));
  CHECK(book.expire().empty());
  clock.step_wall(-std::chrono::hours(96));
  clock.advance(5min - 1s);
  CHECK(book.expire().empty());
  clock.advance(1s);
  CHECK(book.begin_join(code, 2).outcome == SessionBook::Outcome::CodeExpired);  // before expire() has run
  const auto ended = book.expire();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].reason == EndReason::CodeExpired);
  CHECK(book.begin_join(code, 2).outcome == SessionBook::Outcome::CodeExpired);
}

TEST_CASE("validity is cut to between one minute and one hour") {
  ManualClock clock;
  SessionBook book(clock, seeded(5), {});
  CHECK(book.find(book.create("op", 1s, 1).session_id)->record.valid_ms == 60'000);
  CHECK(book.find(book.create("op", 5h, 1).session_id)->record.valid_ms == 3'600'000);
  CHECK(book.find(book.create("op", 0s, 1).session_id)->record.valid_ms == 600'000);
}

TEST_CASE("a leg is whoever shows its token, and a session outlives an absence of less than five minutes") {
  ManualClock clock;
  SessionBook book(clock, seeded(6), {});
  const auto op = book.create("op", 0s, 1);
  const auto customer = book.begin_join(locator_of(book, op.session_id), 2);
  book.commit_join(op.session_id);
  CHECK(book.rejoin(op.session_id, Bytes(32), 9).outcome == SessionBook::Outcome::NoSuchSession);
  book.set_absent(op.session_id, Side::Customer);
  clock.advance(4min + 59s);
  CHECK(book.expire().empty());
  const auto back = book.rejoin(op.session_id, customer.leg_token, 3);
  CHECK(back.outcome == SessionBook::Outcome::Ok);
  CHECK(back.side == Side::Customer);
  CHECK(back.replaced_client == 2);
  clock.advance(10min);
  CHECK(book.expire().empty());
  book.set_absent(op.session_id, Side::Operator);
  clock.advance(5min);
  const auto ended = book.expire();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].reason == EndReason::PeerLost);
}

TEST_CASE("five tries a minute are free, then the delay doubles; others are not held up") {
  JoinGuard guard(seeded(7), {});
  LocalTime now = ManualClock().now();
  for (int i = 0; i < 5; ++i) CHECK(guard.admit("a", {}, {}, now).verdict == JoinGuard::Verdict::Go);
  const auto blocked = guard.admit("a", {}, {}, now);
  CHECK(blocked.verdict == JoinGuard::Verdict::Wait);
  CHECK(blocked.wait == 2s);
  CHECK(guard.admit("b", {}, {}, now).verdict == JoinGuard::Verdict::Go);
  now += 2s;
  CHECK(guard.admit("a", {}, {}, now).verdict == JoinGuard::Verdict::Go);
  CHECK(guard.admit("a", {}, {}, now).wait == 4s);
  now += 30min;
  CHECK(guard.admit("a", {}, {}, now).verdict == JoinGuard::Verdict::Go);
  CHECK(guard.admit("a", {}, {}, now).verdict == JoinGuard::Verdict::Go);
}

TEST_CASE("above the global failure rate a try needs work, and each answer is good once and for one address") {
  JoinGuard guard(seeded(8), {});
  LocalTime now = ManualClock().now();
  for (int i = 0; i < 121; ++i) guard.failed(now);
  const auto asked = guard.admit("a", {}, {}, now);
  REQUIRE(asked.verdict == JoinGuard::Verdict::NeedsWork);
  const std::atomic<bool> cancel{false};
  const auto answer = crypto::solve_hashcash(asked.challenge, crypto::kHashcashBits, cancel);
  REQUIRE(answer);
  CHECK(guard.admit("b", asked.challenge, *answer, now).verdict == JoinGuard::Verdict::NeedsWork);
  CHECK(guard.admit("a", asked.challenge, *answer, now).verdict == JoinGuard::Verdict::Go);
  CHECK(guard.admit("a", asked.challenge, *answer, now).verdict == JoinGuard::Verdict::NeedsWork);
  now += 61s;
  CHECK(guard.admit("a", {}, {}, now).verdict == JoinGuard::Verdict::Go);
}

TEST_CASE("a login storm slows its own sources and never the login itself") {
  LoginGuard guard;
  LocalTime now = ManualClock().now();
  for (int i = 0; i < 1000; ++i) guard.failed("demo", "198.51.100." + std::to_string(i % 50), now);
  CHECK(guard.wait("demo", "198.51.100.7", now) > 0s);
  CHECK(guard.wait("demo", "203.0.113.1", now) == 0s);
  CHECK(guard.standing("demo", "203.0.113.1") == LoginGuard::Standing::Clean);
  CHECK(guard.standing("demo", "198.51.100.7") == LoginGuard::Standing::Suspect);
  // Who signed in from an address before is not held up by his neighbours there.
  guard.succeeded("good", "198.51.100.7");
  CHECK(guard.wait("good", "198.51.100.7", now) == 0s);
}
