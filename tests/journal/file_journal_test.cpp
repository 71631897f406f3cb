// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/journal/file_journal.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace beside;
namespace fs = std::filesystem;

namespace {

struct TempDir {
  fs::path path;
  TempDir() {
    std::string name = (fs::temp_directory_path() / "beside-journal-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TempDir() { fs::remove_all(path); }
};

constexpr auto kSession = "0190f2a0-1111-7222-8333-444455556666";

std::string write_one(const fs::path& dir, TimeSource& clock) {
  auto journal = journal::FileJournal::open({dir, 30, 8u << 20, {}}, clock);
  REQUIRE(journal);
  (*journal)->begin(kSession, "");
  (*journal)->add({ports::JournalKind::PeerVerified, {}, "Anna \"A\" B."});
  (*journal)->add({ports::JournalKind::Granted, Right::See | Rights(Right::Control), "to look\nat it"});
  (*journal)->add({ports::JournalKind::Used, Right::See, ""});
  CHECK((*journal)->lines() == 4);
  (*journal)->end();
  return (*journal)->path();
}

}  // namespace

TEST_CASE("a journal is private, complete and verifies") {
  TempDir dir;
  ManualClock clock;
  const std::string path = write_one(dir.path, clock);
  struct stat info{};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const auto count = journal::verify_journal(path);
  REQUIRE(count);
  CHECK(*count == 4);
  const auto past = journal::list_past(dir.path, 10);
  REQUIRE(past.size() == 1);
  CHECK(past[0].peer == "Anna \"A\" B.");
  CHECK(past[0].used == Rights(Right::See));
}

TEST_CASE("a changed, dropped or moved line breaks the chain") {
  TempDir dir;
  ManualClock clock;
  const std::string path = write_one(dir.path, clock);
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  const auto check = [&](std::vector<std::string> changed) {
    const fs::path other = dir.path / "changed.jsonl";
    std::ofstream(other, std::ios::trunc) << [&] {
      std::string all;
      for (const auto& line : changed) all += line + "\n";
      return all;
    }();
    return static_cast<bool>(journal::verify_journal(other));
  };
  CHECK(check(lines));
  auto edited = lines;
  edited[2].replace(edited[2].find("control"), 7, "nothing");
  CHECK_FALSE(check(edited));
  auto dropped = lines;
  dropped.erase(dropped.begin() + 1);
  CHECK_FALSE(check(dropped));
  auto moved = lines;
  std::swap(moved[1], moved[2]);
  CHECK_FALSE(check(moved));
}

TEST_CASE("the receipt hangs on both heads and on who is who") {
  TempDir dir;
  ManualClock clock;
  auto journal = journal::FileJournal::open({dir.path, 30, 8u << 20, {}}, clock);
  REQUIRE(journal);
  const Bytes a(32, 1), b(32, 2);
  CHECK((*journal)->receipt(a, b) == (*journal)->receipt(a, b));
  CHECK((*journal)->receipt(a, b) != (*journal)->receipt(b, a));
  CHECK((*journal)->receipt(a, b) != (*journal)->receipt(a, a));
}

TEST_CASE("journals older than 30 days are deleted when the next session begins") {
  TempDir dir;
  SystemClock clock;
  const std::string old = write_one(dir.path, clock);
  const fs::path aged = dir.path / "20200101-000000-old.jsonl";
  fs::rename(old, aged);
  fs::last_write_time(aged, fs::file_time_type::clock::now() - std::chrono::hours(24 * 31));
  const std::string fresh = write_one(dir.path, clock);
  CHECK_FALSE(fs::exists(aged));
  CHECK(fs::exists(fresh));
}

TEST_CASE("a directory that cannot be made is said in words") {
  ManualClock clock;
  const auto journal = journal::FileJournal::open({"/proc/nowhere/journal", 30, 1, {}}, clock);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().kind == ErrorKind::Environment);
}
