// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/x11/pixel_layout.h"

namespace beside::capture {

using x11::PixelLayout;

// Turns rows of any layout into B, G, R, X with X = 255. Channels narrower or wider than 8 bits are scaled so that
// full stays full.
class PixelConverter {
 public:
  explicit PixelConverter(const PixelLayout& layout);
  // `from` has at least layout.bytes_per_row(pixels) bytes, `to` 4 * pixels.
  void convert_row(const std::uint8_t* from, std::uint8_t* to, int pixels) const;

 private:
  struct Channel {
    std::uint32_t mask = 0;
    int shift = 0;
    std::vector<std::uint8_t> scaled;  // value -> 8 bits
  };
  static Channel channel_of(std::uint32_t mask);
  PixelLayout layout_;
  Channel red_, green_, blue_;
};

// Premultiplied ARGB words (XFixes) to straight B, G, R, A bytes.
std::vector<std::uint8_t> straight_bgra(const std::uint32_t* argb, std::size_t pixels);

}  // namespace beside::capture
