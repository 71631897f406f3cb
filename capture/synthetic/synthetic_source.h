// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "engine/ports/desktop.h"

namespace beside::capture {

// Scenes drawn by arithmetic, the same on every run: for tests and benchmarks, never in a shipped customer program.
enum class Scene : std::uint8_t {
  Still,         // one frame, then nothing
  Typing,        // one 8x16 glyph a frame
  Scroll,        // a text pane moves up by 16 lines a frame
  MovingWindow,  // a 320x200 window crosses the desktop by 8 pixels a frame
  Noise,         // every pixel, every frame
  Film,          // a grainy picture pans by 3 pixels a frame under a turning wheel: what a camera gives a coder to do
  FilmAndText,   // the same in the upper left, two thirds of each side, and a glyph a frame below it
};

// Holds a scene still and says what it shows: what a viewer has in the end is compared with that. Thread: any.
class SceneHold {
 public:
  // Nothing is drawn any more; `told` is called once, on the capture thread, with the picture as it stays.
  void rest(std::function<void(const ports::PixelBuffer&)> told);
  // The source asks before it draws, with the picture as it is.
  bool resting(const ports::PixelBuffer& picture);

 private:
  std::mutex mutex_;
  bool resting_ = false;
  std::function<void(const ports::PixelBuffer&)> told_;
};

struct SyntheticOptions {
  int width = 1280, height = 720;
  Scene scene = Scene::Typing;
  nanoseconds frame_interval = 33'333'333ns;  // next() waits so long between frames; 0 = a frame on every call
  std::uint64_t frame_limit = 0;              // no frame after so many; 0 = no limit
  std::uint32_t seed = 1;
  std::shared_ptr<SceneHold> hold;            // null: nobody holds it still
};

// Same rules as the X source: the grant at start(), the gate before every frame. With frame_interval 0 it never looks at
// a clock.
std::unique_ptr<ports::FrameSource> make_synthetic_source(SyntheticOptions options,
                                                          std::shared_ptr<const ports::RightsGate> gate);

}  // namespace beside::capture
