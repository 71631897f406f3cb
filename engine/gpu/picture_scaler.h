// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/ports/frame.h"

namespace beside::gpu {

// The CPU twin of drawing a picture: the same filters as shaders/picture.frag (none at 1:1, sharp bilinear when enlarging,
// the mean of the covered area when reducing), for single rectangles, so that a small change costs little.
// Destination pixel i of a side shows source positions i / scale to (i + 1) / scale.
// Thread: one owner (scale() uses scratch memory). No failure: sides below 1 count as 1.
class PictureScaler {
 public:
  PictureScaler(int source_width, int source_height, float scale);   // scale: destination pixels per source pixel, above 0

  int width() const { return width_; }    // of the whole scaled picture: source side times scale, rounded, at least 1
  int height() const { return height_; }
  bool exact() const { return exact_; }   // 1:1, pixels are copied
  // The destination pixels that depend on `source`; empty when that lies outside of the picture.
  Rect affected(const Rect& source) const;
  // Writes the destination pixels of `area` (cut to the scaled picture; `out` is where its top left corner goes), B, G, R
  // and an undefined byte each, rows `stride` bytes apart. `source` has the size that the scaler was made for.
  void scale(const ports::PixelBuffer& source, const Rect& area, std::uint8_t* out, std::ptrdiff_t stride);

 private:
  // One destination pixel of one axis: `count` source pixels from `first`, their weights from `weights` on.
  struct Tap {
    int first = 0, count = 0;
    std::size_t weights = 0;
  };
  struct Axis {
    std::vector<Tap> taps;
    std::vector<std::uint16_t> weights;
  };
  static Axis make_axis(int source, int destination, double scale, unsigned sum);
  static Rect span_of(const Axis& axis, int from, int to);   // destination x and width for source [from, to)
  int width_ = 1, height_ = 1, source_width_ = 1, source_height_ = 1;
  bool exact_ = false;
  Axis across_, down_;
  int most_ = 1;                         // taps of the widest pixel across
  std::vector<std::uint16_t> spread_;    // weights across: most_ times four equal ones per destination pixel
  std::vector<int> firsts_;              // of one area's pixels, within row_
  std::vector<std::uint16_t> row_;   // one weighted source row, 8.8 fixed point, four channels
};

}  // namespace beside::gpu
