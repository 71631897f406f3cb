// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ports/change_detector.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace beside::ports {
namespace {

constexpr std::int64_t kMuch = 64 * 1024;   // pixels

Rect bounds(const PixelBuffer& a) { return {0, 0, a.width, a.height}; }

// Nobody reads all of it soon: what is overwritten need not be fetched, which takes half the time.
void copy_past_caches(PixelBuffer& to, const PixelBuffer& from, const Rect& r) {
  for (int y = r.y; y < r.bottom(); ++y) {
    std::uint8_t* out = to.row(y) + std::ptrdiff_t{4} * r.x;
    const std::uint8_t* in = from.row(y) + std::ptrdiff_t{4} * r.x;
    std::size_t bytes = static_cast<std::size_t>(r.width) * 4;
#if defined(__SSE2__)
    const std::size_t first = std::min(bytes, (64 - reinterpret_cast<std::uintptr_t>(out) % 64) % 64);
    std::memcpy(out, in, first);
    for (out += first, in += first, bytes -= first; bytes >= 64; out += 64, in += 64, bytes -= 64) {
      for (std::ptrdiff_t i = 0; i < 64; i += 16)
        _mm_stream_si128(reinterpret_cast<__m128i*>(out + i), _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i)));
    }
#endif
    std::memcpy(out, in, bytes);
  }
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace

void tile_boxes(int width, int height, std::span<const Rect> where, std::vector<Rect>& boxes) {
  const int columns = (width + kTileSide - 1) / kTileSide, rows = (height + kTileSide - 1) / kTileSide;
  boxes.assign(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows), Rect{});
  for (const Rect& area : where) {
    const Rect r = area.clipped_to({0, 0, width, height});
    if (r.empty()) continue;
    for (int ty = r.y / kTileSide; ty <= (r.bottom() - 1) / kTileSide; ++ty) {
      for (int tx = r.x / kTileSide; tx <= (r.right() - 1) / kTileSide; ++tx) {
        Rect& box = boxes[static_cast<std::size_t>(ty * columns + tx)];
        box = box.united_with(r.clipped_to({tx * kTileSide, ty * kTileSide, kTileSide, kTileSide}));
      }
    }
  }
}

void copy_pixels(PixelBuffer& to, const PixelBuffer& from, const Rect& area) {
  const Rect r = area.clipped_to(bounds(to)).clipped_to(bounds(from));
  if (std::int64_t{r.width} * r.height >= kMuch) return copy_past_caches(to, from, r);
  for (int y = r.y; y < r.bottom(); ++y)
    std::memcpy(to.row(y) + std::ptrdiff_t{4} * r.x, from.row(y) + std::ptrdiff_t{4} * r.x, static_cast<std::size_t>(r.width) * 4);
}

void move_pixels(PixelBuffer& picture, const Move& move) {
  const int dx = move.x - move.from.x, dy = move.y - move.from.y;
  const Rect source = move.from.clipped_to(bounds(picture)).clipped_to({-dx, -dy, picture.width, picture.height});
  if (source.empty()) return;
  const auto row = [&](int y) {
    std::memmove(picture.row(y + dy) + std::ptrdiff_t{4} * (source.x + dx), picture.row(y) + std::ptrdiff_t{4} * source.x,
                 static_cast<std::size_t>(source.width) * 4);
  };
  if (dy <= 0) {
    for (int y = source.y; y < source.bottom(); ++y) row(y);
  } else {
    for (int y = source.bottom() - 1; y >= source.y; --y) row(y);
  }
}

bool same_row(const std::uint8_t* a, const std::uint8_t* b, int pixels) {
  const std::size_t bytes = static_cast<std::size_t>(pixels) * 4;
  if (std::memcmp(a, b, bytes) == 0) return true;
  std::uint32_t differs = 0;
  for (std::size_t i = 0; i < bytes; i += 4) {
    std::uint32_t p, q;
    std::memcpy(&p, a + i, 4);
    std::memcpy(&q, b + i, 4);
    differs |= p ^ q;
  }
  return (differs & 0x00ffffffu) == 0;
}

bool same_pixels(const PixelBuffer& a, const PixelBuffer& b, const Rect& area) {
  const Rect r = area.clipped_to(bounds(a)).clipped_to(bounds(b));
  for (int y = r.y; y < r.bottom(); ++y)
    if (!same_row(a.row(y) + std::ptrdiff_t{4} * r.x, b.row(y) + std::ptrdiff_t{4} * r.x, r.width)) return false;
  return true;
}

void join_rects(std::vector<Rect>& rects, int most_waste_percent, const Rect* bounds_of_one) {
  const auto pixels = [](const Rect& r) { return std::int64_t{r.width} * r.height; };
  const auto join_along = [&](bool down) {
    std::sort(rects.begin(), rects.end(), [&](const Rect& a, const Rect& b) {
      return down ? std::pair(a.x / kTileSide, a.y) < std::pair(b.x / kTileSide, b.y)
                  : std::pair(a.y / kTileSide, a.x) < std::pair(b.y / kTileSide, b.x);
    });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < rects.size(); ++i) {
      const Rect both = rects[kept].united_with(rects[i]);
      const bool fits = bounds_of_one == nullptr || (both.width <= bounds_of_one->width && both.height <= bounds_of_one->height);
      if (fits && pixels(both) * 100 <= (pixels(rects[kept]) + pixels(rects[i])) * (100 + most_waste_percent)) {
        rects[kept] = both;
      } else {
        rects[++kept] = rects[i];
      }
    }
    if (!rects.empty()) rects.resize(kept + 1);
  };
  join_along(false);
  join_along(true);
}

}  // namespace beside::ports
