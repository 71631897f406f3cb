// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/base/result.h"
#include "engine/ports/canvas.h"

namespace beside::headless {

// Each session's canvas and how often something new was on it. Thread: any; one at a time calls look().
class PictureBox {
 public:
  struct Seen {
    std::uint64_t pictures = 0;                 // looks that found something new
    std::shared_ptr<ports::Canvas> canvas;      // null: forgotten
    ports::Canvas::Changes newest;              // of the last look that found something
  };
  void watch(std::uint32_t session, std::shared_ptr<ports::Canvas> canvas);
  void forget(std::uint32_t session);
  // Takes what waits in the canvases.
  std::map<std::uint32_t, Seen> look();
  Seen seen(std::uint32_t session) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, Seen> seen_;
};

// Sixteen hex digits over the pixels' colours: equal pictures have equal hashes. Empty: there is no picture.
std::string hash_of(const ports::Canvas& canvas);
std::string hash_of(const ports::PixelBuffer& pixels);
// Portable pixmap (P6), 8 bits a channel.
Result<void> write_ppm(const ports::Canvas& canvas, const std::string& file);

}  // namespace beside::headless
