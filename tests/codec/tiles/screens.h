// SPDX-License-Identifier: GPL-3.0-or-later
// Screens of many kinds from a seed, always the same: for tests that ask for the very same pixels at the other end.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/ports/canvas.h"
#include "engine/ports/frame.h"

namespace beside::tiles {

constexpr int kScreenKinds = 14;
// Text with sub-pixel edges, text in greys, red on black, blue on white, gradients, photo noise, one-pixel lines, dithering,
// checkers, flat, pure noise, windows with all of it, few bright colours, rare dots; X bytes are noise.
std::unique_ptr<ports::PixelBuffer> make_screen(int kind, int width, int height, std::uint32_t seed);
std::unique_ptr<ports::PixelBuffer> clone(const ports::PixelBuffer& of);
// Draws glyph `letter` (8 x 16) in the style of a kind.
void draw_letter(ports::PixelBuffer& on, int x, int y, std::uint32_t letter, std::uint32_t ink, bool sub_pixel);
// Colours only.
bool equal(const ports::PixelBuffer& a, const ports::PixelBuffer& b);
bool equal(const ports::Canvas& canvas, const ports::PixelBuffer& b);

// The same sequence on every machine.
struct Dice {
  std::uint32_t state;
  std::uint32_t next() {
    state = state * 747796405u + 2891336453u;
    const std::uint32_t word = ((state >> ((state >> 28) + 4)) ^ state) * 277803737u;
    return word >> 22 ^ word;
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint32_t>(n)); }
};

}  // namespace beside::tiles
