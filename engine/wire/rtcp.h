// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace beside::wire {

struct ReportBlock {                      // RFC 3550 6.4.1
  Ssrc ssrc;
  std::uint8_t fraction_lost = 0;         // 1/256
  std::int32_t cumulative_lost = 0;       // 24 bits, signed
  std::uint32_t highest_seq = 0;          // with cycles in the upper half
  std::uint32_t jitter = 0;               // timestamp units
  std::uint32_t last_sr = 0;              // middle 32 bits of the NTP stamp
  std::uint32_t delay_since_last_sr = 0;  // 1/65536 s
  bool operator==(const ReportBlock&) const = default;
};
struct SenderReport {
  Ssrc sender;
  std::uint64_t ntp = 0;                  // UQ32.32 on the sender's monotonic clock
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0, octets = 0;
  std::vector<ReportBlock> blocks;        // 31 at most
  bool operator==(const SenderReport&) const = default;
};
struct ReceiverReport {
  Ssrc sender;
  std::vector<ReportBlock> blocks;
  bool operator==(const ReceiverReport&) const = default;
};
struct Pli {                              // RFC 4585 6.3.1
  Ssrc sender, media;
  bool operator==(const Pli&) const = default;
};
struct Nack {                             // RFC 4585 6.2.1; sequence numbers, in the order in which they are asked for
  Ssrc sender, media;
  std::vector<std::uint16_t> lost;        // 1024 at most when parsed
  bool operator==(const Nack&) const = default;
};
struct CcArrival {                        // RFC 8888 3.1
  bool received = false;
  std::uint8_t ecn = 0;
  std::uint16_t offset = 0;               // arrival before the report's stamp, 1/1024 s; 0x1FFE: more, 0x1FFF: unknown
  bool operator==(const CcArrival&) const = default;
};
struct CcStream {
  Ssrc ssrc;
  std::uint16_t begin_seq = 0;
  std::vector<CcArrival> arrivals;        // 1024 at most when built, 16384 in the format
  bool operator==(const CcStream&) const = default;
};
struct CcFeedback {
  Ssrc sender;
  std::vector<CcStream> streams;
  std::uint32_t stamp = 0;                // middle 32 bits of the receiver's NTP time (1/65536 s)
  bool operator==(const CcFeedback&) const = default;
};
// What became of the packets of a tile stream, for good: an application-defined packet (RFC 3550 6.7) named "BSTL". RFC 8888
// tells what arrived; this tells what was written into the viewer's picture, and what never will be, in order.
struct TileReport {
  static constexpr std::size_t kMost = 1024;
  Ssrc sender, media;
  std::uint16_t begin_seq = 0;
  std::vector<bool> applied;              // from begin_seq on; kMost at most
  bool operator==(const TileReport&) const = default;
};
// Is anybody there, and does a datagram of this size get through? An application-defined packet named "BSPB"; the answer has the
// same nonce and no padding. It holds nothing but that.
struct PathProbe {
  static constexpr std::size_t kLeast = 16, kMost = 4096;
  Ssrc sender;
  std::uint32_t nonce = 0;
  bool answer = false;
  std::uint16_t bytes = kLeast;           // of this packet, header included; a multiple of 4
  bool operator==(const PathProbe&) const = default;
};
using RtcpPacket = std::variant<SenderReport, ReceiverReport, Pli, Nack, CcFeedback, TileReport, PathProbe>;

// A compound packet, or a reduced-size one (RFC 5506). Kinds that we do not use are skipped; at most 32 in one datagram.
// Errors: PeerFault.
Result<std::vector<RtcpPacket>> parse_rtcp(ByteSpan datagram);
Bytes build_rtcp(std::span<const RtcpPacket> packets);
std::string dump_rtcp(const RtcpPacket& packet);

}  // namespace beside::wire
