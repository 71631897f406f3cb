// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/tile_history.h"

#include <algorithm>

namespace beside::session {
namespace {

template <typename Fn>
void each_cell(const CellMap& cells, const Rect& area, Fn&& fn) {
  const Rect c = cells.cells_of(area);
  for (int cy = c.y; cy < c.bottom(); ++cy)
    for (int cx = c.x; cx < c.right(); ++cx) fn(cx, cy);
}

}  // namespace

void TileHistory::begin_stream(SeqNo first) {
  waiting_.clear();
  first_ = first;
  lost_ = applied_ = 0;
}

void TileHistory::sent(const wire::TilePacket& packet, LocalTime now) {
  Packet out;
  out.at = now;
  out.picture = picture_;
  out.ops.reserve(packet.ops.size());
  for (const wire::TileOp& op : packet.ops) out.ops.push_back({op.kind, op.area, op.x, op.y});
  waiting_.push_back(std::move(out));
}

// What one packet, applied by the viewer, does to the taint.
void TileHistory::play(const Packet& packet, const CellMap& cells, std::vector<bool>& tainted) const {
  using Kind = wire::TileOpKind;
  for (const Op& op : packet.ops) {
    if (op.kind == Kind::Solid || op.kind == Kind::Tile || op.kind == Kind::Coarse) {
      each_cell(cells, op.area, [&](int cx, int cy) {
        if (const Rect whole = cells.cell(cx, cy); whole.clipped_to(op.area) == whole) tainted[cells.index(cx, cy)] = false;
      });
    } else if (op.kind == Kind::Copy) {
      const int dx = op.x - op.area.x, dy = op.y - op.area.y;
      const std::vector<bool> before = tainted;
      const Rect to{op.x, op.y, op.area.width, op.area.height};
      each_cell(cells, to, [&](int cx, int cy) {
        const Rect whole = cells.cell(cx, cy), part = whole.clipped_to(to);
        bool bad = part != whole && before[cells.index(cx, cy)];
        each_cell(cells, {part.x - dx, part.y - dy, part.width, part.height}, [&](int sx, int sy) { bad = bad || before[cells.index(sx, sy)]; });
        tainted[cells.index(cx, cy)] = bad;
      });
    }
  }
}

void TileHistory::settle(std::size_t count, const std::vector<bool>& applied, const CellMap& cells, std::vector<std::size_t>& stale) {
  std::vector<bool> tainted;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const Packet& packet = waiting_[i];
    const bool known_lost = i < count && !applied[i];
    if (i < count) ++(known_lost ? lost_ : applied_);
    if (packet.picture != picture_) continue;
    if (known_lost) {
      if (tainted.empty()) tainted.resize(static_cast<std::size_t>(cells.columns()) * static_cast<std::size_t>(cells.rows()));
      for (const Op& op : packet.ops) {
        const Rect where = op.kind == wire::TileOpKind::Copy ? Rect{op.x, op.y, op.area.width, op.area.height} : op.area;
        each_cell(cells, where, [&](int cx, int cy) { tainted[cells.index(cx, cy)] = true; });
      }
    } else if (!tainted.empty()) {
      play(packet, cells, tainted);
    } else if (i >= count) {
      break;   // nothing was lost
    }
  }
  for (std::size_t i = 0; i < tainted.size(); ++i)
    if (tainted[i]) stale.push_back(i);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  first_ = SeqNo{static_cast<std::uint16_t>(first_.value + count)};
}

bool TileHistory::on_report(const wire::TileReport& report, const CellMap& cells, std::vector<std::size_t>& stale) {
  if (waiting_.size() > kMost) settle(waiting_.size() - kMost, std::vector<bool>(waiting_.size() - kMost, false), cells, stale);
  // Numbers from the oldest whose fate is unknown: what begins before it was told already.
  const std::int64_t begin = SeqNo{report.begin_seq}.since(first_);
  const std::int64_t end = begin + static_cast<std::int64_t>(report.applied.size());
  if (end > static_cast<std::int64_t>(waiting_.size())) return false;
  if (end <= 0) return true;
  std::vector<bool> fate(static_cast<std::size_t>(end), false);   // what the report no longer tells of counts as lost
  for (std::int64_t at = std::max<std::int64_t>(begin, 0); at < end; ++at)
    fate[static_cast<std::size_t>(at)] = report.applied[static_cast<std::size_t>(at - begin)];
  settle(static_cast<std::size_t>(end), fate, cells, stale);
  return true;
}

}  // namespace beside::session
