// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <vector>

#include "engine/base/geometry.h"

struct ImDrawData;

namespace beside::shell {

// What ImGui draws over `area` (framebuffer pixels) after the callback command whose data is `drawing`: boxes that hold all of
// it, which may overlap, 24 at most; lines stay thin boxes. Everything when the command is not there. Popups, tooltips,
// dialogs and what the same screen draws on top are all alike here: triangles that come later and are not transparent.
std::vector<Rect> covered_parts(const ImDrawData& data, const void* drawing, const Rect& area);

// `area` without `holes`: parts that do not overlap.
std::vector<Rect> left_over(const Rect& area, std::span<const Rect> holes);

// Adds a rectangle to a list of changes: what touches is united, and beyond 48 all become one.
void add_change(std::vector<Rect>& changes, Rect area);

}  // namespace beside::shell
