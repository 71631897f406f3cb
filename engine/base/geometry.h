// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace beside {

// Pixels; x and y grow to the right and down. Empty when a side is zero or less.
struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
  constexpr bool operator==(const Rect&) const = default;
  constexpr bool empty() const { return width <= 0 || height <= 0; }
  constexpr int right() const { return x + width; }
  constexpr int bottom() const { return y + height; }
  constexpr bool contains(int px, int py) const { return px >= x && py >= y && px < right() && py < bottom(); }
  constexpr Rect clipped_to(const Rect& o) const {
    const int l = std::max(x, o.x), t = std::max(y, o.y);
    const int r = std::min(right(), o.right()), b = std::min(bottom(), o.bottom());
    return r > l && b > t ? Rect{l, t, r - l, b - t} : Rect{};
  }
  constexpr Rect united_with(const Rect& o) const {
    if (empty()) return o;
    if (o.empty()) return *this;
    const int l = std::min(x, o.x), t = std::min(y, o.y);
    return {l, t, std::max(right(), o.right()) - l, std::max(bottom(), o.bottom()) - t};
  }
};

struct MonitorInfo {
  std::uint32_t id = 0;  // 1..16; 0 means the whole desktop wherever a monitor is chosen
  Rect area;             // root pixels
  std::string name;
  bool primary = false;
  bool operator==(const MonitorInfo&) const = default;
};

// How the desktop is laid out. Pointer positions name the generation they were aimed at; input for an older generation
// is dropped.
struct DesktopLayout {
  std::uint32_t generation = 0;
  int width = 0, height = 0;
  std::vector<MonitorInfo> monitors;
  bool operator==(const DesktopLayout&) const = default;
};

}  // namespace beside
