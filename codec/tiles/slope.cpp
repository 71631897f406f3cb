// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/tiles/slope.h"

#include <cstring>

namespace beside::tiles {
namespace {

// Four channels at once, each modulo 256: the upper bits of each are kept from carrying into the next.
constexpr std::uint32_t kLow = 0x7f7f7f7f, kHigh = 0x80808080;
std::uint32_t plus(std::uint32_t a, std::uint32_t b) { return ((a & kLow) + (b & kLow)) ^ ((a ^ b) & kHigh); }
std::uint32_t minus(std::uint32_t a, std::uint32_t b) { return ((a | kHigh) - (b & kLow)) ^ ((a ^ ~b) & kHigh); }
std::uint32_t load(const std::uint8_t* at) {
  std::uint32_t v;
  std::memcpy(&v, at, 4);
  return v;
}
void store(std::uint8_t* at, std::uint32_t v) { std::memcpy(at, &v, 4); }

}  // namespace

void take_slopes(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::uint8_t* to) {
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = bgrx + y * stride;
    const std::uint8_t* above = y > 0 ? row - stride : row;
    std::uint32_t w = y > 0 ? load(above) : 0, nw = w;
    for (int x = 0; x < width; ++x, to += 4) {
      const std::uint32_t pixel = load(row + std::ptrdiff_t{4} * x);
      const std::uint32_t n = y > 0 ? load(above + std::ptrdiff_t{4} * x) : nw;
      store(to, minus(pixel, minus(plus(w, n), nw)) & 0x00ffffff);
      w = pixel;
      nw = n;
    }
  }
}

void put_slopes(std::uint8_t* pixels, int width, int height) {
  const std::ptrdiff_t stride = std::ptrdiff_t{4} * width;
  for (int y = 0; y < height; ++y) {
    std::uint8_t* row = pixels + y * stride;
    const std::uint8_t* above = y > 0 ? row - stride : row;
    std::uint32_t w = y > 0 ? load(above) : 0, nw = w;
    for (int x = 0; x < width; ++x) {
      std::uint8_t* at = row + std::ptrdiff_t{4} * x;
      const std::uint32_t n = y > 0 ? load(above + std::ptrdiff_t{4} * x) : nw;
      const std::uint32_t pixel = plus(load(at), minus(plus(w, n), nw)) | 0xff000000u;
      store(at, pixel);
      w = pixel;
      nw = n;
    }
  }
}

}  // namespace beside::tiles
