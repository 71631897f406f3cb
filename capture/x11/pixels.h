// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace beside::capture {

// How a server stores a pixel of the root window: read from the visual, never assumed.
struct PixelLayout {
  int bits_per_pixel = 32;   // 8, 16, 24 or 32
  int scanline_pad = 32;     // bits
  bool big_endian = false;
  std::uint32_t red = 0xff0000, green = 0xff00, blue = 0xff;
  int bytes_per_row(int width) const {
    return (width * bits_per_pixel + scanline_pad - 1) / scanline_pad * scanline_pad / 8;
  }
  // B, G, R, X in memory already: nothing to convert.
  bool is_bgrx() const {
    return bits_per_pixel == 32 && !big_endian && red == 0xff0000 && green == 0xff00 && blue == 0xff;
  }
};

// Turns rows of any such layout into B, G, R, X with X = 255. Channels narrower or wider than 8 bits are scaled so that
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
