// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/geometry.h"

namespace beside::shell {

// Pixels of `own` that lie on one of the monitors and under none of the windows above. Monitors may overlap (mirrored).
std::int64_t visible_pixels(const Rect& own, const std::vector<Rect>& monitors, const std::vector<Rect>& above);

// A panel counts as visible when three quarters of it can be seen: a menu over a corner is no hiding, a window over the
// Stop button is.
bool counts_as_visible(const Rect& own, const std::vector<Rect>& monitors, const std::vector<Rect>& above);

}  // namespace beside::shell
