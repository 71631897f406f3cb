// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/ports/journal.h"

namespace beside::journal {

// "asked", "granted", ...: as journals and tests spell it.
const char* name_of(ports::JournalKind kind);

struct FileJournalConfig {
  std::filesystem::path directory;             // made with mode 0700
  int keep_days = 30;                          // older files are deleted when a session begins
  std::uintmax_t keep_bytes = 8u << 20;        // of all files together; the oldest go first
  std::function<void(Error)> failed;           // called once, on the disk thread, when a line could not be written
};

// Journals as text files, one per session: a JSON object per line {n, at, kind, rights, text, head}; `head` is the chain
// over all before it (crypto::HashChain named by the session id), so that a line changed, dropped or moved is noticed.
// Thread: begin/add/end on one thread (net); a thread of its own (`disk`) writes. The destructor waits until everything
// is written.
class FileJournal final : public ports::Journal {
 public:
  static Result<std::unique_ptr<FileJournal>> open(FileJournalConfig config, const TimeSource& clock);
  ~FileJournal() override;
  void begin(const std::string& session_id, const std::string& peer_name) override;
  void add(const ports::JournalLine& line) override;
  std::array<std::uint8_t, 32> head() const override;
  std::uint64_t lines() const override;
  std::array<std::uint8_t, 32> receipt(ByteSpan customer_head, ByteSpan operator_head) const override;
  void end() override;
  void on_failure(std::function<void()> told) override;
  std::string path() const override;

 private:
  struct Impl;
  explicit FileJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One past session, as the history list shows it.
struct PastEntry {
  std::filesystem::path file;
  std::string session_id, peer;
  std::int64_t began_unix_ms = 0, ended_unix_ms = 0;
  Rights used;
};
// Newest first, `most` at most; files that cannot be read are left out.
std::vector<PastEntry> list_past(const std::filesystem::path& directory, std::size_t most);

// A journal's lines as the history page shows them; empty when the file cannot be read.
struct JournalEntry {
  std::int64_t at_unix_ms = 0;
  std::string kind;  // name_of()
  Rights rights;
  std::string text;
};
std::vector<JournalEntry> read_entries(const std::filesystem::path& file);

// True lines of a journal, each as written; an error names the first line that breaks the chain.
Result<std::size_t> verify_journal(const std::filesystem::path& file);

}  // namespace beside::journal
