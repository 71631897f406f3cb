// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/locator_pool.h"

#include <algorithm>
#include <cstdint>

namespace beside::relay {
namespace {
constexpr std::size_t kFewest = 3, kMost = 9;
}

bool LocatorPool::well_formed(std::string_view locator) {
  return locator.size() >= kFewest && locator.size() <= kMost &&
         std::all_of(locator.begin(), locator.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string LocatorPool::allocate(const std::string& session_id) {
  std::uint64_t range = 1000;
  for (std::size_t n = kFewest; n <= kMost; ++n, range *= 10) {
    if ((digits_[n].live + 1) * 10 > range || (digits_[n].taken + 1) * 2 > range) continue;
    // At least half of the range is free: 64 draws fail together once in 2^64.
    for (int draw = 0; draw < 64; ++draw) {
      std::uint64_t number = 0;
      std::uint8_t raw[8] = {};
      random_(raw);
      for (std::uint8_t byte : raw) number = number << 8 | byte;
      std::string locator = std::to_string(number % range);
      locator.insert(0, n - locator.size(), '0');
      if (!entries_.try_emplace(locator, Entry{State::Live, session_id, kNever}).second) continue;
      ++digits_[n].live;
      ++digits_[n].taken;
      return locator;
    }
  }
  return {};
}

bool LocatorPool::restore(const std::string& locator, const std::string& session_id) {
  if (!well_formed(locator)) return false;
  if (!entries_.try_emplace(locator, Entry{State::Live, session_id, kNever}).second) return false;
  ++digits(locator).live;
  ++digits(locator).taken;
  return true;
}

LocatorPool::Found LocatorPool::find(std::string_view locator) const {
  const auto it = entries_.find(std::string(locator));
  if (it == entries_.end()) return {};
  return {it->second.state, it->second.session_id};
}

void LocatorPool::retire(std::string_view locator, State as, LocalTime now) {
  const auto it = entries_.find(std::string(locator));
  if (it == entries_.end()) return;
  if (it->second.state == State::Live) --digits(locator).live;
  it->second.state = as;
  it->second.forget_at = now + remember_;
}

void LocatorPool::retire_of(std::string_view locator, std::string_view session_id, State as, LocalTime now) {
  const auto it = entries_.find(std::string(locator));
  if (it == entries_.end() || it->second.session_id != session_id || it->second.state != State::Live) return;
  retire(locator, as, now);
}

void LocatorPool::revive(std::string_view locator) {
  const auto it = entries_.find(std::string(locator));
  if (it == entries_.end() || it->second.state == State::Live) return;
  it->second.state = State::Live;
  it->second.forget_at = kNever;
  ++digits(locator).live;
}

void LocatorPool::sweep(LocalTime now) {
  std::erase_if(entries_, [&](const auto& e) {
    if (e.second.forget_at > now) return false;
    --digits_[e.first.size()].taken;
    return true;
  });
}

std::size_t LocatorPool::live() const {
  std::size_t sum = 0;
  for (const Digits& d : digits_) sum += d.live;
  return sum;
}

}  // namespace beside::relay
