// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/throttle.h"

#include <algorithm>

namespace beside::relay {

bool Throttle::stale(const Entry& entry, LocalTime now) const {
  if (entry.blocked_until > now) return false;
  if (entry.doublings == 0) return now - entry.window_start >= rule_.window;
  return now - std::max(entry.last, entry.blocked_until) >= rule_.forget;
}

nanoseconds Throttle::wait(std::string_view key, LocalTime now) const {
  const auto it = entries_.find(std::string(key));
  if (it == entries_.end() || it->second.blocked_until <= now) return nanoseconds(0);
  return it->second.blocked_until - now;
}

void Throttle::charge(std::string_view key, LocalTime now) {
  if (entries_.size() >= rule_.most_keys) {
    sweep(now);
    // Still full: forget one that waits for nothing; when all wait, whichever comes first. The bound on memory counts
    // for more than one key's memory.
    if (entries_.size() >= rule_.most_keys) {
      auto idle = std::find_if(entries_.begin(), entries_.end(),
                               [&](const auto& e) { return e.second.blocked_until <= now; });
      entries_.erase(idle == entries_.end() ? entries_.begin() : idle);
    }
  }
  Entry& entry = entries_.try_emplace(std::string(key), Entry{now, {}, now, 0, 0}).first->second;
  if (stale(entry, now)) entry = Entry{now, {}, now, 0, 0};
  if (entry.doublings == 0 && now - entry.window_start >= rule_.window) {
    entry.window_start = now;
    entry.tries = 0;
  }
  entry.last = now;
  if (++entry.tries < rule_.free_tries) return;
  nanoseconds delay = rule_.first_delay;
  for (unsigned i = 0; i < entry.doublings && delay < rule_.longest_delay; ++i) delay *= 2;
  entry.blocked_until = now + std::min(delay, rule_.longest_delay);
  ++entry.doublings;
}

void Throttle::forgive(std::string_view key) { entries_.erase(std::string(key)); }

void Throttle::sweep(LocalTime now) {
  std::erase_if(entries_, [&](const auto& e) { return stale(e.second, now); });
}

}  // namespace beside::relay
