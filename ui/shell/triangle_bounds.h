// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <imgui.h>

#include <algorithm>
#include <cmath>

#include "engine/base/geometry.h"

namespace beside::shell {

// The pixels that a box of the window touches, those that it touches in part as well.
inline Rect around(float left, float top, float right, float bottom) {
  const int x = static_cast<int>(std::floor(left)), y = static_cast<int>(std::floor(top));
  return {x, y, static_cast<int>(std::ceil(right)) - x, static_cast<int>(std::ceil(bottom)) - y};
}

struct Bounds {
  float left = 1e9F, top = 1e9F, right = -1e9F, bottom = -1e9F;
};
// Of the triangle whose first index is the command's `first`; `each` sees its three corners.
template <typename Fn>
Bounds bounds_of(const ImDrawList& list, const ImDrawCmd& command, unsigned first, Fn&& each) {
  Bounds out;
  for (unsigned k = 0; k < 3; ++k) {
    const ImDrawIdx index = list.IdxBuffer[static_cast<int>(command.IdxOffset + first + k)];
    const ImDrawVert& v = list.VtxBuffer[static_cast<int>(command.VtxOffset + index)];
    out.left = std::min(out.left, v.pos.x);
    out.top = std::min(out.top, v.pos.y);
    out.right = std::max(out.right, v.pos.x);
    out.bottom = std::max(out.bottom, v.pos.y);
    each(v);
  }
  return out;
}

}  // namespace beside::shell
