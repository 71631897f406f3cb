// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/journal/file_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/base/thread_role.h"
#include "engine/crypto/hash_chain.h"

namespace fs = std::filesystem;

namespace beside::journal {
namespace {

constexpr std::string_view kHeadMark = ",\"head\":\"";

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (u < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", u);
      out += escaped;
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

std::string rights_text(Rights rights) {
  std::string out;
  for (std::uint32_t bit = 1; bit != 0 && bit <= rights.bits; bit <<= 1) {
    if ((rights.bits & bit) == 0) continue;
    if (!out.empty()) out.push_back(',');
    out += name_of(static_cast<Right>(bit));
  }
  return out;
}

Rights rights_from_text(std::string_view text) {
  Rights out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    for (std::uint32_t bit = 1; bit <= static_cast<std::uint32_t>(Right::Restart); bit <<= 1) {
      if (one == name_of(static_cast<Right>(bit))) out = out | Rights(bit);
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

// The value of a key that this room itself wrote with json_text or as a number.
std::optional<std::string> field(std::string_view line, std::string_view key) {
  const std::string mark = "\"" + std::string(key) + "\":";
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(at + mark.size());
  std::string out;
  if (rest.empty()) return std::nullopt;
  if (rest.front() != '"') {
    for (char c : rest) {
      if (c == ',' || c == '}') break;
      out.push_back(c);
    }
    return out;
  }
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') return out;
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    out.push_back(rest[i]);
  }
  return std::nullopt;
}

std::string file_stamp(std::int64_t unix_ms) {
  const std::time_t seconds_now = static_cast<std::time_t>(unix_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds_now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &utc);
  return text;
}

void purge(const FileJournalConfig& config, std::int64_t now_ms) {
  struct Old { fs::path path; fs::file_time_type time; std::uintmax_t size; };
  std::vector<Old> files;
  std::error_code ec;
  std::uintmax_t total = 0;
  for (const auto& entry : fs::directory_iterator(config.directory, ec)) {
    if (entry.path().extension() != ".jsonl") continue;
    std::error_code one;
    Old old{entry.path(), entry.last_write_time(one), entry.file_size(one)};
    if (one) continue;
    total += old.size;
    files.push_back(std::move(old));
  }
  std::sort(files.begin(), files.end(), [](const Old& a, const Old& b) { return a.time < b.time; });
  const auto cutoff = fs::file_time_type::clock::from_sys(std::chrono::time_point_cast<fs::file_time_type::clock::duration>(
                          std::chrono::sys_time<milliseconds>(milliseconds(now_ms)))) -
                      std::chrono::hours(24) * config.keep_days;
  for (const Old& old : files) {
    if (old.time >= cutoff && total <= config.keep_bytes) break;
    if (fs::remove(old.path, ec)) total -= old.size;
  }
}

}  // namespace

const char* name_of(ports::JournalKind kind) {
  switch (kind) {
    case ports::JournalKind::SessionBegan: return "session_began";
    case ports::JournalKind::PeerVerified: return "peer_verified";
    case ports::JournalKind::Asked: return "asked";
    case ports::JournalKind::Granted: return "granted";
    case ports::JournalKind::Refused: return "refused";
    case ports::JournalKind::Used: return "used";
    case ports::JournalKind::Revoked: return "revoked";
    case ports::JournalKind::Paused: return "paused";
    case ports::JournalKind::Resumed: return "resumed";
    case ports::JournalKind::ControlPaused: return "control_paused";
    case ports::JournalKind::InputRefused: return "input_refused";
    case ports::JournalKind::ChatSent: return "chat_sent";
    case ports::JournalKind::ChatReceived: return "chat_received";
    case ports::JournalKind::GuessSpent: return "guess_spent";
    case ports::JournalKind::SessionEnded: return "session_ended";
    case ports::JournalKind::Receipt: return "receipt";
    case ports::JournalKind::Hidden: return "hidden";
    case ports::JournalKind::PictureKept: return "picture_kept";
  }
  return "unknown";
}

struct FileJournal::Impl {
  FileJournalConfig config;
  const TimeSource& clock;
  std::optional<crypto::HashChain> chain;
  std::string path;

  std::mutex mutex;
  std::condition_variable wake;
  struct Order { enum class Kind { Open, Write, Close } kind; std::string text; };
  std::deque<Order> orders;
  bool quit = false, broken = false;
  std::function<void()> failed;
  std::thread thread;

  Impl(FileJournalConfig c, const TimeSource& t) : config(std::move(c)), clock(t) {}

  void put(Order order) {
    {
      std::lock_guard lock(mutex);
      orders.push_back(std::move(order));
    }
    wake.notify_one();
  }

  void disk_loop() {
    name_this_thread("disk");
    int fd = -1;
    bool told = false;
    const auto fail_once = [&](const char* what) {
      if (!told && config.failed) config.failed({ErrorKind::Environment, "journal", std::string(what) + ": " + std::strerror(errno)});
      if (std::exchange(told, true)) return;
      std::function<void()> tell;
      {
        std::lock_guard lock(mutex);
        broken = true;
        tell = failed;
      }
      if (tell) tell();
    };
    for (;;) {
      Order order;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return quit || !orders.empty(); });
        if (orders.empty()) break;
        order = std::move(orders.front());
        orders.pop_front();
      }
      switch (order.kind) {
        case Order::Kind::Open:
          if (fd >= 0) ::close(fd);
          purge(config, clock.unix_ms());
          fd = ::open(order.text.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
          if (fd < 0) fail_once("cannot make the journal file");
          break;
        case Order::Kind::Write: {
          std::string_view rest = order.text;
          while (fd >= 0 && !rest.empty()) {
            const ssize_t n = ::write(fd, rest.data(), rest.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) {
              fail_once("cannot write the journal");
              break;
            }
            rest.remove_prefix(static_cast<std::size_t>(n));
          }
          break;
        }
        case Order::Kind::Close:
          if (fd >= 0) {
            ::fdatasync(fd);
            ::close(fd);
          }
          fd = -1;
          break;
      }
    }
    if (fd >= 0) ::close(fd);
  }
};

FileJournal::FileJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([this] { impl_->disk_loop(); });
}

FileJournal::~FileJournal() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->quit = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

Result<std::unique_ptr<FileJournal>> FileJournal::open(FileJournalConfig config, const TimeSource& clock) {
  std::error_code ec;
  fs::create_directories(config.directory, ec);
  if (ec) return fail(ErrorKind::Environment, "journal/open", config.directory.string() + ": " + ec.message());
  fs::permissions(config.directory, fs::perms::owner_all, ec);
  return std::unique_ptr<FileJournal>(new FileJournal(std::make_unique<Impl>(std::move(config), clock)));
}

void FileJournal::begin(const std::string& session_id, const std::string& peer_name) {
  impl_->chain.emplace(session_id);
  const std::string name = file_stamp(impl_->clock.unix_ms()) + "-" + session_id.substr(0, 8) + session_id.substr(std::min<std::size_t>(session_id.size(), 30)) + ".jsonl";
  impl_->path = (impl_->config.directory / name).string();
  impl_->put({Impl::Order::Kind::Open, impl_->path});
  add({ports::JournalKind::SessionBegan, {}, session_id + (peer_name.empty() ? "" : " with " + peer_name)});
}

void FileJournal::add(const ports::JournalLine& line) {
  if (!impl_->chain) return;
  std::string record = "{\"n\":" + std::to_string(impl_->chain->count()) + ",\"at\":" + std::to_string(impl_->clock.unix_ms()) +
                       ",\"kind\":\"" + name_of(line.kind) + "\",\"rights\":\"" + rights_text(line.rights) +
                       "\",\"text\":" + json_text(line.text);
  const auto& head = impl_->chain->append(as_bytes(record));
  record += std::string(kHeadMark) + to_hex(head) + "\"}\n";
  impl_->put({Impl::Order::Kind::Write, std::move(record)});
}

std::array<std::uint8_t, 32> FileJournal::head() const {
  std::array<std::uint8_t, 32> out{};
  if (impl_->chain) std::copy_n(impl_->chain->head().begin(), 32, out.begin());
  return out;
}

std::array<std::uint8_t, 32> FileJournal::receipt(ByteSpan customer_head, ByteSpan operator_head) const {
  crypto::Sha256 hash;
  hash.update(as_bytes("beside/1 receipt"));
  hash.update(customer_head);
  hash.update(operator_head);
  const auto digest = hash.finish();
  std::array<std::uint8_t, 32> out{};
  std::copy_n(digest.begin(), 32, out.begin());
  return out;
}

std::uint64_t FileJournal::lines() const { return impl_->chain ? impl_->chain->count() : 0; }
void FileJournal::end() { impl_->put({Impl::Order::Kind::Close, {}}); }
void FileJournal::on_failure(std::function<void()> told) {
  bool now = false;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->failed = told;
    now = impl_->broken;
  }
  if (now && told) told();
}
std::string FileJournal::path() const { return impl_->path; }

std::vector<PastEntry> list_past(const fs::path& directory, std::size_t most) {
  std::vector<fs::path> files;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory, ec)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) { return a.filename() > b.filename(); });
  if (files.size() > most) files.resize(most);
  std::vector<PastEntry> out;
  for (const fs::path& file : files) {
    std::ifstream in(file);
    std::string line;
    PastEntry entry;
    entry.file = file;
    while (std::getline(in, line)) {
      const auto at = field(line, "at");
      const auto kind = field(line, "kind");
      if (!at || !kind) break;
      const std::int64_t stamp = std::strtoll(at->c_str(), nullptr, 10);
      if (entry.began_unix_ms == 0) entry.began_unix_ms = stamp;
      entry.ended_unix_ms = stamp;
      if (*kind == name_of(ports::JournalKind::SessionBegan)) entry.session_id = field(line, "text").value_or("");
      if (*kind == name_of(ports::JournalKind::PeerVerified)) entry.peer = field(line, "text").value_or("");
      if (*kind == name_of(ports::JournalKind::Used)) entry.used = entry.used | rights_from_text(field(line, "rights").value_or(""));
    }
    if (entry.began_unix_ms != 0) out.push_back(std::move(entry));
  }
  return out;
}

std::vector<JournalEntry> read_entries(const fs::path& file) {
  std::vector<JournalEntry> out;
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    const auto at = field(line, "at"), kind = field(line, "kind");
    if (!at || !kind) break;
    out.push_back({std::strtoll(at->c_str(), nullptr, 10), *kind, rights_from_text(field(line, "rights").value_or("")), field(line, "text").value_or("")});
  }
  return out;
}

Result<std::size_t> verify_journal(const fs::path& file) {
  std::ifstream in(file);
  if (!in) return fail(ErrorKind::Environment, "journal/verify", file.string() + " cannot be read");
  std::string line;
  std::size_t count = 0;
  std::optional<crypto::HashChain> chain;
  while (std::getline(in, line)) {
    const std::size_t mark = line.rfind(kHeadMark);
    const std::string at_line = "line " + std::to_string(count + 1);
    BS_PEER_CHECK(mark != std::string::npos, "journal/verify: a line without head");
    if (!chain) {
      std::string id = field(line, "text").value_or("");
      chain.emplace(id.substr(0, id.find(" with ")));
    }
    const auto& head = chain->append(as_bytes(std::string_view(line).substr(0, mark)));
    if (field(line, "head").value_or("") != to_hex(head)) {
      return fail(ErrorKind::PeerFault, "journal/verify: the chain breaks", at_line);
    }
    ++count;
  }
  return count;
}

}  // namespace beside::journal
