// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/codec/tiles/screens.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace beside::tiles {
namespace {

void put(ports::PixelBuffer& p, int x, int y, std::uint32_t colour, std::uint32_t noise = 0) {
  if (x < 0 || y < 0 || x >= p.width || y >= p.height) return;
  const std::uint32_t pixel = (colour & 0xffffff) | noise << 24;
  std::memcpy(p.row(y) + std::ptrdiff_t{4} * x, &pixel, 4);
}
std::uint32_t get(const ports::PixelBuffer& p, int x, int y) {
  std::uint32_t pixel;
  std::memcpy(&pixel, p.row(y) + std::ptrdiff_t{4} * x, 4);
  return pixel & 0xffffff;
}
void fill(ports::PixelBuffer& p, const Rect& area, std::uint32_t colour, Dice& dice) {
  for (int y = area.y; y < area.bottom(); ++y)
    for (int x = area.x; x < area.right(); ++x) put(p, x, y, colour, dice.next() >> 24);
}
std::uint32_t grey(int v) { return static_cast<std::uint32_t>(std::clamp(v, 0, 255)) * 0x010101u; }
std::uint32_t rgb(int r, int g, int b) {
  const auto c = [](int v) { return static_cast<std::uint32_t>(std::clamp(v, 0, 255)); };
  return c(r) << 16 | c(g) << 8 | c(b);
}

void text(ports::PixelBuffer& p, const Rect& area, std::uint32_t ground, std::uint32_t ink, bool sub_pixel, Dice& dice) {
  fill(p, area, ground, dice);
  for (int y = area.y + 2; y + 16 <= area.bottom(); y += 18) {
    for (int x = area.x + 3; x + 8 <= area.right(); x += 8) {
      const std::uint32_t letter = dice.next() % 40;
      if (letter < 34) draw_letter(p, x, y, letter, ink == 0x1000000 ? dice.next() & 0xffffff : ink, sub_pixel);
    }
  }
}
void photo(ports::PixelBuffer& p, const Rect& area, std::uint32_t seed, int noise, Dice& dice) {
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) {
      const int hill = static_cast<int>(60 * std::sin(x * 0.03 + seed) + 50 * std::cos(y * 0.021 + x * 0.007));
      const int n = noise > 0 ? dice.below(noise) : 0;
      put(p, x, y, rgb(120 + hill + n, 130 + hill * 3 / 4 + n, 100 - hill / 2 + n), dice.next() >> 24);
    }
  }
}

void lines(ports::PixelBuffer& p, Dice& dice) {
  for (int i = 0; i < 40; ++i) {
    const std::uint32_t colour = dice.next();
    const int x = dice.below(p.width), y = dice.below(p.height), kind = dice.below(3);
    for (int k = 0; k < std::max(p.width, p.height); ++k) put(p, kind == 0 ? x : kind == 1 ? k : x + k, kind == 1 ? y : kind == 0 ? k : y + k, colour);
  }
}
void windows(ports::PixelBuffer& p, std::uint32_t seed, Dice& dice) {
  for (int i = 0; i < 6; ++i) {
    Rect r{dice.below(p.width), dice.below(p.height), 20 + dice.below(p.width), 20 + dice.below(p.height)};
    r = r.clipped_to({0, 0, p.width, p.height});
    switch (dice.below(4)) {
      case 0: text(p, r, 0xffffff, 0x101010, (seed & 1) != 0, dice); break;
      case 1: photo(p, r, seed, 9, dice); break;
      case 2: fill(p, r, dice.next(), dice); break;
      default: text(p, r, 0x1e1e1e, 0x1000000, false, dice); break;
    }
  }
}

}  // namespace

void draw_letter(ports::PixelBuffer& on, int x, int y, std::uint32_t letter, std::uint32_t ink, bool sub_pixel) {
  Dice shape{letter * 977 + 5};
  for (int stroke = 0; stroke < 3; ++stroke) {
    const bool upright = shape.below(2) == 0;
    const int from = shape.below(5), at = 1 + shape.below(6), length = 4 + shape.below(6), edge = shape.below(256), edge2 = shape.below(256);
    for (int k = from; k < from + length; ++k) {
      for (int side = -1; side <= 1; ++side) {
        const int px = x + (upright ? at + side : std::min(k, 7)), py = y + (upright ? k : 2 * at + side);
        if (px < x || px >= x + 8 || py < y || py >= y + 16 || px >= on.width || py >= on.height || px < 0 || py < 0) continue;
        const int cover = side == 0 ? 255 : side < 0 ? edge : edge2;
        const std::uint32_t below = get(on, px, py);
        std::uint32_t mixed = 0;
        for (int i = 0; i < 3; ++i) {
          const int c = sub_pixel && upright ? std::clamp(cover + (i - 1) * side * 80, 0, 255) : cover;
          const int a = static_cast<int>(below >> (8 * i) & 255), b = static_cast<int>(ink >> (8 * i) & 255);
          mixed |= static_cast<std::uint32_t>(a + (b - a) * c / 255) << (8 * i);
        }
        put(on, px, py, mixed);
      }
    }
  }
}

std::unique_ptr<ports::PixelBuffer> make_screen(int kind, int width, int height, std::uint32_t seed) {
  auto page = ports::make_pixel_buffer(width, height);
  ports::PixelBuffer& p = *page;
  Dice dice{seed * 7919 + static_cast<std::uint32_t>(kind) + 1};
  const Rect all{0, 0, width, height};
  const auto each = [&](auto&& colour) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) put(p, x, y, colour(x, y), dice.next() >> 24);
  };
  switch (kind % kScreenKinds) {
    case 0: text(p, all, 0xffffff, 0x000000, true, dice); break;
    case 1: text(p, all, 0xf8f8f8, 0x202020, false, dice); break;
    case 2: text(p, all, 0x000000, 0xff0000, (seed & 1) != 0, dice); break;
    case 3: text(p, all, 0xffffff, 0x0000ff, true, dice); break;
    case 4: each([&](int x, int y) { return rgb(x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)); }); break;
    case 5: photo(p, all, seed, 12, dice); break;
    case 6:
      fill(p, all, 0xeeeeee, dice);
      lines(p, dice);
      break;
    case 7: each([&](int x, int y) { return grey(((x * 3 + y * 2) % 5 * 51 > (x + y) * 255 / (width + height)) ? 255 : 0); }); break;
    case 8: each([&](int x, int y) { return (x + y) % 2 != 0 ? 0x336699u : 0xffcc00u; }); break;
    case 9: fill(p, all, dice.next(), dice); break;
    case 10: each([&](int, int) { return dice.next(); }); break;
    case 11:
      photo(p, all, seed, 0, dice);
      windows(p, seed, dice);
      break;
    case 12: each([&](int, int) { return std::uint32_t{0xff00ffu} * static_cast<std::uint32_t>(dice.below(3)); }); break;
    default:
      fill(p, all, 0x204060, dice);
      for (int i = 0; i < 60; ++i) put(p, dice.below(width), dice.below(height), dice.next());
      break;
  }
  return page;
}

std::unique_ptr<ports::PixelBuffer> clone(const ports::PixelBuffer& of) {
  auto out = ports::make_pixel_buffer(of.width, of.height);
  for (int y = 0; y < of.height; ++y) std::memcpy(out->row(y), of.row(y), static_cast<std::size_t>(of.width) * 4);
  return out;
}

bool equal(const ports::PixelBuffer& a, const ports::PixelBuffer& b) {
  if (a.width != b.width || a.height != b.height) return false;
  for (int y = 0; y < a.height; ++y)
    for (int x = 0; x < a.width; ++x)
      if (get(a, x, y) != get(b, x, y)) return false;
  return true;
}
bool equal(const ports::Canvas& canvas, const ports::PixelBuffer& b) {
  bool same = false;
  canvas.read([&](const ports::PixelBuffer& a) { same = equal(a, b); });
  return same;
}

}  // namespace beside::tiles
