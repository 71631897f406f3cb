// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures that look like coloured text, made from a fixed pattern, as frames and as what comes out of a decoder.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/ports/frame.h"

namespace beside::video {

inline std::uint32_t pattern(std::uint32_t i) {
  i = i * 747796405U + 2891336453U;
  i = ((i >> ((i >> 28) + 4)) ^ i) * 277803737U;
  return i >> 22 ^ i;
}

// Owns the pixels that its frames lend.
class TextPicture {
 public:
  TextPicture(int width, int height)
      : width_(width), height_(height), pool_(1, [=] { return ports::make_pixel_buffer(width, height); }) {
    clear();
  }
  void clear() {
    auto frame = take({});
    for (int y = 0; y < height_; ++y) std::fill_n(frame.pixels->row(y), 4 * width_, std::uint8_t{0});
  }
  // Draws the glyph of a cell (8 x 14 pixels) in one colour (0xRRGGBB) on black: strokes one to two pixels wide.
  Rect draw_glyph(int column, int line, std::uint32_t letter, std::uint32_t colour) {
    const Rect cell = Rect{column * 8, line * 14, 8, 14}.clipped_to({0, 0, width_, height_});
    auto frame = take({});
    const std::uint32_t strokes = pattern(letter);
    for (int y = cell.y; y < cell.bottom(); ++y) {
      for (int x = cell.x; x < cell.right(); ++x) {
        const int gx = x - column * 8, gy = y - line * 14;
        const bool vertical = (gx == 1 + static_cast<int>(strokes & 1U) || gx == 5) && gy > 2 && gy < 12 && (strokes >> (gx + gy / 4) & 1U);
        const bool horizontal = (gy == 3 || gy == 7 || gy == 11) && gx > 0 && gx < 6 && (strokes >> (gy + 5) & 1U);
        const std::uint32_t c = vertical || horizontal ? colour : 0;
        std::uint8_t* p = frame.pixels->row(y) + 4 * x;
        p[0] = static_cast<std::uint8_t>(c);
        p[1] = static_cast<std::uint8_t>(c >> 8);
        p[2] = static_cast<std::uint8_t>(c >> 16);
        p[3] = 0xff;
      }
    }
    return cell;
  }
  // A whole page; `step` scrolls it.
  void draw_page(std::uint32_t step, std::uint32_t colour) {
    for (int line = 0; line * 14 < height_; ++line) {
      for (int column = 0; column * 8 < width_; ++column) {
        draw_glyph(column, line, static_cast<std::uint32_t>(column) + (static_cast<std::uint32_t>(line) + step) * 211U, colour);
      }
    }
  }
  ports::Frame take(std::vector<Rect> damage) {
    ports::Frame frame;
    frame.pixels = pool_.take();
    frame.damage = std::move(damage);
    frame.area = {0, 0, width_, height_};
    return frame;
  }
  ports::Frame take_whole() { return take({{0, 0, width_, height_}}); }

 private:
  int width_, height_;
  Pool<ports::PixelBuffer> pool_;
};

// PSNR over R, G and B, in dB.
inline double psnr_rgb(const ports::PixelBuffer& a, const ports::PixelBuffer& b) {
  double sum = 0;
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double d = a.row(y)[4 * x + c] - b.row(y)[4 * x + c];
        sum += d * d;
      }
    }
  }
  const double mean = sum / (3.0 * a.width * a.height);
  return mean <= 0 ? 99 : 10 * std::log10(255.0 * 255.0 / mean);
}

}  // namespace beside::video
