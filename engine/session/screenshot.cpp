// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screenshot.h"

#include <algorithm>
#include <cstring>

#include "engine/ports/change_detector.h"

namespace beside::session {
namespace {

constexpr int kTile = 64;

// The X byte of a pixel says nothing, but it is copied with the others and stays the same between two copies.
bool same(const ports::PixelBuffer& a, const ports::PixelBuffer& b) {
  if (a.width != b.width || a.height != b.height) return false;
  for (int y = 0; y < a.height; ++y)
    if (std::memcmp(a.row(y), b.row(y), static_cast<std::size_t>(a.width) * 4) != 0) return false;
  return true;
}

}  // namespace

std::unique_ptr<ports::PixelBuffer> Screenshot::copy() const {
  std::unique_ptr<ports::PixelBuffer> out;
  canvas_->read([&](const ports::PixelBuffer& pixels) {
    out = ports::make_pixel_buffer(pixels.width, pixels.height);
    ports::copy_pixels(*out, pixels, {0, 0, pixels.width, pixels.height});
  });
  return out;
}

std::unique_ptr<ports::PixelBuffer> Screenshot::as_it_is() {
  look();
  return copy();
}

// How much is not exact, and where.
void Screenshot::look() {
  int width = 0, height = 0;
  canvas_->read([&](const ports::PixelBuffer& pixels) {
    width = pixels.width;
    height = pixels.height;
  });
  inexact_ = {};
  std::int64_t missing = 0;
  for (int y = 0; y < height; y += kTile)
    for (int x = 0; x < width; x += kTile) {
      const Rect tile = Rect{x, y, kTile, kTile}.clipped_to({0, 0, width, height});
      if (canvas_->exact(tile)) continue;
      missing += std::int64_t{tile.width} * tile.height;
      inexact_ = inexact_.united_with(tile);
    }
  const std::int64_t all = std::int64_t{width} * height;
  // What is missing is never told as nothing.
  inexact_permille_ = all == 0 ? 1000 : missing == 0 ? 0 : static_cast<int>(std::max<std::int64_t>(1, missing * 1000 / all));
}

std::unique_ptr<ports::PixelBuffer> Screenshot::poll(LocalTime now) {
  if (timed_out_) return nullptr;
  next_look_ = now + kLook;
  look();
  if (inexact_permille_ == 0) {
    auto first = copy();
    look();
    if (first && inexact_permille_ == 0)
      if (auto second = copy(); second && same(*first, *second)) return second;
  }
  if (now >= patience_) timed_out_ = true;
  return nullptr;
}

}  // namespace beside::session
