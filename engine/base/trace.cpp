// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/trace.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <mutex>
#include <string>

#include "engine/base/log.h"

namespace beside::trace {
namespace {

constexpr std::size_t kMostWaiting = 32 * 1024;        // bytes of one thread
constexpr auto kLongestWait = 1s;
constexpr std::int64_t kLargestFile = 256LL << 20;

std::atomic<bool> g_on{false};

// The one file. Between two writes it is a whole JSON array: each begins over the bracket that closed it.
class File {
 public:
  bool open(const std::string& path) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd_ >= 0;
  }
  void add(const std::string& events) {
    std::lock_guard lock(mutex_);
    if (fd_ < 0 || events.empty()) return;
    const std::string text = (end_ == 0 ? "[\n" : ",\n") + events + "\n]\n";
    const bool whole = pwrite(fd_, text.data(), text.size(), end_) == static_cast<ssize_t>(text.size());
    if (whole) end_ += static_cast<std::int64_t>(text.size()) - 3;
    if (whole && end_ < kLargestFile) return;
    g_on = false;
    BS_LOG(Warn, "trace", "the trace ends here: {}", whole ? "it has 256 MiB" : std::strerror(errno));
    close(fd_);
    fd_ = -1;
  }

 private:
  std::mutex mutex_;
  int fd_ = -1;
  std::int64_t end_ = 0;   // where the closing "\n]\n" begins
};

// Never taken down: threads may end after main() has.
File& file() {
  static File* one = new File;
  return *one;
}

class Waiting {
 public:
  ~Waiting() { file().add(text_); }
  template <typename... Args>
  void add(LocalTime at, fmt::format_string<Args...> format, Args&&... args) {
    if (text_.empty()) first_ = at;
    if (!named_) name_thread();
    if (!text_.empty()) text_ += ",\n";
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    if (text_.size() < kMostWaiting && local_now() - first_ < kLongestWait) return;
    file().add(text_);
    text_.clear();
  }

 private:
  void name_thread() {
    named_ = true;
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    for (char& c : name)
      if (c != '\0' && (c < ' ' || c > '~' || c == '"' || c == '\\')) c = '?';
    fmt::format_to(std::back_inserter(text_), R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"{}"}}}})", getpid(), gettid(), name);
  }

  std::string text_;
  LocalTime first_{};
  bool named_ = false;
};

Waiting& waiting() {
  static thread_local Waiting one;
  return one;
}

double us(nanoseconds span) { return static_cast<double>(span.count()) / 1000.0; }
std::string of_number(std::int64_t number) { return number < 0 ? std::string() : fmt::format(R"(,"args":{{"number":{}}})", number); }

}  // namespace

void open(std::string_view program) {
  const char* folder = std::getenv("BESIDE_TRACE");
  if (folder == nullptr || *folder == '\0') return;
  const std::string path = fmt::format("{}/beside-{}-{}.json", folder, program, getpid());
  if (!file().open(path)) {
    BS_LOG(Warn, "trace", "cannot write {}: {}", path, std::strerror(errno));
    return;
  }
  file().add(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"tid":0,"args":{{"name":"{}"}}}})", getpid(), program));
  g_on = true;
}

bool on() { return g_on.load(std::memory_order_relaxed); }

void span(const char* name, LocalTime from, LocalTime to, std::int64_t number) {
  if (!on()) return;
  waiting().add(to, R"({{"ph":"X","name":"{}","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f}{}}})", name, getpid(), gettid(),
                us(from.time_since_epoch()), us(to - from), of_number(number));
}

void step(const char* line, const char* name, LocalTime from, LocalTime to, std::int64_t number) {
  if (!on()) return;
  // One track for each category, id and process; steps of one number follow each other, other numbers may overlap them.
  waiting().add(to, R"({{"ph":"b","cat":"{0}","name":"{1}","id":{2},"pid":{3},"tid":{4},"ts":{5:.3f}}},
{{"ph":"e","cat":"{0}","name":"{1}","id":{2},"pid":{3},"tid":{4},"ts":{6:.3f}}})",
                line, name, number, getpid(), gettid(), us(from.time_since_epoch()), us(std::max(from, to).time_since_epoch()));
}

void value(const char* name, LocalTime at, double value) {
  if (!on()) return;
  waiting().add(at, R"({{"ph":"C","name":"{}","pid":{},"ts":{:.3f},"args":{{"value":{}}}}})", name, getpid(), us(at.time_since_epoch()), value);
}

}  // namespace beside::trace
