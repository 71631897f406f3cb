// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "engine/ports/converter.h"
#include "engine/ports/frame.h"

namespace beside::video {

// Brings planes that hold the picture before up to date with `frame`; all of it where `filled` says that they hold none yet, which it
// does no more afterwards. Errors: the converter's.
inline Result<void> convert_changed(ports::Converter& converter, const ports::Frame& frame, const ports::Planes& target, bool& filled) {
  const Rect whole{0, 0, target.width, target.height};
  const std::vector<Rect> areas = filled ? frame.damage : std::vector<Rect>{whole};
  for (const Rect& area : areas) {
    const Rect inside = area.clipped_to(whole);
    if (inside.empty()) continue;
    if (auto done = converter.convert(*frame.pixels, inside, target); !done) return done;
  }
  filled = true;
  return {};
}

}  // namespace beside::video
