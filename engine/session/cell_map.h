// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/geometry.h"

namespace beside::session {

// What the sender believes of each cell of 16x16 pixels at the viewer's, if all arrives that was sent: the same rules as
// ports::Canvas, so that both agree on which cells are exact. A cell is in one of three states:
//
//   exact | stale | means
//   ------+-------+--------------------------------------------------------------------------
//   yes   | no    | clean: the viewer has the shadow's pixels; copies may read it
//   no    | no    | lossy: the viewer has a coarse picture or video of it
//   any   | yes   | nobody knows what the viewer has: nothing was sent, or it was lost
//
// Dirty says that the shadow may differ from the newest frame, whatever the viewer has of the shadow.
// Thread: the owner's. Failure: none; rectangles are cut to the picture.
class CellMap {
 public:
  static constexpr int kCell = 16;
  static constexpr std::uint8_t kExact = 1, kStale = 2, kDirty = 4;

  void reset(int width, int height);       // all stale
  int columns() const { return columns_; }
  int rows() const { return rows_; }
  Rect picture() const { return {0, 0, width_, height_}; }
  std::size_t index(int cx, int cy) const { return static_cast<std::size_t>(cy) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(cx); }
  Rect cell(int cx, int cy) const { return Rect{cx * kCell, cy * kCell, kCell, kCell}.clipped_to(picture()); }
  // The cells that `area` touches, as a rectangle of pixels within the picture.
  Rect grown(const Rect& area) const;
  Rect cells_of(const Rect& area) const;   // the same in cells

  std::uint8_t at(int cx, int cy) const { return flags_[index(cx, cy)]; }
  std::uint8_t owner(int cx, int cy) const { return owners_[index(cx, cy)]; }
  bool clean(const Rect& area) const;      // every cell that it touches: exact, not stale, no video's
  bool owned(const Rect& area) const;      // some cell that it touches is a video's
  Rect owned_part(const Rect& area) const; // of the cells that it touches, around those that are a video's
  void set(const Rect& area, std::uint8_t flag);     // on every cell that it touches
  void clear(const Rect& area, std::uint8_t flag);
  void set_stale(std::size_t index) { flags_[index] |= kStale; }

  // What was sent.
  void write(const Rect& area, bool exact);
  void copy(const Rect& from, int x, int y);
  void give(const Rect& area, std::uint8_t owner);   // to a video stream (its pixels are then lossy), or back to nobody (0)

 private:
  int width_ = 0, height_ = 0, columns_ = 0, rows_ = 0;
  std::vector<std::uint8_t> flags_, owners_;
};

}  // namespace beside::session
