// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "engine/base/clock.h"
#include "relay/core/session_book.h"
#include "relay/helpdesk/accounts.h"
#include "relay/store/store.h"

using namespace beside;
using namespace beside::relay;

namespace {
// A folder with a PostgreSQL server's socket, from postgresql_store.py: then the same cases run on that server.
const char* server() { return std::getenv("BESIDE_TEST_POSTGRESQL"); }
bool ask_server(const std::string& words) {
  return std::system((words + " -h '" + server() + "' -U postgres >/dev/null 2>&1").c_str()) == 0;
}

struct TempStore {
  std::filesystem::path folder;
  std::string where, database;
  std::unique_ptr<Store> store;
  TempStore() {
    std::string name = (std::filesystem::temp_directory_path() / "beside-store-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    where = (folder / "relay.db").string();
    if (server() != nullptr) {
      static int number = 0;
      database = "store" + std::to_string(++number);
      REQUIRE(ask_server("createdb " + database));
      where = "postgresql://postgres@/" + database + "?host=" + server();
    }
    reopen();
  }
  ~TempStore() {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void reopen() {
    store.reset();
    auto opened = Store::open(where);
    REQUIRE(opened);
    store = std::move(*opened);
  }
};
void fill(MutableByteSpan out) {
  static std::uint8_t n = 0;
  for (auto& byte : out) byte = ++n;
}
OperatorRecord plain(const std::string& login) {
  OperatorRecord op;
  op.id = new_record_id(1'790'000'000'000);
  op.login = login;
  op.display_name = login;
  op.pw_hash = "x";
  op.role = "operator";
  return op;
}
}  // namespace

TEST_CASE("the database file is private to its owner") {
  TempStore t;
  CHECK(t.store->schema_version() == 1);
  if (server() != nullptr) return;
  struct stat info {};
  REQUIRE(stat((t.folder / "relay.db").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("sessions with both legs come back after a restart, and their codes stay used") {
  TempStore t;
  ManualClock clock;
  SessionBook book(clock, fill, {});
  const auto waiting = book.create("op", 10min, 1);
  const auto live = book.create("op", 10min, 1);
  for (const auto& id : {waiting.session_id, live.session_id}) REQUIRE(t.store->insert_session(book.find(id)->record));
  const auto customer = book.begin_join(book.find(live.session_id)->record.locator, 2);
  REQUIRE(t.store->commit_join(live.session_id, book.find(live.session_id)->leg(Side::Customer).record, clock.unix_ms()));
  CHECK_FALSE(t.store->commit_join(live.session_id, book.find(live.session_id)->leg(Side::Customer).record, 1));
  t.reopen();
  auto rows = t.store->open_sessions();
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  clock.step_wall(-std::chrono::hours(1));  // set back while the relay was away: no code lives longer for it
  SessionBook again(clock, fill, {});
  again.restore(*rows);
  CHECK(again.size() == 2);
  CHECK(again.rejoin(live.session_id, customer.leg_token, 7).side == Side::Customer);
  CHECK(again.rejoin(live.session_id, live.leg_token, 8).side == Side::Operator);
  CHECK(again.rejoin(waiting.session_id, waiting.leg_token, 8).outcome == SessionBook::Outcome::Ok);
  CHECK(again.begin_join(again.find(waiting.session_id)->record.locator, 9).outcome == SessionBook::Outcome::Ok);
  REQUIRE(t.store->end_session(live.session_id, 1, 5));
  CHECK(t.store->open_sessions()->size() == 1);
}

TEST_CASE("chat is numbered without a gap, sending again changes nothing, and ciphertext goes once both have it") {
  TempStore t;
  ManualClock clock;
  SessionBook book(clock, fill, {});
  const auto made = book.create("op", 0s, 1);
  REQUIRE(t.store->insert_session(book.find(made.session_id)->record));
  (void)book.begin_join(book.find(made.session_id)->record.locator, 2);
  REQUIRE(t.store->commit_join(made.session_id, book.find(made.session_id)->leg(Side::Customer).record, 1));
  const Bytes a(16, 1), b(16, 2), sealed{9, 8, 7};
  CHECK(t.store->append_chat(made.session_id, a, Side::Operator, sealed, 1)->seq == 1);
  CHECK(t.store->append_chat(made.session_id, b, Side::Customer, sealed, 2)->seq == 2);
  const auto repeated = t.store->append_chat(made.session_id, a, Side::Operator, sealed, 3);
  CHECK(repeated->seq == 1);
  CHECK_FALSE(repeated->fresh);
  REQUIRE(t.store->chat_delivered(made.session_id, Side::Operator, 2));
  CHECK(t.store->chat_after(made.session_id, 0, 10)->at(0).sealed == sealed);
  REQUIRE(t.store->chat_delivered(made.session_id, Side::Customer, 1));
  const auto rows = t.store->chat_after(made.session_id, 0, 10);
  CHECK(rows->at(0).sealed.empty());
  CHECK(rows->at(1).sealed == sealed);
  CHECK(t.store->append_chat(made.session_id, Bytes(16, 3), Side::Operator, sealed, 4)->seq == 3);
}

TEST_CASE("a one-use token works once, a silent one until the operator is disabled") {
  TempStore t;
  ManualClock clock;
  const OperatorRecord op = plain("demo");
  REQUIRE(t.store->insert_operator(op));
  CHECK_FALSE(t.store->insert_operator(plain("demo")));
  const auto once = make_token(clock, op.id, TokenKind::OneUse), silent = make_token(clock, op.id, TokenKind::Silent);
  REQUIRE(t.store->insert_token(once.record));
  REQUIRE(t.store->insert_token(silent.record));
  CHECK(t.store->use_token(once.record.token_sha256, clock.unix_ms())->has_value());
  CHECK_FALSE(t.store->use_token(once.record.token_sha256, clock.unix_ms())->has_value());
  CHECK(t.store->use_token(silent.record.token_sha256, clock.unix_ms())->has_value());
  CHECK(t.store->use_token(silent.record.token_sha256, clock.unix_ms())->has_value());
  CHECK_FALSE(t.store->use_token(silent.record.token_sha256, silent.record.expires_at)->has_value());
  CHECK(*t.store->set_disabled("demo", true, 5));
  CHECK_FALSE(t.store->use_token(silent.record.token_sha256, clock.unix_ms())->has_value());
  CHECK_FALSE(*t.store->set_disabled("nobody", true, 5));
}

TEST_CASE("an invitation makes one account, once, and not after its 72 hours") {
  TempStore t;
  ManualClock clock;
  const auto made = make_invitation(clock, "boss", "admin");
  CHECK(made.record.expires_at - made.record.created_at == 72LL * 3600 * 1000);
  REQUIRE(t.store->insert_invitation(made.record));
  CHECK_FALSE(t.store->redeem(made.record, plain("boss"), made.record.expires_at + 1));
  CHECK(t.store->operators()->empty());
  REQUIRE(t.store->redeem(made.record, plain("boss"), clock.unix_ms()));
  CHECK_FALSE(t.store->redeem(made.record, plain("boss2"), clock.unix_ms()));
  CHECK(t.store->operators()->size() == 1);
}

TEST_CASE("a second invitation for a login replaces the first, and open ones are listed") {
  TempStore t;
  ManualClock clock;
  const auto first = make_invitation(clock, "anna", "admin");
  REQUIRE(t.store->insert_invitation(first.record));
  const auto second = make_invitation(clock, "anna", "operator");
  REQUIRE(t.store->insert_invitation(second.record));
  REQUIRE(t.store->insert_invitation(make_invitation(clock, "bob", "operator").record));
  const auto open = t.store->open_invitations(clock.unix_ms());
  REQUIRE(open);
  REQUIRE(open->size() == 2);
  CHECK(open->at(0).login == "anna");
  CHECK(open->at(0).role == "operator");
  CHECK(t.store->open_invitations(second.record.expires_at + 1)->empty());
  CHECK_FALSE(t.store->redeem(first.record, plain("anna"), clock.unix_ms()));
  CHECK(t.store->redeem(second.record, plain("anna"), clock.unix_ms()));
}

TEST_CASE("two programs that write at once number every row once") {
  TempStore t;
  auto other = Store::open(t.where);
  REQUIRE(other);
  std::thread second([&] {
    for (int i = 0; i < 40; ++i) CHECK((*other)->audit({"b", "log read", "session", "", "why"}, i));
  });
  for (int i = 0; i < 40; ++i) CHECK(t.store->audit({"a", "log read", "session", "", "why"}, i));
  second.join();
  const auto held = t.store->verify_audit();
  REQUIRE(held);
  CHECK(*held == 80);
}

TEST_CASE("the audit chain holds, and a changed row is named") {
  TempStore t;
  for (int i = 0; i < 3; ++i) REQUIRE(t.store->audit({"a", "log read", "session " + std::to_string(i), "", "why"}, i));
  CHECK(*t.store->verify_audit() == 3);
  // As somebody with the file in his hands would do it.
  const std::string change = "\"UPDATE audit SET after='x' WHERE seq=2\"";
  if (server() != nullptr) {
    REQUIRE(ask_server("psql -d " + t.database + " -c " + change));
  } else if (std::system(("sqlite3 '" + t.where + "' " + change + " 2>/dev/null").c_str()) != 0) {
    return;  // no sqlite3 program here: the first half has run
  }
  const auto bad = t.store->verify_audit();
  REQUIRE_FALSE(bad);
  CHECK(bad.error().detail.find("row 2") != std::string::npos);
}

TEST_CASE("log rows older than the limit are purged, newer ones stay") {
  TempStore t;
  REQUIRE(t.store->log({{new_record_id(1), 1000, "s", "join", "old", 0}, {new_record_id(2), 9000, "s", "join", "new", 7}}));
  CHECK(t.store->read_log("s", 10)->size() == 2);
  REQUIRE(t.store->purge(5000, 0, 9000));
  const auto rows = t.store->read_log("s", 10);
  REQUIRE(rows->size() == 1);
  CHECK(rows->at(0).detail == "new");
  CHECK(rows->at(0).bytes == 7);
}
