// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace beside::log {

enum class Level { Debug, Info, Warn, Error };

// Opens the process log: stderr, and `file` as well when it is not empty (10 MiB, three old files kept). Call once,
// before threads start; without it warnings and errors go to stderr. BESIDE_LOG=debug, info, warn or error in the environment
// takes the place of `level`.
void open(Level level, std::string_view file = {});
void set_level(Level level);
bool enabled(Level level);
// Writes "time level [tag] text". Any thread. Never call it per packet, and never with secrets, typed text, screen
// content or file names in `text`.
void write(Level level, std::string_view tag, std::string_view text);
void vwrite(Level level, std::string_view tag, fmt::string_view format, fmt::format_args args);

// True at most once a second for each call site; `suppressed` then holds how many were swallowed before.
class RateLimit {
 public:
  bool pass(unsigned& suppressed);

 private:
  long long last_ms_ = -1'000'000;
  unsigned swallowed_ = 0;
};

}  // namespace beside::log

#define BS_LOG(level, tag, ...)                                                                            \
  do {                                                                                                     \
    if (::beside::log::enabled(::beside::log::Level::level))                                               \
      ::beside::log::write(::beside::log::Level::level, (tag), ::fmt::format(__VA_ARGS__));                \
  } while (false)

// For lines that a peer can provoke: at most one a second from this place and thread.
#define BS_LOG_LIMITED(level, tag, ...)                                                                    \
  do {                                                                                                     \
    static thread_local ::beside::log::RateLimit bs_limit;                                                 \
    unsigned bs_suppressed = 0;                                                                            \
    if (::beside::log::enabled(::beside::log::Level::level) && bs_limit.pass(bs_suppressed))               \
      ::beside::log::write(::beside::log::Level::level, (tag), ::fmt::format(__VA_ARGS__));                \
  } while (false)
