// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>

#include "engine/x11/pixel_layout.h"

namespace beside::shell {

// Turns rows of B, G, R, X into what a visual stores; the way back of capture's PixelConverter: full stays full, and the nearest
// value is taken. Thread: any.
class PixelWriter {
 public:
  explicit PixelWriter(const x11::PixelLayout& layout);
  // `from` has 4 * pixels bytes, `to` room for pixels * layout.bits_per_pixel / 8.
  void write_row(const std::uint8_t* from, std::uint8_t* to, int pixels) const;

 private:
  using Table = std::array<std::uint32_t, 256>;   // 8 bits -> the channel's bits in their place
  static Table table_of(std::uint32_t mask);
  x11::PixelLayout layout_;
  Table red_, green_, blue_;
};

}  // namespace beside::shell
