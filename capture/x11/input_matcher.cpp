// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/input_matcher.h"

namespace beside::capture {
namespace {
constexpr auto kLapse = 1s;
}

void InputMatcher::expect(RawKind kind, std::uint32_t detail, LocalTime now) { expected_.push_back({kind, detail, now}); }

void InputMatcher::all_read(LocalTime now) {
  while (!expected_.empty() && now - expected_.front().at > kLapse) expected_.pop_front();
}

bool InputMatcher::is_ours(RawKind kind, std::uint32_t detail, bool from_xtest_device) {
  if (!from_xtest_device) return false;
  std::size_t at = 0;
  if (kind != RawKind::Motion)
    while (at < expected_.size() && expected_[at].kind == RawKind::Motion) ++at;
  if (at >= expected_.size() || expected_[at].kind != kind) return false;
  if (kind != RawKind::Motion && expected_[at].detail != detail) return false;
  expected_.erase(expected_.begin(), expected_.begin() + static_cast<std::ptrdiff_t>(at + 1));
  return true;
}

bool StopKeys::pressed(bool is_escape, LocalTime now) {
  if (!is_escape) {
    presses_.clear();  // Esc, a letter, Esc, Esc is typing, not a call for help
    return false;
  }
  presses_.push_back(now);
  while (now - presses_.front() > 1s) presses_.pop_front();
  if (presses_.size() < 3) return false;
  presses_.clear();
  return true;
}

}  // namespace beside::capture
