// SPDX-License-Identifier: GPL-3.0-or-later
// Pages of real text in real fonts, as a screen shows them, and a photo made of noise. For benchmarks only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/ports/frame.h"

namespace beside::bench {

struct PageStyle {
  std::string font = "JetBrains Mono";   // a family that fontconfig finds
  int size_px = 13;
  bool sub_pixel = false;                // as on a flat panel with R, G, B stripes; otherwise grey
  bool coloured = false;                 // each word in one of seven colours, dark ground
  int first_line = 0;                    // of the text, which repeats
  int margin_px = 8;
};
// Null with a line on stderr where the font or FreeType is missing. `text`: UTF-8, drawn byte by byte (ASCII).
std::unique_ptr<ports::PixelBuffer> draw_page(int width, int height, const std::string& text, const PageStyle& style);
// Smooth hills of colour under fine noise: what a camera's picture is to a coder.
std::unique_ptr<ports::PixelBuffer> draw_photo(int width, int height, std::uint32_t seed);

}  // namespace beside::bench
