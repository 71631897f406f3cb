// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/exact_marks.h"

#include <algorithm>
#include <cstdint>

#include "engine/ports/canvas.h"

namespace beside::shell {
namespace {

constexpr std::size_t kMostGroups = 48;
constexpr int kSmallBox = 64;   // pixels: not cut further, whatever it holds
static_assert(ExactMarks::kCell == ports::Canvas::kCell);

}  // namespace

void ExactMarks::reset(int width, int height, LocalTime now) {
  width_ = width;
  height_ = height;
  columns_ = width > 0 ? (width + kCell - 1) / kCell : 0;
  rows_ = height > 0 ? (height + kCell - 1) / kCell : 0;
  inexact_since_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_), now);
  inexact_ = inexact_since_.size();
  outdated_ = true;
}

Rect ExactMarks::cell(int column, int row) const {
  return Rect{column * kCell, row * kCell, kCell, kCell}.clipped_to({0, 0, width_, height_});
}

void ExactMarks::update(const ports::Canvas& canvas, std::span<const Rect> changed, LocalTime now) {
  for (const Rect& wanted : changed) {
    const Rect area = wanted.clipped_to({0, 0, width_, height_});
    if (area.empty()) continue;
    for (int row = area.y / kCell; row <= (area.bottom() - 1) / kCell; ++row) {
      for (int column = area.x / kCell; column <= (area.right() - 1) / kCell; ++column) {
        LocalTime& since = inexact_since_[static_cast<std::size_t>(row * columns_ + column)];
        const bool was = since == kNever, is = canvas.exact(cell(column, row));
        if (was == is) continue;
        since = is ? kNever : now;
        if (is) --inexact_;
        else ++inexact_;
        outdated_ = true;
      }
    }
  }
}

// What is mostly exact (a column and a row that meet), or large, is cut in the middle until a box says what it means.
void ExactMarks::add_boxes(std::span<int> cells, std::vector<Rect>& boxes) const {
  Rect box;
  std::int64_t inexact = 0;
  for (const int at : cells) {
    const Rect one = cell(at % columns_, at / columns_);
    box = box.united_with(one);
    inexact += std::int64_t{one.width} * one.height;
  }
  const int longer = std::max(box.width, box.height);
  if (longer <= kSmallBox || (longer <= kFarthest && inexact * 4 >= std::int64_t{box.width} * box.height * 3)) return boxes.push_back(box);
  const bool across = box.width == longer;
  const int middle = ((across ? box.x : box.y) + longer / 2) / kCell;
  const auto first = std::partition(cells.begin(), cells.end(), [&](int at) { return (across ? at % columns_ : at / columns_) < middle; });
  add_boxes(std::span(cells.begin(), first), boxes);
  add_boxes(std::span(first, cells.end()), boxes);
}

void ExactMarks::look(LocalTime now) {
  groups_.clear();
  outdated_ = false;
  next_ = kNever;
  if (inexact_ == 0) return;
  std::vector<std::uint8_t> open(inexact_since_.size());
  for (std::size_t i = 0; i < open.size(); ++i) {
    const LocalTime since = inexact_since_[i];
    if (since == kNever) continue;
    if (now - since >= kPatience) open[i] = 1;
    else next_ = std::min(next_, since + kPatience);
  }
  std::vector<int> stack, group;
  for (int start = 0; start < static_cast<int>(open.size()); ++start) {
    if (open[static_cast<std::size_t>(start)] == 0) continue;
    group.clear();
    stack.assign(1, start);
    open[static_cast<std::size_t>(start)] = 0;
    while (!stack.empty()) {
      const int at = stack.back();
      stack.pop_back();
      const int column = at % columns_, row = at / columns_;
      group.push_back(at);
      for (int r = std::max(row - 1, 0); r <= std::min(row + 1, rows_ - 1); ++r) {
        for (int c = std::max(column - 1, 0); c <= std::min(column + 1, columns_ - 1); ++c) {
          std::uint8_t& waits = open[static_cast<std::size_t>(r * columns_ + c)];
          if (waits == 0) continue;
          waits = 0;
          stack.push_back(r * columns_ + c);
        }
      }
    }
    add_boxes(group, groups_);
  }
  std::stable_sort(groups_.begin(), groups_.end(), [](const Rect& a, const Rect& b) {
    return std::int64_t{a.width} * a.height > std::int64_t{b.width} * b.height;
  });
  if (groups_.size() > kMostGroups) groups_.resize(kMostGroups);
}

const std::vector<Rect>& ExactMarks::groups(LocalTime now) {
  if (outdated_ || now >= next_) look(now);
  return groups_;
}

LocalTime ExactMarks::next(LocalTime now) {
  groups(now);
  return next_;
}

}  // namespace beside::shell
