// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// Striped frames just inside the places that the customer hides, so that he sees where they lie. They are within what is hatched
// and thus in no picture; they let clicks through, and lie above all windows but our own.
// Thread: it starts and owns the thread `frames`, which alone touches its X connection; show() may be called from any. The
// frames go with it. Failure: a display that is gone, or without the SHAPE extension.
class PlaceFrames {
 public:
  static Result<std::unique_ptr<PlaceFrames>> create(const std::string& display, const ports::OwnWindows& own);
  virtual ~PlaceFrames() = default;
  virtual void show(std::vector<Rect> places) = 0;   // root pixels; instead of those before
};

}  // namespace beside::capture
