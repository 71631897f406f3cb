// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/layout_book.h"

#include <algorithm>

namespace beside::capture {

DesktopLayout LayoutBook::observe(int width, int height, std::vector<MonitorInfo> monitors) {
  constexpr std::uint32_t kMost = 16;
  std::lock_guard lock(mutex_);
  for (auto& monitor : monitors) {
    auto known = ids_.find(monitor.name);
    if (known == ids_.end()) {
      std::uint32_t id = 1;
      const auto taken = [&](std::uint32_t wanted) {
        return std::any_of(ids_.begin(), ids_.end(), [&](const auto& e) { return e.second == wanted; });
      };
      while (id <= kMost && taken(id)) ++id;
      if (id > kMost) {
        // All ids were given to names seen so far: a name that is not connected now gives its up.
        const auto gone = std::find_if(ids_.begin(), ids_.end(), [&](const auto& e) {
          return std::none_of(monitors.begin(), monitors.end(), [&](const auto& m) { return m.name == e.first; });
        });
        if (gone == ids_.end()) {
          monitor.id = 0;
          continue;
        }
        id = gone->second;
        ids_.erase(gone);
      }
      known = ids_.emplace(monitor.name, id).first;
    }
    monitor.id = known->second;
  }
  std::erase_if(monitors, [](const MonitorInfo& m) { return m.id == 0; });
  std::sort(monitors.begin(), monitors.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  if (current_.generation == 0 || current_.width != width || current_.height != height ||
      current_.monitors != monitors) {
    ++current_.generation;
    current_.width = width;
    current_.height = height;
    current_.monitors = std::move(monitors);
  }
  return current_;
}

DesktopLayout LayoutBook::current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace beside::capture
