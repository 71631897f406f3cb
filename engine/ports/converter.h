// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/ports/frame.h"

namespace beside::ports {

// Turns pixels into BT.709 limited-range planes for an encoder (engine/gpu makes one: a compute pass or its CPU twin).
// One owner thread (`encode`).
class Converter {
 public:
  virtual ~Converter() = default;
  // Converts `area` of `source` (grown to even borders where the target is 4:2:0) into the same place of `target`,
  // whose size is the source's and whose memory the caller owns. Odd 4:2:0 sizes repeat the last row and column.
  // Errors: Environment when the device is lost.
  virtual Result<void> convert(const PixelBuffer& source, const Rect& area, const Planes& target) = 0;
  virtual std::string describe() const = 0;  // "CPU (AVX2), because the Vulkan device is of type CPU"
};

}  // namespace beside::ports
