// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/headless/player.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace beside::headless {
namespace {

constexpr auto kQuitPatience = 5s;
constexpr int kUsualPatienceMs = 10'000;
constexpr std::size_t kLongestLine = 1u << 20;

}  // namespace

Player::Player() : wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Player::~Player() { ::close(wake_fd_); }

void Player::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_fd_, &one, sizeof one);
}

void Player::emit(json event) {
  event["t_us"] = to_us(local_now());
  // Text of people may be cut in the middle of a character by a limit; an event must be valid UTF-8 all the same.
  std::puts(event.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

void Player::changed(std::uint32_t session, const json& now) {
  json& before = told_[session];
  for (const auto& [key, value] : now.items()) {
    const auto old = before.find(key);
    if (old != before.end() && *old == value) continue;
    json event = {{"event", key}, {"value", value}};
    if (session != 0) event["session"] = session;
    emit(std::move(event));
  }
  before = now;
}

std::uint32_t Player::session_of(const json& step) const { return step.value("session", 0u); }

void Player::fail(int status, const std::string& why) {
  emit({{"event", "failed"}, {"why", why}});
  status_ = std::max(status_, status);
  steps_.clear();
  wait_.reset();
  script_over_ = true;
}

bool Player::read_script() {
  char piece[4096];
  const ssize_t got = ::read(STDIN_FILENO, piece, sizeof piece);
  if (got <= 0) return false;
  unread_.append(piece, static_cast<std::size_t>(got));
  for (std::size_t end; (end = unread_.find('\n')) != std::string::npos; unread_.erase(0, end + 1)) {
    const std::string line = unread_.substr(0, end);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    json step = json::parse(line, nullptr, false);
    if (!step.is_object() || !step.contains("do")) {
      fail(2, "no step: " + line);
      return false;
    }
    steps_.push_back(std::move(step));
  }
  if (unread_.size() > kLongestLine) {
    fail(2, "a line of more than 1 MiB");
    return false;
  }
  return true;
}

// {"do":"wait_for","event":"granted","has":["see"]}: the key's value is now, or becomes, as told: equal to "value", an
// array with all of "has", or a number of at least "min"; with none of these it only must be there and not be null.
// "key" looks at a member of the value.
bool Player::fulfilled(const json& step) const {
  const auto state = told_.find(session_of(step));
  if (state == told_.end()) return false;
  auto at = state->second.find(step.value("event", std::string()));
  if (at == state->second.end()) return false;
  json value = *at;
  if (step.contains("key")) value = value.is_object() && value.contains(step["key"]) ? value[step["key"].get<std::string>()] : json();
  if (step.contains("value")) return value == step["value"];
  if (step.contains("not")) return !(value == step["not"]);
  if (step.contains("min")) return value.is_number() && value >= step["min"];
  if (step.contains("has")) {
    return value.is_array() && std::all_of(step["has"].begin(), step["has"].end(), [&](const json& one) {
             return std::find(value.begin(), value.end(), one) != value.end();
           });
  }
  return !value.is_null();
}

void Player::take(const json& step) {
  const std::string what = step.value("do", std::string());
  if (what == "wait_for") {
    wait_ = Wait{step, local_now() + milliseconds(step.value("timeout_ms", kUsualPatienceMs))};
  } else if (what == "wait") {   // for benchmarks that measure over a time
    wait_ = Wait{step, local_now() + milliseconds(step.value("ms", 0))};
  } else if (what == "mark") {
    emit({{"event", "mark"}, {"name", step.value("name", std::string())}});
  } else if (what == "quit") {
    script_over_ = true;
    steps_.clear();
  } else if (const std::string why = act(what, step); !why.empty()) {
    fail(2, what + ": " + why);
  }
}

void Player::next_steps() {
  for (;;) {
    if (wait_) {
      const bool timed = wait_->step["do"] == "wait";
      const bool late = local_now() >= wait_->until;
      if (!(timed ? late : fulfilled(wait_->step))) {
        if (timed || !late) return;
        if (!wait_->step.value("optional", false)) return fail(1, "waited in vain: " + wait_->step.dump());
      }
      if (!timed) emit({{"event", late ? "waited_in_vain" : "waited"}, {"for", wait_->step.value("event", std::string())}});
      wait_.reset();
    }
    if (steps_.empty()) return;
    const json step = std::move(steps_.front());
    steps_.pop_front();
    try {
      take(step);
    } catch (const json::exception& e) {   // a value of another type than the step needs
      fail(2, step.dump() + ": " + e.what());
    }
    look();
  }
}

int Player::run() {
  while (!has_quit()) {
    look();
    next_steps();
    if (script_over_ && steps_.empty() && !wait_ && !quitting_) {
      quitting_ = true;
      quit_until_ = local_now() + kQuitPatience;
      quit();
    }
    if (quitting_ && local_now() >= quit_until_) break;
    const LocalTime until = std::min(wait_ ? wait_->until : kNever, quit_until_);
    int timeout_ms = -1;
    if (until != kNever) timeout_ms = static_cast<int>(std::clamp<std::int64_t>((until - local_now()) / 1ms + 1, 0, 60'000));
    pollfd ready[2] = {{wake_fd_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (::poll(ready, script_over_ ? 1 : 2, timeout_ms) < 0) continue;
    std::uint64_t count = 0;
    if (ready[0].revents != 0) (void)!::read(wake_fd_, &count, sizeof count);
    if (!script_over_ && ready[1].revents != 0 && !read_script()) script_over_ = true;
  }
  look();
  emit({{"event", "quit"}, {"status", status_}});
  return status_;
}

}  // namespace beside::headless
