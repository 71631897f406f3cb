// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/hatch.h"

namespace beside::capture {

std::uint32_t hatch_colour(int x, int y) {
  const unsigned along = static_cast<unsigned>(x) + static_cast<unsigned>(y);
  return (along & 15u) < 8u ? 0x8c8c8c : 0x747474;
}

void hatch(std::uint8_t* pixels, std::ptrdiff_t stride, const Rect& shown, const std::vector<Rect>& areas) {
  for (const Rect& area : areas) {
    const Rect box = area.clipped_to(shown);
    for (int y = box.y; y < box.bottom(); ++y) {
      std::uint8_t* p = pixels + (y - shown.y) * stride + std::ptrdiff_t{4} * (box.x - shown.x);
      for (int x = box.x; x < box.right(); ++x, p += 4) {
        const auto grey = static_cast<std::uint8_t>(hatch_colour(x, y) & 0xff);
        p[0] = p[1] = p[2] = grey;
        p[3] = 255;
      }
    }
  }
}

}  // namespace beside::capture
