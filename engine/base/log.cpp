// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

namespace beside::log {
namespace {

spdlog::level::level_enum native(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warn: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::atomic<int> g_level{static_cast<int>(Level::Warn)};

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("beside", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return instance;
}

}  // namespace

void open(Level level, std::string_view file) {
  const char* wanted = std::getenv("BESIDE_LOG");
  const std::string_view word = wanted == nullptr ? "" : wanted;
  set_level(word == "debug"   ? Level::Debug
            : word == "info"  ? Level::Info
            : word == "warn"  ? Level::Warn
            : word == "error" ? Level::Error
                              : level);
  if (file.empty()) return;
  try {
    logger()->sinks().push_back(
        std::make_shared<spdlog::sinks::rotating_file_sink_mt>(std::string(file), 10u << 20, 3));
    logger()->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  } catch (const spdlog::spdlog_ex& e) {
    logger()->error("[log] cannot write the log file: {}", e.what());
  }
}

void set_level(Level level) { g_level.store(static_cast<int>(level), std::memory_order_relaxed); }
bool enabled(Level level) { return static_cast<int>(level) >= g_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view tag, std::string_view text) {
  logger()->log(native(level), "[{}] {}", tag, text);
}

void vwrite(Level level, std::string_view tag, fmt::string_view format, fmt::format_args args) {
  write(level, tag, fmt::vformat(format, args));
}

bool RateLimit::pass(unsigned& suppressed) {
  using namespace std::chrono;
  const long long now = duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  if (now - last_ms_ < 1000) {
    ++swallowed_;
    return false;
  }
  last_ms_ = now;
  suppressed = std::exchange(swallowed_, 0);
  return true;
}

}  // namespace beside::log
