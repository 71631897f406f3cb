// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/cell_map.h"

namespace beside::session {

void CellMap::reset(int width, int height) {
  width_ = width;
  height_ = height;
  columns_ = (width + kCell - 1) / kCell;
  rows_ = (height + kCell - 1) / kCell;
  const std::size_t cells = static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_);
  flags_.assign(cells, kStale);
  owners_.assign(cells, 0);
}

Rect CellMap::cells_of(const Rect& area) const {
  const Rect inside = area.clipped_to(picture());
  if (inside.empty()) return {};
  const int left = inside.x / kCell, top = inside.y / kCell;
  return {left, top, (inside.right() - 1) / kCell + 1 - left, (inside.bottom() - 1) / kCell + 1 - top};
}

Rect CellMap::grown(const Rect& area) const {
  const Rect c = cells_of(area);
  return Rect{c.x * kCell, c.y * kCell, c.width * kCell, c.height * kCell}.clipped_to(picture());
}

bool CellMap::clean(const Rect& area) const {
  const Rect c = cells_of(area);
  for (int cy = c.y; cy < c.bottom(); ++cy)
    for (int cx = c.x; cx < c.right(); ++cx)
      if ((at(cx, cy) & (kExact | kStale)) != kExact || owner(cx, cy) != 0) return false;
  return true;
}

bool CellMap::owned(const Rect& area) const {
  const Rect c = cells_of(area);
  for (int cy = c.y; cy < c.bottom(); ++cy)
    for (int cx = c.x; cx < c.right(); ++cx)
      if (owner(cx, cy) != 0) return true;
  return false;
}

Rect CellMap::owned_part(const Rect& area) const {
  Rect out;
  const Rect c = cells_of(area);
  for (int cy = c.y; cy < c.bottom(); ++cy)
    for (int cx = c.x; cx < c.right(); ++cx)
      if (owner(cx, cy) != 0) out = out.united_with(cell(cx, cy));
  return out;
}

void CellMap::set(const Rect& area, std::uint8_t flag) {
  const Rect c = cells_of(area);
  for (int cy = c.y; cy < c.bottom(); ++cy)
    for (int cx = c.x; cx < c.right(); ++cx) flags_[index(cx, cy)] |= flag;
}

void CellMap::clear(const Rect& area, std::uint8_t flag) {
  const Rect c = cells_of(area);
  for (int cy = c.y; cy < c.bottom(); ++cy)
    for (int cx = c.x; cx < c.right(); ++cx) flags_[index(cx, cy)] &= static_cast<std::uint8_t>(~flag);
}

void CellMap::write(const Rect& area, bool exact) {
  const Rect inside = area.clipped_to(picture());
  const Rect c = cells_of(inside);
  for (int cy = c.y; cy < c.bottom(); ++cy) {
    for (int cx = c.x; cx < c.right(); ++cx) {
      const Rect whole = cell(cx, cy);
      const bool covered = whole.clipped_to(inside) == whole;
      std::uint8_t& now = flags_[index(cx, cy)];
      if (covered) now &= static_cast<std::uint8_t>(~kStale);
      if (!exact) now &= static_cast<std::uint8_t>(~kExact);
      else if (covered) now |= kExact;
    }
  }
}

void CellMap::copy(const Rect& from, int x, int y) {
  const int dx = x - from.x, dy = y - from.y;
  const Rect to = Rect{x, y, from.width, from.height}.clipped_to(picture()).clipped_to(Rect{dx, dy, width_, height_});
  const Rect c = cells_of(to);
  const std::vector<std::uint8_t> before = flags_;
  for (int cy = c.y; cy < c.bottom(); ++cy) {
    for (int cx = c.x; cx < c.right(); ++cx) {
      const Rect part = cell(cx, cy).clipped_to(to);
      const Rect source = cells_of({part.x - dx, part.y - dy, part.width, part.height});
      bool exact = true, stale = false;
      for (int sy = source.y; sy < source.bottom(); ++sy) {
        for (int sx = source.x; sx < source.right(); ++sx) {
          exact = exact && (before[index(sx, sy)] & kExact) != 0;
          stale = stale || (before[index(sx, sy)] & kStale) != 0;
        }
      }
      write(part, exact);
      if (stale) flags_[index(cx, cy)] |= kStale;
    }
  }
}

void CellMap::give(const Rect& area, std::uint8_t owner) {
  const Rect c = cells_of(area);
  for (int cy = c.y; cy < c.bottom(); ++cy) {
    for (int cx = c.x; cx < c.right(); ++cx) {
      owners_[index(cx, cy)] = owner;
      flags_[index(cx, cy)] &= static_cast<std::uint8_t>(~kExact);
    }
  }
}

}  // namespace beside::session
