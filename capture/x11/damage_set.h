// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/geometry.h"

namespace beside::capture {

// Rectangles that a server reported, kept few: new ones are united with one they touch or that costs little.
class DamageSet {
 public:
  explicit DamageSet(std::size_t most = 32) : most_(most) {}
  void add(const Rect& rect);
  void clear() { rects_.clear(); }
  bool empty() const { return rects_.empty(); }
  const std::vector<Rect>& rects() const { return rects_; }
  std::int64_t area() const;
  // Boxes to grab, not overlapping, `most_boxes` at most: what belongs together comes in one box, so that one update
  // is never torn between two requests.
  std::vector<Rect> boxes(const Rect& bounds, std::size_t most_boxes = 8) const;

 private:
  std::size_t most_;
  std::vector<Rect> rects_;
};

constexpr int kTile = 64;

// What really differs between `now` and `before` within `box` (picture coordinates). `now` points at the box's first
// pixel, `before` at the picture's. Tiles lie on the picture's grid; each gives at most one rectangle, shrunk to the
// pixels that differ or, where much is drawn anew and whoever gets it looks closer, as the box has it, which ends at the
// first row that differs. The rectangles do not overlap.
enum class Shrink : bool { No, Yes };
std::vector<Rect> compare_tiles(const std::uint8_t* now, std::ptrdiff_t now_stride, const std::uint8_t* before,
                                std::ptrdiff_t before_stride, const Rect& box, Shrink shrink = Shrink::Yes);

// Joins neighbours and keeps at most `most` rectangles that still do not overlap (wider ones where there are too many).
// The input is what compare_tiles gave for boxes that do not overlap.
std::vector<Rect> join_tiles(std::vector<Rect> rects, std::size_t most = 64);

}  // namespace beside::capture
