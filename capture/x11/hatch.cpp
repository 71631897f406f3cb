// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/hatch.h"

#include <cstddef>
#include <cstring>

namespace beside::capture {
namespace {

constexpr int kStripes = 16;   // pixels after which the pattern comes again
constexpr int kBetween = 24;   // pixels between two copies of the words, both ways

int positive_remainder(int value, int by) { return ((value % by) + by) % by; }

}  // namespace

std::uint32_t hatch_colour(int x, int y) {
  const unsigned along = static_cast<unsigned>(x) + static_cast<unsigned>(y);
  return along % kStripes < kStripes / 2 ? 0x8c8c8c : 0x747474;
}

void hatch(std::uint8_t* pixels, std::ptrdiff_t stride, const Rect& shown, const std::vector<Rect>& areas) {
  // Every row is the one above it, moved: a run of the pattern that is long enough is copied from where the row begins in it.
  std::vector<std::uint8_t> pattern;
  for (const Rect& area : areas) {
    const Rect box = area.clipped_to(shown);
    if (box.empty()) continue;
    const int needed = box.width + kStripes;
    for (int i = static_cast<int>(pattern.size() / 4); i < needed; ++i) {
      const auto grey = static_cast<std::uint8_t>(hatch_colour(i, 0) & 0xff);
      pattern.insert(pattern.end(), {grey, grey, grey, 255});
    }
    for (int y = box.y; y < box.bottom(); ++y)
      std::memcpy(pixels + (y - shown.y) * stride + std::ptrdiff_t{4} * (box.x - shown.x),
                  pattern.data() + std::size_t{4} * static_cast<std::size_t>(positive_remainder(box.x + y, kStripes)),
                  static_cast<std::size_t>(box.width) * 4);
  }
}

void hatch_words(std::uint8_t* pixels, std::ptrdiff_t stride, const Rect& shown, const std::vector<Rect>& areas,
                 const HatchLabel& label) {
  if (label.width <= 0 || label.height <= 0) return;
  const int across = label.width + kBetween, down = label.height + kBetween;
  for (const Rect& area : areas) {
    const Rect box = area.clipped_to(shown);
    for (int y = box.y; y < box.bottom(); ++y) {
      const int in_y = positive_remainder(y, down);
      if (in_y >= label.height) continue;
      // Every other row of words stands half a step aside.
      const int aside = (y - in_y) / down % 2 != 0 ? across / 2 : 0;
      std::uint8_t* p = pixels + (y - shown.y) * stride + std::ptrdiff_t{4} * (box.x - shown.x);
      for (int x = box.x; x < box.right(); ++x, p += 4) {
        const int in_x = positive_remainder(x + aside, across);
        if (in_x >= label.width) continue;
        const int covered = label.coverage[static_cast<std::size_t>(in_y) * static_cast<std::size_t>(label.width) + static_cast<std::size_t>(in_x)];
        for (int c = 0; c < 3; ++c) p[c] = static_cast<std::uint8_t>(p[c] + (255 - p[c]) * covered / 255);
      }
    }
  }
}

}  // namespace beside::capture
