// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/bytes.h"

namespace beside::tiles {

// What a small rectangle holds, as far as a look at some of its rows tells.
struct TileLook {
  bool solid = false;             // certain: all rows were looked at
  std::uint32_t colour = 0;       // of the first pixel, X = 0
  int colours = 1;                // seen, 65 means more than 64
  int looked_at = 0;              // pixels
  int edges = 0;                  // of them, neither like their left nor their upper neighbour
  int slight = 0;                 // of the edges, differing by 1..24 in each channel from the left one or equal in it
  std::int64_t context_bits = 0;  // what ContextCoder and PhotoCoder would take, for the whole rectangle
  std::int64_t photo_bits = 0;
};

// Thread: one. Owns a table of colours.
class TileLooker {
 public:
  // Pixels B, G, R, X; X does not count. `every`: looks at each so many rows (1 = all).
  TileLook look(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, int every);

  // What ContextCoder would take for what slopes leave (slope.h) of this rectangle.
  std::int64_t slope_bits(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, int every);

 private:
  void begin_look();
  bool seen_before(std::uint32_t colour);
  static constexpr std::size_t kTable = 1024;
  std::array<std::uint32_t, kTable> table_{};   // colour, and in the upper byte the look it is from
  std::uint32_t look_ = 0;
  Bytes left_;                                  // of two rows
};

}  // namespace beside::tiles
