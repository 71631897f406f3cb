// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace beside::tiles {

// Colour ramps (backgrounds, shadows, the sky) as what is left of them when each pixel is predicted from its neighbours as a
// plane: W + N - NW in each channel, modulo 256. A ramp leaves a few values in a pattern that comes again, which ContextCoder
// codes like text. Outside the rectangle stands what stands beside it; before the first pixel, nothing (0).

// What is left of `width` x `height` pixels B, G, R, X; `to` gets rows without gaps, X = 0.
void take_slopes(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::uint8_t* to);
// Puts it back in place; rows without gaps, X = 255. Any values give some picture.
void put_slopes(std::uint8_t* pixels, int width, int height);

}  // namespace beside::tiles
