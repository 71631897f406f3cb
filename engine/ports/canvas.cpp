// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ports/canvas.h"

#include <algorithm>
#include <cstring>

#include "engine/base/rect_set.h"
#include "engine/ports/change_detector.h"
#include "engine/ports/copies.h"

namespace beside::ports {

void Canvas::reset(int width, int height, std::uint32_t layout_generation, std::uint32_t monitor_id) {
  const std::lock_guard lock(mutex_);
  const bool sane = width > 0 && height > 0 && width <= kMostSide && height <= kMostSide;
  pixels_ = sane ? make_pixel_buffer(width, height) : nullptr;
  columns_ = sane ? (width + kCell - 1) / kCell : 0;
  exact_.assign(sane ? static_cast<std::size_t>(columns_) * static_cast<std::size_t>((height + kCell - 1) / kCell) : 0, 0);
  exact_rows_.assign(exact_.size(), CellRows{});
  committed_.reset();
  lacks_.clear();
  any_committed_ = false;
  committed_exact_.assign(exact_.size(), 0);
  layout_generation_ = layout_generation;
  monitor_id_ = monitor_id;
  written_.clear();
  marked_.clear();
  waiting_ = {};
  waiting_.resized = true;
  if (!sane) return;
  touch({0, 0, width, height});
  marked_.push_back({0, 0, width, height});
}

void Canvas::write(const Rect& area, const std::uint8_t* bgrx, std::ptrdiff_t stride, bool exact) {
  const std::lock_guard lock(mutex_);
  if (!pixels_) return;
  const Rect inside = area.clipped_to({0, 0, pixels_->width, pixels_->height});
  if (inside.empty()) return;
  before_writing();
  const std::size_t bytes = static_cast<std::size_t>(inside.width) * 4;
  for (int y = inside.y; y < inside.bottom(); ++y)
    std::memcpy(pixels_->row(y) + std::ptrdiff_t{4} * inside.x, bgrx + (y - area.y) * stride + std::ptrdiff_t{4} * (inside.x - area.x), bytes);
  count_copy(CopyStep::Canvas, std::int64_t{inside.width} * inside.height);
  set_cells(inside, exact);
  touch(inside);
}

void Canvas::fill_parts(std::span<const Rect> parts, const Fill& fill) {
  for (const Rect& part : parts) {
    const Rect inside = part.clipped_to({0, 0, pixels_->width, pixels_->height});
    if (inside.empty()) continue;
    fill(inside, pixels_->row(inside.y) + std::ptrdiff_t{4} * inside.x, pixels_->stride);
    set_cells(inside, false);
    touch(inside);
  }
}

void Canvas::draw(std::span<const Rect> parts, const Fill& fill) {
  const std::lock_guard lock(mutex_);
  if (!pixels_ || parts.empty()) return;
  before_writing();
  fill_parts(parts, fill);
}

bool Canvas::show(std::span<const Rect> parts, const Fill& fill, UpdateTimes& times) {
  bool any = false, tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (pixels_) fill_parts(parts, fill);
    times.decoded_at = local_now();
    any = commit_locked(times, tell);
    shows_ = true;
  }
  if (tell && changed_) changed_();
  return any;
}

void Canvas::copy(const Rect& from, int x, int y) {
  const std::lock_guard lock(mutex_);
  if (!pixels_) return;
  const Rect whole{0, 0, pixels_->width, pixels_->height};
  const int dx = x - from.x, dy = y - from.y;
  Rect to = Rect{x, y, from.width, from.height}.clipped_to(whole);
  to = to.clipped_to(Rect{dx, dy, whole.width, whole.height});   // whose source lies inside as well
  if (to.empty()) return;
  before_writing();
  const Rect source{to.x - dx, to.y - dy, to.width, to.height};
  const std::vector<std::uint8_t> before = exact_;   // what the source's cells were, before any is written
  const std::size_t bytes = static_cast<std::size_t>(to.width) * 4;
  const auto row = [&](int at) {
    std::memmove(pixels_->row(at) + std::ptrdiff_t{4} * to.x, pixels_->row(at - dy) + std::ptrdiff_t{4} * source.x, bytes);
  };
  if (dy <= 0) {
    for (int at = to.y; at < to.bottom(); ++at) row(at);
  } else {
    for (int at = to.bottom() - 1; at >= to.y; --at) row(at);
  }
  // Runs of destination cells that became the same are marked together.
  for (int cy = to.y / kCell; cy <= (to.bottom() - 1) / kCell; ++cy) {
    Rect run;
    bool run_exact = false;
    for (int cx = to.x / kCell; cx <= (to.right() - 1) / kCell; ++cx) {
      const Rect part = Rect{cx * kCell, cy * kCell, kCell, kCell}.clipped_to(to);
      bool exact = true;
      for (int sy = (part.y - dy) / kCell; sy <= (part.bottom() - 1 - dy) / kCell; ++sy)
        for (int sx = (part.x - dx) / kCell; sx <= (part.right() - 1 - dx) / kCell; ++sx)
          exact = exact && before[static_cast<std::size_t>(sy * columns_ + sx)] != 0;
      if (!run.empty() && exact != run_exact) {
        set_cells(run, run_exact);
        run = {};
      }
      run = run.united_with(part);
      run_exact = exact;
    }
    set_cells(run, run_exact);
  }
  touch(to);
}

void Canvas::mark(const Rect& area, bool exact) {
  const std::lock_guard lock(mutex_);
  if (!pixels_) return;
  set_cells(area.clipped_to({0, 0, pixels_->width, pixels_->height}), exact);
}

bool Canvas::commit(const UpdateTimes& times) {
  bool any = false, tell = false;
  {
    const std::lock_guard lock(mutex_);
    any = commit_locked(times, tell);
    shows_ = false;
  }
  if (tell && changed_) changed_();
  return any;
}

bool Canvas::commit_locked(const UpdateTimes& times, bool& tell) {
  if (!pixels_ && !waiting_.resized) return false;
  const bool any = !written_.empty();
  if (seen_ == Seen::WhenCommitted && pixels_) {
    for (const Rect& r : written_) add_united(lacks_, r);
    any_committed_ = true;
    committed_exact_ = exact_;
  }
  for (const Rect& r : written_) add_united(waiting_.damage, r);
  for (const Rect& r : marked_) add_united(waiting_.marks, r);
  written_.clear();
  marked_.clear();
  waiting_.width = pixels_ ? pixels_->width : 0;
  waiting_.height = pixels_ ? pixels_->height : 0;
  waiting_.layout_generation = layout_generation_;
  waiting_.monitor_id = monitor_id_;
  waiting_.times = times;
  tell = !std::exchange(waits_, true);
  return any;
}

Canvas::Changes Canvas::take() {
  const std::lock_guard lock(mutex_);
  waits_ = false;
  Changes out = waiting_;
  waiting_.resized = false;
  waiting_.damage.clear();
  waiting_.marks.clear();
  return out;
}

void Canvas::read(const std::function<void(const PixelBuffer&)>& read) const {
  const std::lock_guard lock(mutex_);
  const PixelBuffer* seen = pixels_.get();
  if (seen_ == Seen::WhenCommitted && !any_committed_) seen = nullptr;
  else if (seen_ == Seen::WhenCommitted && !written_.empty()) seen = committed_.get();
  if (seen != nullptr) read(*seen);
}

void Canvas::settle() {
  const std::lock_guard lock(mutex_);
  if (seen_ == Seen::WhenCommitted && any_committed_ && written_.empty() && !shows_) keep_shown();
}

bool Canvas::exact(const Rect& area) const {
  const std::lock_guard lock(mutex_);
  if (!pixels_) return false;
  const Rect inside = area.clipped_to({0, 0, pixels_->width, pixels_->height});
  if (inside.empty()) return false;
  const std::vector<std::uint8_t>& cells = seen_ == Seen::WhenCommitted ? committed_exact_ : exact_;
  for (int cy = inside.y / kCell; cy <= (inside.bottom() - 1) / kCell; ++cy)
    for (int cx = inside.x / kCell; cx <= (inside.right() - 1) / kCell; ++cx)
      if (cells[static_cast<std::size_t>(cy * columns_ + cx)] == 0) return false;
  return true;
}

bool Canvas::has_picture() const {
  const std::lock_guard lock(mutex_);
  return pixels_ != nullptr;
}

// The first of an update: from now on readers see the copy.
void Canvas::before_writing() {
  if (seen_ == Seen::WhenCommitted && any_committed_ && written_.empty()) keep_shown();
}

void Canvas::keep_shown() {
  if (!committed_) {
    committed_ = make_pixel_buffer(pixels_->width, pixels_->height);
    lacks_.assign(1, {0, 0, pixels_->width, pixels_->height});
  }
  for (const Rect& r : lacks_) {
    copy_pixels(*committed_, *pixels_, r);
    count_copy(CopyStep::Shown, std::int64_t{r.width} * r.height);
  }
  lacks_.clear();
}

void Canvas::touch(const Rect& area) { add_united(written_, area); }

// A cell is exact when each of its pixels is; packets end at any row, so a cell may become so piece by piece.
void Canvas::set_cells(const Rect& area, bool exact) {
  if (area.empty()) return;
  bool changed = false;
  for (int cy = area.y / kCell; cy <= (area.bottom() - 1) / kCell; ++cy) {
    for (int cx = area.x / kCell; cx <= (area.right() - 1) / kCell; ++cx) {
      const Rect cell = Rect{cx * kCell, cy * kCell, kCell, kCell}.clipped_to({0, 0, pixels_->width, pixels_->height});
      const Rect part = cell.clipped_to(area);
      const auto at = static_cast<std::size_t>(cy * columns_ + cx);
      std::uint8_t& now = exact_[at];
      if (exact && now != 0) continue;
      const auto columns_of = [&](const Rect& r) { return static_cast<std::uint16_t>(((1u << r.width) - 1) << (r.x - cell.x)); };
      CellRows& rows = exact_rows_[at];
      std::uint8_t next = exact ? 1 : 0;
      for (int y = part.y; y < part.bottom(); ++y) {
        std::uint16_t& row = rows[static_cast<std::size_t>(y - cell.y)];
        row = static_cast<std::uint16_t>(exact ? row | columns_of(part) : row & ~columns_of(part));
      }
      for (int y = 0; exact && y < cell.height; ++y) next = rows[static_cast<std::size_t>(y)] == columns_of(cell) ? next : 0;
      changed = changed || next != now;
      now = next;
    }
  }
  if (changed) add_united(marked_, area);
}

}  // namespace beside::ports
