// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/x11/shared_memory.h"

namespace beside::shell {

// A window within our window that holds nothing but pixels: memory that the server shares, put rectangle by rectangle. It
// takes no input (its input shape is empty), so pointer, keys and cursor are the window's below, and it paints no ground of
// its own, so nothing flashes when it comes, goes or grows. Clipped to the parts that nobody draws over.
// Thread: any, one at a time. Owns its connection to the server, the window and the memory.
// Lifetime: the parent must outlive it. Blocking: sync() and place() wait for the server's answer.
class PictureWindow {
 public:
  // `best`: no better way to the server's memory is tried (tests). Environment (with the reason, for the log) on displays with
  // a palette, or where windows cannot let input through; then pictures are drawn in another way.
  static Result<std::unique_ptr<PictureWindow>> create(std::uint32_t parent, x11::SharedMemory::Way best = x11::SharedMemory::Way::Descriptor);
  virtual ~PictureWindow() = default;

  // B, G, R, X, whatever the display stores. The memory of the window's pixels, top row first, rows stride() bytes apart, width() x height() pixels. What it holds
  // is not on the screen before put().
  virtual std::uint8_t* pixels() = 0;
  virtual std::ptrdiff_t stride() const = 0;
  virtual int width() const = 0;
  virtual int height() const = 0;
  // Prepares memory for this size; true if the pixels are new (black) and must be written again.
  virtual Result<bool> resize(int width, int height) = 0;
  // Shows the window, in its present size, at (x, y) of the parent; `visible`: which parts of it, in its own pixels.
  virtual void place(int x, int y, std::span<const Rect> visible) = 0;
  virtual void hide() = 0;
  virtual bool shown() const = 0;
  // Rectangles of pixels() go to the window. Other pixels may be written before sync(), these not.
  virtual void put(std::span<const Rect> areas) = 0;
  // As put(), but from memory of the caller's: what lies over the picture. `area` in pixels of the window.
  virtual void put_over(const Rect& area, const std::uint8_t* bgrx, std::ptrdiff_t stride) = 0;
  // The server begins with what was put so far.
  virtual void flush() = 0;
  // Sends everything and waits until the server has drawn it.
  virtual void sync() = 0;
  // Readable when the server has something to say; pump() then says what must be put again since it was uncovered. Not readable
  // where that came along with the answer that sync() waited for: whoever waits asks has_events() first.
  virtual int fd() const = 0;
  virtual bool has_events() = 0;
  virtual std::vector<Rect> pump() = 0;
  virtual bool alive() const = 0;           // false: the connection broke (a limit of the server's, or its end)
  virtual std::string describe() const = 0; // "MIT-SHM fd, 16-bit colours"
};

}  // namespace beside::shell
