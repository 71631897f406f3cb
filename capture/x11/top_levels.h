// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "capture/x11/connection.h"
#include "engine/base/geometry.h"

namespace beside::capture {

// More than any root window, root pixels.
constexpr Rect kEverything{-32768, -32768, 98304, 98304};

// Pieces of `whole` that none of `shown` covers. Neither list need be free of overlaps.
std::vector<Rect> uncovered(const Rect& whole, const std::vector<Rect>& shown);

// The ancestor below the root, or the window itself; XCB_NONE for the root, no window, and what the server does not answer.
xcb_window_t top_of(const Connection& connection, xcb_window_t window);

// The places of a child of the root that lie within its shape, root pixels. `area`: with its border; `border`: pixels.
// Failure: none of it, where the server does not say.
std::vector<Rect> within_shape(const Connection& connection, xcb_window_t top, const Rect& area, int border);

}  // namespace beside::capture
