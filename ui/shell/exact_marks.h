// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/geometry.h"

namespace beside::ports {
class Canvas;
}

namespace beside::shell {

constexpr float kMarkDiameter = 9;              // pixels at scale 1
// Whether so much of a box is to be seen that a mark of this diameter belongs to it and to nothing beside it; window pixels.
constexpr bool mark_fits(int width, int height, int diameter) {
  return std::min(width, height) >= diameter + diameter / 3 && std::max(width, height) >= 2 * diameter;
}

// Where a picture has not been the customer's to the bit for so long that people should know. What becomes exact sooner
// (a page that arrives in two steps) is never marked, so nothing flickers. Thread: any, one at a time. No I/O.
class ExactMarks {
 public:
  static constexpr int kCell = 16;              // picture pixels, both ways: what a film owns and what is exact goes by them
  static constexpr milliseconds kPatience{100}; // what is blurred on purpose (a slow line's page) stays so for longer
  static constexpr int kFarthest = 640;         // picture pixels: a mark stands no farther from what it is for
  // A new picture of this size, nothing of it exact.
  void reset(int width, int height, LocalTime now);
  // `changed`: where exactness may have changed (ports::Canvas::Changes::marks).
  void update(const ports::Canvas& canvas, std::span<const Rect> changed, LocalTime now);
  // Boxes round cells that are inexact by now, picture pixels; 48 at most, the largest first. Cells that touch share a box, as long
  // as three quarters of it are inexact or it is small, and no side is longer than kFarthest: a mark in its corner is the box's.
  // Only looked for where one cell became exact or not, or has been inexact for long enough, since they were last.
  const std::vector<Rect>& groups(LocalTime now);
  // When groups() changes though nothing happens; kNever if it does not.
  LocalTime next(LocalTime now);

 private:
  Rect cell(int column, int row) const;
  void look(LocalTime now);
  void add_boxes(std::span<int> cells, std::vector<Rect>& boxes) const;
  int width_ = 0, height_ = 0, columns_ = 0, rows_ = 0;
  std::vector<LocalTime> inexact_since_;        // kNever: exact
  std::size_t inexact_ = 0;                     // cells: while there is none, nobody looks at all of them
  std::vector<Rect> groups_;                    // as looked for last
  bool outdated_ = true;                        // they are
  LocalTime next_ = kNever;                     // when they will be
};

}  // namespace beside::shell
