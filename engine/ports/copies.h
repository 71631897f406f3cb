// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace beside::ports {

// Copies of pixels on their way from the customer's screen to the viewer's, each counted by the code that makes it, so that a
// test and the trace can hold them against what changed. Thread: any; one addition without order per rectangle.
enum class CopyStep : std::uint8_t {
  Slot,      // capture: out of the memory that the X server filled, into the frame
  CatchUp,   // capture: what a frame's buffer missed while others were used
  Shadow,    // sender: what was sent, into the picture that the viewer has then; after it left
  Canvas,    // viewer: decoded, into the picture
  Shown,     // viewer: out of the picture, for who looks at it while the next update is written; after it was shown
  Window,    // viewer: out of the picture, into the memory that the X server reads
};
void count_copy(CopyStep step, std::int64_t pixels);
std::uint64_t copied_pixels(CopyStep step);   // since the program began

}  // namespace beside::ports
