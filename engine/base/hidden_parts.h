// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/geometry.h"

namespace beside {

// What the customer keeps to himself while his screen is seen: the whole of a window wherever it goes (with its menus and
// dialogs), whole monitors, and fixed places; or all but one window (with its menus and dialogs). Only his own process ever
// holds it; the other end is told how many, and whether it is one window.
struct HiddenParts {
  static constexpr std::size_t kMost = 64;   // of each
  std::vector<std::uint32_t> windows;        // native ids of clients' windows, as the list to choose from gave them
  std::vector<std::string> monitors;         // by name: an id may be another's after a change of the layout
  std::vector<Rect> areas;                   // root pixels
  std::uint32_t only_window = 0;             // native id of the one that may be seen; 0: all that is not hidden
  bool empty() const { return windows.empty() && monitors.empty() && areas.empty() && only_window == 0; }
  bool operator==(const HiddenParts&) const = default;
};

// Words drawn in advance, to be laid over what is hatched: one byte of coverage per pixel, top row first.
struct HatchLabel {
  int width = 0, height = 0;                 // 0: no words
  std::vector<std::uint8_t> coverage;
};

}  // namespace beside
