// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/damage_set.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace beside::capture {
namespace {

std::int64_t area_of(const Rect& r) { return r.empty() ? 0 : std::int64_t{r.width} * r.height; }
bool overlap(const Rect& a, const Rect& b) { return !a.clipped_to(b).empty(); }
// One box is better than two when it reads few pixels more than they do.
bool belong_together(const Rect& a, const Rect& b) {
  return overlap(a, b) || area_of(a.united_with(b)) <= (area_of(a) + area_of(b)) * 3 / 2 + 4096;
}

// Unites until no two overlap or belong together.
void settle(std::vector<Rect>& rects) {
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = 0; i < rects.size() && !again; ++i)
      for (std::size_t j = i + 1; j < rects.size(); ++j)
        if (belong_together(rects[i], rects[j])) {
          rects[i] = rects[i].united_with(rects[j]);
          rects.erase(rects.begin() + static_cast<std::ptrdiff_t>(j));
          again = true;
          break;
        }
  }
}

void unite_cheapest_pair(std::vector<Rect>& rects) {
  std::size_t a = 0, b = 1;
  std::int64_t best = INT64_MAX;
  for (std::size_t i = 0; i < rects.size(); ++i)
    for (std::size_t j = i + 1; j < rects.size(); ++j) {
      const std::int64_t cost = area_of(rects[i].united_with(rects[j])) - area_of(rects[i]) - area_of(rects[j]);
      if (cost < best) best = cost, a = i, b = j;
    }
  rects[a] = rects[a].united_with(rects[b]);
  rects.erase(rects.begin() + static_cast<std::ptrdiff_t>(b));
}

}  // namespace

void DamageSet::add(const Rect& rect) {
  if (rect.empty()) return;
  for (Rect& known : rects_)
    if (known.clipped_to(rect) == rect) return;
  std::erase_if(rects_, [&](const Rect& known) { return rect.clipped_to(known) == known; });
  rects_.push_back(rect);
  if (rects_.size() > most_) unite_cheapest_pair(rects_);
}

std::int64_t DamageSet::area() const {
  std::int64_t sum = 0;
  for (const Rect& r : rects_) sum += area_of(r);
  return sum;
}

std::vector<Rect> DamageSet::boxes(const Rect& bounds, std::size_t most_boxes) const {
  std::vector<Rect> out;
  for (const Rect& r : rects_)
    if (const Rect inside = r.clipped_to(bounds); !inside.empty()) out.push_back(inside);
  settle(out);
  while (out.size() > most_boxes) {
    unite_cheapest_pair(out);
    settle(out);
  }
  return out;
}

std::vector<Rect> compare_tiles(const std::uint8_t* now, std::ptrdiff_t now_stride, const std::uint8_t* before,
                                std::ptrdiff_t before_stride, const Rect& box, Shrink shrink) {
  std::vector<Rect> out;
  for (int ty = box.y; ty < box.bottom(); ty = (ty / kTile + 1) * kTile) {
    const int tb = std::min((ty / kTile + 1) * kTile, box.bottom());
    for (int tx = box.x; tx < box.right(); tx = (tx / kTile + 1) * kTile) {
      const int tr = std::min((tx / kTile + 1) * kTile, box.right());
      const auto bytes = static_cast<std::size_t>(tr - tx) * 4;
      int top = -1, bottom = -1;
      std::size_t left = bytes, right = 0;  // bytes, half-open
      for (int y = ty; y < tb; ++y) {
        const std::uint8_t* a = now + (y - box.y) * now_stride + std::ptrdiff_t{4} * (tx - box.x);
        const std::uint8_t* b = before + y * before_stride + std::ptrdiff_t{4} * tx;
        if (std::memcmp(a, b, bytes) == 0) continue;
        if (shrink == Shrink::No) {
          out.push_back({tx, ty, tr - tx, tb - ty});
          break;
        }
        if (top < 0) top = y;
        bottom = y;
        std::size_t first = 0;
        while (a[first] == b[first]) ++first;
        std::size_t last = bytes - 1;
        while (a[last] == b[last]) --last;
        left = std::min(left, first);
        right = std::max(right, last + 1);
      }
      if (top < 0) continue;
      const int l = tx + static_cast<int>(left / 4), r = tx + static_cast<int>((right + 3) / 4);
      out.push_back({l, top, r - l, bottom + 1 - top});
    }
  }
  return out;
}

std::vector<Rect> join_tiles(std::vector<Rect> rects, std::size_t most) {
  // Neighbours that share a whole side become one; nothing unchanged is added by this.
  std::sort(rects.begin(), rects.end(), [](const Rect& a, const Rect& b) { return a.y != b.y ? a.y < b.y : a.x < b.x; });
  std::vector<Rect> rows;
  for (const Rect& r : rects) {
    if (!rows.empty() && rows.back().y == r.y && rows.back().height == r.height && rows.back().right() == r.x)
      rows.back().width += r.width;
    else
      rows.push_back(r);
  }
  std::sort(rows.begin(), rows.end(), [](const Rect& a, const Rect& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  std::vector<Rect> out;
  for (const Rect& r : rows) {
    if (!out.empty() && out.back().x == r.x && out.back().width == r.width && out.back().bottom() == r.y)
      out.back().height += r.height;
    else
      out.push_back(r);
  }
  if (out.size() <= most) return out;
  // Too many: one rectangle per row of tiles, rows taken together until they fit. Tiles of different rows never overlap.
  for (int band = kTile; out.size() > most; band *= 2) {
    std::map<int, Rect> bands;
    for (const Rect& r : rects) bands[r.y / band] = bands[r.y / band].united_with(r);
    out.clear();
    for (const auto& entry : bands) out.push_back(entry.second);
  }
  return out;
}

}  // namespace beside::capture
