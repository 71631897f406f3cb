// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/tiles/tile_look.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "codec/tiles/slope.h"

namespace beside::tiles {
namespace {

constexpr std::uint32_t kColour = 0x00ffffff;
// Measured on text and photos, in bits.
constexpr int kNewColour = 22, kKnownEdge = 5, kKnownSlope = 4, kSampleBase = 5, kFlatSample = 1;

std::uint32_t load(const std::uint8_t* at) {
  std::uint32_t pixel;
  std::memcpy(&pixel, at, 4);
  return pixel & kColour;
}
bool one_colour(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::uint32_t colour) {
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = bgrx + y * stride;
    if (std::memcmp(row, row + 4, static_cast<std::size_t>(width - 1) * 4) == 0 && load(row) == colour) continue;
    std::uint32_t differs = 0;
    for (int x = 0; x < width; ++x) {
      std::uint32_t pixel;
      std::memcpy(&pixel, row + std::ptrdiff_t{4} * x, 4);
      differs |= pixel ^ colour;
    }
    if ((differs & kColour) != 0) return false;
  }
  return true;
}
int difference(std::uint32_t a, std::uint32_t b, int shift) {
  return std::abs(static_cast<int>(a >> shift & 255) - static_cast<int>(b >> shift & 255));
}

}  // namespace

void TileLooker::begin_look() {
  if (++look_ > 255) {
    table_.fill(0);
    look_ = 1;
  }
}

bool TileLooker::seen_before(std::uint32_t colour) {
  const std::uint32_t entry = look_ << 24 | colour;
  const std::size_t start = colour * 0x9e3779b1u >> 22;
  for (std::size_t i = 0; i < 4; ++i) {
    std::uint32_t& place = table_[(start + i) % kTable];
    if (place == entry) return true;
    if (place >> 24 != look_) {
      place = entry;
      return false;
    }
  }
  table_[start] = entry;
  return false;
}

TileLook TileLooker::look(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, int every) {
  TileLook out;
  out.colour = load(bgrx);
  if (one_colour(bgrx, stride, width, height, out.colour)) {
    out.solid = true;
    return out;
  }
  begin_look();
  (void)seen_before(out.colour);
  int fresh = 0;
  std::int64_t sample_bits = 0;
  for (int y = std::min(1, height - 1); y < height; y += every) {
    const std::uint8_t* row = bgrx + y * stride;
    const std::uint8_t* above = y > 0 ? row - stride : row;
    std::uint32_t w = load(above), nw = w;
    for (int x = 0; x < width; ++x) {
      const std::uint32_t n = load(above + std::ptrdiff_t{4} * x), pixel = load(row + std::ptrdiff_t{4} * x);
      if (pixel != w && (pixel != n || y == 0)) {
        ++out.edges;
        const int g = difference(pixel, w, 8);
        if (g <= 24 && difference(pixel, w, 0) <= 24 && difference(pixel, w, 16) <= 24) ++out.slight;
        const int green_n = difference(pixel, n, 8);
        sample_bits += kSampleBase + 3 * static_cast<int>(std::bit_width(static_cast<unsigned>(y > 0 ? std::min(g, green_n) : g)));
        if (!seen_before(pixel)) ++fresh;
      } else if (w == n && n == nw) {
        sample_bits += kFlatSample;
      } else {
        sample_bits += kSampleBase;
      }
      nw = n;
      w = pixel;
    }
    out.looked_at += width;
  }
  out.colours = std::min(fresh + 1, 65);
  // Colours come again between the rows that were looked at, so fresh ones count as often as they would show up in all rows
  // only where nearly everything is fresh.
  const std::int64_t all = std::int64_t{width} * height;
  const std::int64_t context = std::int64_t{fresh} * kNewColour + std::int64_t{out.edges - fresh} * kKnownEdge;
  out.context_bits = context * all / out.looked_at;
  out.photo_bits = sample_bits * all / out.looked_at;
  return out;
}

std::int64_t TileLooker::slope_bits(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, int every) {
  if (height < 2 || width < 2) return kNewColour * std::int64_t{width} * height;
  begin_look();
  left_.resize(static_cast<std::size_t>(width) * 8);
  std::int64_t bits = 0, looked_at = 0;
  for (int y = 1; y < height; y += every) {
    take_slopes(bgrx + (y - 1) * stride, stride, width, 2, left_.data());
    const std::uint8_t* row = left_.data() + std::ptrdiff_t{4} * width;
    std::uint32_t before = load(row);
    for (int x = 1; x < width; ++x) {
      const std::uint32_t now = load(row + std::ptrdiff_t{4} * x);
      if (now == before) continue;
      bits += seen_before(now) ? kKnownSlope : kNewColour;
      before = now;
    }
    looked_at += width;
  }
  return bits * width * height / looked_at;
}

}  // namespace beside::tiles
