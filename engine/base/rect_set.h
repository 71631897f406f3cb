// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <utility>
#include <vector>

#include "engine/base/geometry.h"

namespace beside {

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

}  // namespace beside
