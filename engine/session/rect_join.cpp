// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/rect_join.h"

#include <cstdint>

namespace beside::session {

std::int64_t area_of(std::span<const Rect> rects) {
  std::int64_t sum = 0;
  for (const Rect& r : rects) sum += std::int64_t{r.width} * r.height;
  return sum;
}

void join_rects(std::vector<Rect>& rects, bool strict) {
  const auto area = [](const Rect& r) { return std::int64_t{r.width} * r.height; };
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = 0; i < rects.size(); ++i) {
      for (std::size_t j = i + 1; j < rects.size();) {
        const Rect both = rects[i].united_with(rects[j]);
        const std::int64_t sum = area(rects[i]) + area(rects[j]);
        if (area(both) > (strict ? sum : sum + sum / 4 + 64)) {
          ++j;
          continue;
        }
        rects[i] = both;
        rects[j] = rects.back();
        rects.pop_back();
        again = true;
      }
    }
  }
}

std::vector<Rect> order_for_move(std::vector<Rect> parts, int dx, int dy) {
  std::vector<Rect> out;
  out.reserve(parts.size());
  while (!parts.empty()) {
    std::size_t chosen = parts.size() - 1;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Rect to{parts[i].x + dx, parts[i].y + dy, parts[i].width, parts[i].height};
      bool free = true;
      for (std::size_t j = 0; j < parts.size() && free; ++j) free = i == j || to.clipped_to(parts[j]).empty();
      if (!free) continue;
      chosen = i;
      break;
    }
    out.push_back(parts[chosen]);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  return out;
}

}  // namespace beside::session
