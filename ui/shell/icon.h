// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace beside::shell {

// The programs' mark for task bars and window switchers: two people beside each other.
struct Icon {
  int size = 0;                        // pixels, both ways
  std::vector<std::uint8_t> rgba;      // straight alpha, size * size * 4, top row first
};
// `size` 8..512.
Icon draw_icon(int size);

}  // namespace beside::shell
