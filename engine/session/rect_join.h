// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/geometry.h"

namespace beside::session {

// Pixels of all of them; where they lie on each other each counts.
std::int64_t area_of(std::span<const Rect> rects);
// Unites rectangles where that adds few pixels (a quarter and 64), or none if `strict`: fewer pieces code better. What comes
// out covers what went in and may overlap. For some dozens of rectangles: the cost grows with their square.
void join_rects(std::vector<Rect>& rects, bool strict = false);
// An order in which pieces that do not overlap can be moved by (dx, dy) one after the other without writing over a piece that
// is still to be read. There always is one for rectangles and one direction.
std::vector<Rect> order_for_move(std::vector<Rect> parts, int dx, int dy);

}  // namespace beside::session
