// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/wire/rtcp.h"

namespace beside::session {

// The packets of one tile stream, opened, into the order in which they are applied, and the reports on what became of each.
//
// 1. Every number is decided once and in order: applied (taken), or never. Reports tell only what is decided.
// 2. A packet that continues one which was never applied is not applied either.
// 3. A missing packet is given up a reorder window after a later one came. Nobody sends it again: its tiles come anew.
// 4. After that, a packet with copies waits for the repair, one round trip at most since the gap was seen, and all behind
//    it: what is repaired by then is not seen wrong. Pixels alone do not wait.
// Thread: the owner's (net). No I/O. Failure: none; what fits nowhere is dropped and counted.
class TileReceiver {
 public:
  static constexpr std::size_t kMostBytes = 24u << 20;
  static constexpr std::int64_t kMostAhead = 16384;
  static constexpr nanoseconds kReorder = 5ms, kReorderMost = 40ms, kHoldMost = 250ms;

  struct Packet {
    Bytes payload;
    PeerTime captured_at{};
    LocalTime received_at{};
  };
  TileReceiver(Ssrc media, Ssrc own, SeqNo first) : media_(media), own_(own), first_(first) {}

  void receive(SeqNo seq, ByteSpan payload, PeerTime captured_at, LocalTime now);
  // The next packet to apply; taking it decides it. Nothing: none is due.
  std::optional<Packet> take(LocalTime now);
  // The report that is due, or would be soon and may go along with what is `sent_anyway`. A caller that cannot take packets now
  // still asks.
  std::optional<wire::TileReport> poll(LocalTime now, bool sent_anyway = false);
  LocalTime next_deadline() const;
  void set_rtt(nanoseconds rtt) { rtt_ = rtt; }
  Ssrc media() const { return media_; }
  std::uint64_t lost() const { return lost_; }          // given up
  std::uint64_t applied() const { return applied_; }
  std::uint64_t late() const { return late_; }          // came after that

 private:
  struct Waiting {
    Packet packet;
    bool copies = false;
    bool continues = false;            // the packet before it
  };
  void decide(bool applied);
  LocalTime gap_over() const;          // when the gap at next_ is given up
  Ssrc media_, own_;
  SeqNo first_;
  std::int64_t next_ = 0;              // the first that is not decided, counted from the first of the stream
  std::map<std::int64_t, Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  LocalTime gap_since_ = kNever;       // of the gap at next_
  LocalTime doubt_until_ = LocalTime::min();
  nanoseconds reorder_ = kReorder, rtt_ = 100ms;
  std::deque<bool> decided_;           // the newest, up to next_
  std::deque<std::int64_t> told_;      // where the last reports ended
  LocalTime due_ = kNever;
  std::size_t fresh_ = 0;              // decided since the last report
  std::uint64_t lost_ = 0, applied_ = 0, late_ = 0;
};

}  // namespace beside::session
