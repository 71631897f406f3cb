// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/geometry.h"

namespace beside::ports {
class Canvas;
}

namespace beside::shell {

// Where a picture has not been the customer's to the bit for so long that people should know. What becomes exact sooner
// (typing, a page that arrives in two steps) is never marked, so nothing flickers. Thread: main. No I/O.
class ExactMarks {
 public:
  static constexpr int kCell = 16;              // picture pixels, both ways: what a film owns and what is exact goes by them
  static constexpr milliseconds kPatience{400};
  // A new picture of this size, nothing of it exact.
  void reset(int width, int height, LocalTime now);
  // `changed`: where exactness may have changed (ports::Canvas::Changes::marks).
  void update(const ports::Canvas& canvas, std::span<const Rect> changed, LocalTime now);
  // Boxes round the groups of touching cells that are inexact by now, picture pixels; 32 at most, the largest first.
  std::vector<Rect> groups(LocalTime now) const;
  // When groups() changes though nothing happens; kNever if it does not.
  LocalTime next(LocalTime now) const;

 private:
  Rect cell(int column, int row) const;
  int width_ = 0, height_ = 0, columns_ = 0, rows_ = 0;
  std::vector<LocalTime> inexact_since_;        // kNever: exact
  std::size_t inexact_ = 0;                     // cells: while there is none, nobody looks at all of them
};

}  // namespace beside::shell
