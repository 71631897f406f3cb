// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/base/clock.h"
#include "engine/session/cell_map.h"
#include "engine/wire/rtcp.h"
#include "engine/wire/tiles.h"

namespace beside::session {

// The packets of a tile stream whose fate is not known yet, and what was in them. The viewer applies packets strictly in
// order and reports for good which it applied (wire::TileReport), so that the sender can play the same order again: a lost
// packet taints its cells; a later copy that reads a tainted cell taints what it wrote, whole exact pixels cure. What is
// tainted in the end is what has to be sent anew, and nothing else. The viewer needs to know nothing of what was lost.
// Thread: the owner's. No I/O.
class TileHistory {
 public:
  static constexpr std::size_t kMost = 16384;       // packets without a report; beyond, the oldest count as lost

  void begin_stream(SeqNo first);                   // nothing of an older stream counts any more
  void begin_picture() { picture_ += 1; }           // what older packets did is of no use; they are still reported
  // The next packet in order.
  void sent(const wire::TilePacket& packet, LocalTime now);
  // Appends the indices of tainted cells (of `cells`' picture) to `stale`, perhaps twice. False: the report fits nothing that
  // was sent, and is ignored.
  bool on_report(const wire::TileReport& report, const CellMap& cells, std::vector<std::size_t>& stale);
  bool all_known() const { return waiting_.empty(); }
  std::size_t unknown() const { return waiting_.size(); }
  LocalTime oldest() const { return waiting_.empty() ? kNever : waiting_.front().at; }
  std::uint64_t lost() const { return lost_; }      // packets, since the beginning of the stream
  std::uint64_t applied() const { return applied_; }

 private:
  struct Op {
    wire::TileOpKind kind;
    Rect area;
    int x = 0, y = 0;
  };
  struct Packet {
    LocalTime at{};
    std::uint32_t picture = 0;
    std::vector<Op> ops;
  };
  void settle(std::size_t count, const std::vector<bool>& applied, const CellMap& cells, std::vector<std::size_t>& stale);
  void play(const Packet& packet, const CellMap& cells, std::vector<bool>& tainted) const;
  std::deque<Packet> waiting_;
  SeqNo first_{};                                   // of waiting_, or of the packet that will be sent next
  std::uint32_t picture_ = 0;
  std::uint64_t lost_ = 0, applied_ = 0;
};

}  // namespace beside::session
