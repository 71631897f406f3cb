// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/wire/fec.h"

namespace beside::flow {

constexpr double kLossSeen = 0.002;   // 0..1; below it nothing is guarded

// How an update is guarded against loss (PROTOCOL 4).
struct RepairPlan {
  std::size_t parity = 0;      // Reed-Solomon packets per block of at most wire::kFecMaxSources sources
  bool twice = false;          // a one-packet update goes out a second time instead
};
// From measured loss (0..1), the mean length of a loss burst (packets), the round trip, and the time until the next picture. No redundancy
// without loss, or where a repair by RTX (round trip + the reorder window) comes before the next picture, small updates excepted. Otherwise as
// many packets as keep the chance of an unrepaired block under 1 %, at most a third of the sources (one at least).
RepairPlan plan_repair(std::size_t packets, double loss, double burst, nanoseconds rtt, nanoseconds until_next);

// Clear RTP packets of one update -> clear RTP packets of parity, to be sealed and sent after them.
class FecSender {
 public:
  FecSender(Ssrc own, std::uint16_t first_seq) : own_(own), next_{first_seq} {}
  // The packets must have consecutive sequence numbers and one SSRC (as VideoSender::packetize gives them).
  std::vector<Bytes> protect(std::span<const Bytes> packets, std::size_t parity_per_block, LocalTime now);
  Ssrc ssrc() const { return own_; }
  std::uint64_t packets_sent() const { return sent_; }

 private:
  Ssrc own_;
  SeqNo next_;
  std::uint64_t sent_ = 0;
};

// Opened RTP packets and opened parity -> the clear packets that were lost. No I/O.
// Remembers at most kMaxPackets packets and kMaxBytes bytes of the media stream and kMaxBlocks open blocks, kKeep old at most.
class FecReceiver {
 public:
  static constexpr std::size_t kMaxPackets = 1024, kMaxBytes = 4u << 20, kMaxBlocks = 32;
  static constexpr nanoseconds kKeep = milliseconds(500);
  explicit FecReceiver(Ssrc media) : media_(media) {}
  // A packet of the media stream, whole and in the clear.
  std::vector<Bytes> on_media(SeqNo seq, ByteSpan packet, LocalTime now);
  // The payload of a kPayloadFec packet. What comes back goes into VideoReceiver as if it had arrived. Errors: PeerFault.
  Result<std::vector<Bytes>> on_parity(ByteSpan payload, LocalTime now);
  void restart(Ssrc media);
  std::uint64_t recovered() const { return recovered_; }

 private:
  struct Block {
    wire::FecHeader shape;                       // of the first parity packet; the others must agree
    std::map<std::uint8_t, Bytes> parity;        // by row
    LocalTime at{};
  };
  std::vector<Bytes> try_block(std::int64_t base, LocalTime now);
  void expire(LocalTime now);
  std::int64_t extend(std::uint16_t seq) const;
  Ssrc media_;
  bool started_ = false;
  std::int64_t highest_ = 0;
  std::map<std::int64_t, Bytes> packets_;        // extended number -> clear packet
  std::size_t bytes_ = 0;
  std::map<std::int64_t, Block> blocks_;         // by the extended number of their first source
  std::uint64_t recovered_ = 0;
};

}  // namespace beside::flow
