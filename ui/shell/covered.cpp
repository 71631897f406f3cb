// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/covered.h"

#include <imgui.h>

#include <algorithm>
#include <cstdint>

#include "engine/base/rect_set.h"
#include "ui/shell/triangle_bounds.h"

namespace beside::shell {
namespace {

constexpr std::size_t kMostHoles = 24, kMostChanges = 48;

std::int64_t pixels(const Rect& r) { return std::int64_t{r.width} * r.height; }

// Two boxes become one where that wastes little: glyphs of a line do, the four sides of a frame do not.
bool worth_uniting(const Rect& a, const Rect& b) {
  const Rect both = a.united_with(b);
  return pixels(both) <= (pixels(a) + pixels(b)) * 5 / 4 + 256;
}

class Boxes {
 public:
  explicit Boxes(const Rect& area) : area_(area) {}
  void add(Rect box) {
    box = box.clipped_to(area_);
    if (box.empty() || full()) return;
    // A neighbour of the last one mostly belongs to it.
    for (std::size_t i = boxes_.size(); i-- > 0;) {
      if (!worth_uniting(boxes_[i], box)) continue;
      box = boxes_[i].united_with(box);
      boxes_.erase(boxes_.begin() + static_cast<std::ptrdiff_t>(i));
      i = boxes_.size();   // the grown one may take in others
    }
    boxes_.push_back(box);
    if (boxes_.size() > kMostHoles) unite_cheapest();
  }
  bool full() const { return boxes_.size() == 1 && boxes_[0] == area_; }
  std::vector<Rect> take() { return std::move(boxes_); }

 private:
  void unite_cheapest() {
    std::size_t best_a = 0, best_b = 1;
    std::int64_t least = INT64_MAX;
    for (std::size_t a = 0; a < boxes_.size(); ++a) {
      for (std::size_t b = a + 1; b < boxes_.size(); ++b) {
        const std::int64_t waste = pixels(boxes_[a].united_with(boxes_[b])) - pixels(boxes_[a]) - pixels(boxes_[b]);
        if (waste < least) {
          least = waste;
          best_a = a;
          best_b = b;
        }
      }
    }
    boxes_[best_a] = boxes_[best_a].united_with(boxes_[best_b]);
    boxes_.erase(boxes_.begin() + static_cast<std::ptrdiff_t>(best_b));
  }
  Rect area_;
  std::vector<Rect> boxes_;
};

void add_command(Boxes& boxes, const ImDrawList& list, const ImDrawCmd& command, const Rect& area) {
  const ImVec4& c = command.ClipRect;
  const Rect clip = around(c.x, c.y, c.z, c.w).clipped_to(area);
  if (clip.empty()) return;
  for (unsigned i = 0; i + 2 < command.ElemCount && !boxes.full(); i += 3) {
    ImU32 any = 0;
    const Bounds at = bounds_of(list, command, i, [&](const ImDrawVert& v) { any |= v.col & IM_COL32_A_MASK; });
    if (any == 0 || at.right <= at.left || at.bottom <= at.top) continue;
    boxes.add(around(at.left, at.top, at.right, at.bottom).clipped_to(clip));
  }
}

}  // namespace

std::vector<Rect> covered_parts(const ImDrawData& data, const void* drawing, const Rect& area) {
  Boxes boxes(area);
  bool after = false;
  for (int l = 0; l < data.CmdListsCount; ++l) {
    const ImDrawList& list = *data.CmdLists[l];
    for (const ImDrawCmd& command : list.CmdBuffer) {
      if (command.UserCallback != nullptr) {
        after = after || command.UserCallbackData == drawing;
      } else if (after) {
        add_command(boxes, list, command, area);
      }
    }
  }
  return after ? boxes.take() : std::vector<Rect>{area};
}

std::vector<Rect> left_over(const Rect& area, std::span<const Rect> holes) {
  std::vector<Rect> parts;
  if (!area.empty()) parts.push_back(area);
  for (const Rect& hole : holes) subtract(parts, hole);
  return parts;
}

void add_change(std::vector<Rect>& changes, Rect area) { add_united(changes, area, kMostChanges); }

}  // namespace beside::shell
