// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/geometry.h"
#include "engine/ports/frame.h"

namespace beside::ports {

// When the newest update on a canvas passed which step; captured_at is on the sender's clock.
struct UpdateTimes {
  std::uint64_t number = 0;              // of the update; grows, 0 = none yet
  PeerTime captured_at{};
  nanoseconds decided{}, coded{}, sent{};   // after captured_at, as the sender says
  LocalTime received_at{}, decoded_at{};
  bool visible = true;                   // it changed pixels: one that only says who draws what is never seen to arrive
};

// The viewer's picture of one screen: B, G, R, X pixels that stay, into which updates are written in place, and for each
// cell of 16x16 pixels whether it is bit for bit the customer's. Those who draw take the rectangles that changed since
// they last asked and read the pixels under the lock.
// Thread: any; one writer (decode), one reader at a time (ui/shell: main or `pictures`). Failure: none; rectangles are cut to the picture.
class Canvas {
 public:
  static constexpr int kCell = 16;       // pixels, both ways
  static constexpr int kMostSide = 16384;

  // `changed`: called by the writer's thread after commit(), outside the lock, when the reader has nothing waiting yet.
  // WhenCommitted: readers see whole updates only, for a second copy of the picture and of what changes. AtOnce: what is written
  // is there, so that an update can be seen half done.
  enum class Seen : std::uint8_t { AtOnce, WhenCommitted };
  explicit Canvas(std::function<void()> changed = {}, Seen seen = Seen::AtOnce) : changed_(std::move(changed)), seen_(seen) {}

  // ---- writer ----
  // Black, all cells inexact; everything counts as changed. Sides of 1..kMostSide; others leave no picture.
  void reset(int width, int height, std::uint32_t layout_generation, std::uint32_t monitor_id);
  // Pixels of `area`, top row first. `exact`: they are the customer's own.
  void write(const Rect& area, const std::uint8_t* bgrx, std::ptrdiff_t stride, bool exact);
  // Pixels that are not the customer's own, made where they lie: `fill` gets each part that is in the picture and its first pixel.
  using Fill = std::function<void(const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride)>;
  void draw(std::span<const Rect> parts, const Fill& fill);
  // The same and commit() in one go, so that nobody needs a copy of what was there before.
  bool show(std::span<const Rect> parts, const Fill& fill, UpdateTimes& times);
  // As if `from` were read completely before (x, y) is written. Cells become exact only where all that they were made of was.
  void copy(const Rect& from, int x, int y);
  // The pixels of `area` become exact (or not) without a change; a cell is exact when each of its pixels is.
  void mark(const Rect& area, bool exact);
  // Shows what was written since the last commit. False: nothing was.
  bool commit(const UpdateTimes& times);

  // ---- reader ----
  struct Changes {
    bool resized = false;                // size, layout or monitor differ from what was taken before
    int width = 0, height = 0;           // 0: no picture
    std::uint32_t layout_generation = 0, monitor_id = 0;
    std::vector<Rect> damage;            // within the picture, not overlapping, 64 at most
    std::vector<Rect> marks;             // cells whose exactness changed, bounding rectangles
    UpdateTimes times;
  };
  // What changed since the last call; nothing waits any more.
  Changes take();
  // After what was taken is on the screen, while nobody waits: readers get their copy of it now, rather than when the next update
  // begins, which would wait for that. Not after show(): mostly another one follows, which needs none.
  void settle();
  // Calls `read` with the pixels while nobody writes; keep it short. Nothing is called without a picture.
  void read(const std::function<void(const PixelBuffer&)>& read) const;
  bool exact(const Rect& area) const;    // every cell that `area` touches
  bool has_picture() const;

 private:
  void fill_parts(std::span<const Rect> parts, const Fill& fill);
  bool commit_locked(const UpdateTimes& times, bool& tell);
  void before_writing();
  void keep_shown();
  void touch(const Rect& area);
  void set_cells(const Rect& area, bool exact);

  mutable std::mutex mutex_;
  std::function<void()> changed_;
  Seen seen_ = Seen::AtOnce;
  std::unique_ptr<PixelBuffer> pixels_;  // as written
  // WhenCommitted: as readers see it while something is written; else they see pixels_, so that what comes in one go is shown
  // before it is copied.
  std::unique_ptr<PixelBuffer> committed_;
  std::vector<Rect> lacks_;              // what of it was committed since it was brought up to date
  bool any_committed_ = false;           // since reset()
  bool shows_ = false;                   // by show() was committed last
  int columns_ = 0;                      // of cells
  std::vector<std::uint8_t> exact_;      // one per cell, row by row
  std::vector<std::uint8_t> committed_exact_;   // WhenCommitted: the same of committed_
  using CellRows = std::array<std::uint16_t, kCell>;   // a bit per pixel, left = 1
  std::vector<CellRows> exact_rows_;     // which pixels of a cell are exact
  std::uint32_t layout_generation_ = 0, monitor_id_ = 0;
  std::vector<Rect> written_, marked_;   // since the last commit
  Changes waiting_;
  bool waits_ = false;
};

}  // namespace beside::ports
