// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/pixels.h"

#include <algorithm>
#include <bit>

namespace beside::capture {

PixelConverter::Channel PixelConverter::channel_of(std::uint32_t mask) {
  Channel c;
  c.mask = mask;
  if (mask == 0) {
    c.scaled = {0};
    return c;
  }
  c.shift = std::countr_zero(mask);
  // Channels have at most 16 bits in any visual that X defines; a stranger mask keeps its top 16.
  std::uint32_t top = mask >> c.shift;
  while (top > 0xffff) {
    top >>= 1;
    ++c.shift;
  }
  c.scaled.resize(static_cast<std::size_t>(top) + 1);
  for (std::uint32_t v = 0; v <= top; ++v) c.scaled[v] = static_cast<std::uint8_t>((v * 255u + top / 2) / top);
  return c;
}

PixelConverter::PixelConverter(const PixelLayout& layout)
    : layout_(layout), red_(channel_of(layout.red)), green_(channel_of(layout.green)), blue_(channel_of(layout.blue)) {}

void PixelConverter::convert_row(const std::uint8_t* from, std::uint8_t* to, int pixels) const {
  const int bytes = layout_.bits_per_pixel / 8;
  for (int x = 0; x < pixels; ++x, from += bytes, to += 4) {
    std::uint32_t value = 0;
    if (layout_.big_endian) {
      for (int i = 0; i < bytes; ++i) value = value << 8 | from[i];
    } else {
      for (int i = bytes - 1; i >= 0; --i) value = value << 8 | from[i];
    }
    to[0] = blue_.scaled[(value & blue_.mask) >> blue_.shift];
    to[1] = green_.scaled[(value & green_.mask) >> green_.shift];
    to[2] = red_.scaled[(value & red_.mask) >> red_.shift];
    to[3] = 255;
  }
}

std::vector<std::uint8_t> straight_bgra(const std::uint32_t* argb, std::size_t pixels) {
  std::vector<std::uint8_t> out(pixels * 4);
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint32_t p = argb[i];
    const std::uint32_t a = p >> 24;
    const auto straight = [a](std::uint32_t premultiplied) -> std::uint8_t {
      if (a == 0) return 0;
      return static_cast<std::uint8_t>(std::min<std::uint32_t>(255, (premultiplied * 255 + a / 2) / a));
    };
    out[4 * i] = straight(p & 0xff);
    out[4 * i + 1] = straight(p >> 8 & 0xff);
    out[4 * i + 2] = straight(p >> 16 & 0xff);
    out[4 * i + 3] = static_cast<std::uint8_t>(a);
  }
  return out;
}

}  // namespace beside::capture
