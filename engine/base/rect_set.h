// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "engine/base/geometry.h"

namespace beside {

// The least rectangle around `r` whose sides lie on a grid of so many pixels from (0, 0) on. Not for what lies left of it or above.
inline Rect aligned_out(const Rect& r, int grid) {
  const int left = r.x / grid * grid, top = r.y / grid * grid;
  return {left, top, (r.right() + grid - 1) / grid * grid - left, (r.bottom() + grid - 1) / grid * grid - top};
}

// Takes `hole` out of rectangles that do not overlap; what is left does not overlap either. Each that is hit becomes up to
// four: above, below, left, right.
inline void subtract(std::vector<Rect>& parts, const Rect& hole) {
  std::vector<Rect> left;
  for (const Rect& part : parts) {
    const Rect hit = part.clipped_to(hole);
    if (hit.empty()) {
      left.push_back(part);
      continue;
    }
    const Rect pieces[] = {
        {part.x, part.y, part.width, hit.y - part.y},
        {part.x, hit.bottom(), part.width, part.bottom() - hit.bottom()},
        {part.x, hit.y, hit.x - part.x, hit.height},
        {hit.right(), hit.y, part.right() - hit.right(), hit.height},
    };
    for (const Rect& piece : pieces) {
      if (!piece.empty()) left.push_back(piece);
    }
  }
  parts = std::move(left);
}

// Leaves out what lies wholly within another one of the list; the order of what stays is kept.
inline void drop_covered(std::vector<Rect>& rects) {
  std::vector<Rect> kept;
  for (std::size_t i = 0; i < rects.size(); ++i) {
    bool covered = rects[i].empty();
    for (std::size_t j = 0; j < rects.size() && !covered; ++j)
      covered = j != i && rects[i].clipped_to(rects[j]) == rects[i] && (rects[j] != rects[i] || j < i);
    if (!covered) kept.push_back(rects[i]);
  }
  rects = std::move(kept);
}

// Adds a rectangle to some that do not overlap: what it touches is united with it, and beyond `most` everything is one.
inline void add_united(std::vector<Rect>& rects, Rect area, std::size_t most = 64) {
  if (area.empty()) return;
  for (std::size_t i = 0; i < rects.size();) {
    if (rects[i].clipped_to(area).empty()) {
      ++i;
      continue;
    }
    area = area.united_with(rects[i]);
    rects[i] = rects.back();
    rects.pop_back();
    i = 0;   // the grown one may touch others
  }
  rects.push_back(area);
  if (rects.size() <= most) return;
  for (const Rect& r : rects) area = area.united_with(r);
  rects.assign(1, area);
}

}  // namespace beside
