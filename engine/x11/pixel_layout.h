// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <xcb/xcb.h>

#include <cstdint>
#include <optional>

namespace beside::x11 {

// How a server stores a pixel of a visual: read from the server, never assumed.
struct PixelLayout {
  int depth = 24;            // bits that mean something
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

// Nothing where the visual is not of that depth, has a palette, or its pixels are no whole bytes.
std::optional<PixelLayout> pixel_layout(const xcb_setup_t& setup, xcb_visualid_t visual, int depth);

}  // namespace beside::x11
