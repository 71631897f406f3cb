// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/geometry.h"

struct ImDrawData;

namespace beside::shell {

// Where a frame differs from the one before, read from what ImGui would draw: each tile of 32x32 pixels keeps a hash of every
// triangle that touches it, in their order. Two frames that hash alike in a tile look alike there.
// Thread: main. No I/O. Failure: none.
class FrameDamage {
 public:
  // What a callback command draws, since its triangles are not ImGui's.
  struct Drawn {
    const void* data = nullptr;       // the command's UserCallbackData
    std::vector<Rect> parts;          // where, framebuffer pixels
    std::uint64_t stamp = 0;          // changes when what is drawn there lies or looks differently altogether
    std::vector<Rect> changed;        // what changed of it since the frame before, though the stamp did not; framebuffer pixels
  };
  // A box round all that differs, within width x height framebuffer pixels; empty when nothing does. Everything in the first
  // frame, after reset(), after another size or ground, and where a callback is not among `drawn`.
  Rect update(const ImDrawData& data, int width, int height, std::uint32_t ground, std::span<const Drawn> drawn);
  // The next frame is wholly new: its textures are, or the window's pixels are gone.
  void reset() { known_.clear(); }

 private:
  void mark(const Rect& area, std::uint64_t hash);
  int columns_ = 0, rows_ = 0;
  std::vector<std::uint64_t> known_, fresh_;
};

// Any bytes into a stamp.
std::uint64_t mix_stamp(std::uint64_t stamp, std::uint64_t value);

}  // namespace beside::shell
