// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/hidden_parts.h"

namespace beside::capture {

// Diagonal stripes of two greys over `areas` (root pixels), bound to the root's coordinates so that they do not swim
// when an area moves. `pixels` holds the box `shown` of the root as B, G, R, X rows of `stride` bytes.
void hatch(std::uint8_t* pixels, std::ptrdiff_t stride, const Rect& shown, const std::vector<Rect>& areas);
// Words over what was hatched, again and again on a grid of the root's coordinates, so that every part of some size shows them.
void hatch_words(std::uint8_t* pixels, std::ptrdiff_t stride, const Rect& shown, const std::vector<Rect>& areas,
                 const HatchLabel& label);
// The colour at a root pixel: 0xRRGGBB.
std::uint32_t hatch_colour(int x, int y);

}  // namespace beside::capture
