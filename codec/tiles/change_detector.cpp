// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ports/change_detector.h"

#include <algorithm>
#include <cstring>

#include "codec/tiles/tiles.h"

namespace beside::tiles {
namespace {

using ports::kCellSide;
using ports::kTileSide;
using ports::PixelBuffer;

constexpr int kCellsAcross = kTileSide / kCellSide;

const std::uint8_t* at(const PixelBuffer& p, int x, int y) { return p.row(y) + std::ptrdiff_t{4} * x; }
bool same_pixel(const PixelBuffer& a, const PixelBuffer& b, int x, int y) { return std::memcmp(at(a, x, y), at(b, x, y), 3) == 0; }

class Detector final : public ports::ChangeDetector {
 public:
  void find(const PixelBuffer& shadow, const PixelBuffer& frame, std::span<const Rect> where, std::vector<Rect>& changed) override {
    changed.clear();
    ports::tile_boxes(std::min(shadow.width, frame.width), std::min(shadow.height, frame.height), where, boxes_);
    for (const Rect& box : boxes_) {
      if (!box.empty()) find_in_tile(shadow, frame, box, changed);
    }
  }

 private:
  // `box` lies within one tile.
  static void find_in_tile(const PixelBuffer& a, const PixelBuffer& b, const Rect& box, std::vector<Rect>& changed) {
    int top = box.y;
    while (top < box.bottom() && ports::same_row(at(a, box.x, top), at(b, box.x, top), box.width)) ++top;
    if (top == box.bottom()) return;
    const int left = box.x / kTileSide * kTileSide, up = box.y / kTileSide * kTileSide;
    Rect open[kCellsAcross];   // found in the row of cells above, and still to grow
    int open_count = 0;
    for (int cy = 0; cy < kCellsAcross; ++cy) {
      Rect runs[kCellsAcross];
      int run_count = 0;
      Rect run;
      for (int cx = 0; cx <= kCellsAcross; ++cx) {
        const Rect cell = Rect{left + cx * kCellSide, up + cy * kCellSide, kCellSide, kCellSide}.clipped_to(box);
        if (cx < kCellsAcross && !cell.empty() && cell.bottom() > top && !ports::same_pixels(a, b, cell)) {
          run = run.united_with(cell);
        } else if (!run.empty()) {
          runs[run_count++] = run;
          run = {};
        }
      }
      // What is as wide as a run above grows downwards, the others are complete.
      for (int i = 0; i < open_count; ++i) {
        Rect* below = std::find_if(runs, runs + run_count, [&](const Rect& r) { return r.x == open[i].x && r.width == open[i].width; });
        if (below == runs + run_count) {
          changed.push_back(tight(a, b, open[i]));
        } else {
          *below = below->united_with(open[i]);
        }
      }
      std::copy_n(runs, run_count, open);
      open_count = run_count;
    }
    for (int i = 0; i < open_count; ++i) changed.push_back(tight(a, b, open[i]));
  }

  // `r` holds at least one changed pixel.
  static Rect tight(const PixelBuffer& a, const PixelBuffer& b, Rect r) {
    const auto same = [&](int y) { return ports::same_row(at(a, r.x, y), at(b, r.x, y), r.width); };
    int top = r.y, bottom = r.bottom();
    while (top < bottom - 1 && same(top)) ++top;
    while (bottom - 1 > top && same(bottom - 1)) --bottom;
    int left = r.right(), right = r.x;
    for (int y = top; y < bottom; ++y) {
      for (int x = r.x; x < left; ++x) {
        if (!same_pixel(a, b, x, y)) left = x;
      }
      for (int x = r.right() - 1; x >= right; --x) {
        if (!same_pixel(a, b, x, y)) right = x + 1;
      }
    }
    return {left, top, right - left, bottom - top};
  }

  std::vector<Rect> boxes_;   // per tile: what of it is to be looked at
};

}  // namespace

std::unique_ptr<ports::ChangeDetector> make_change_detector() { return std::make_unique<Detector>(); }

}  // namespace beside::tiles
