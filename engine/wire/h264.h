// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::wire {

constexpr std::size_t kMaxAccessUnitBytes = 16u << 20;
inline std::uint8_t nal_type(ByteSpan nal) { return nal.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(nal[0] & 0x1f); }

// NAL units between start codes (three or four bytes; H.264 Annex B), without trailing zero bytes. Views into the input.
std::vector<ByteSpan> split_annex_b(ByteSpan stream);

// RFC 6184 packetization-mode 1: RTP payloads of at most max_payload bytes (64 or more) for one access unit, in order. Small NAL units that
// follow each other share a STAP-A; a large one becomes FU-As of which all but the last have the same size. The marker
// belongs on the last payload.
std::vector<Bytes> packetize_h264(std::span<const ByteSpan> nals, std::size_t max_payload);

// Puts payloads of one access unit together again, as Annex B with four-byte start codes. Payloads are given in order and
// without gaps. After an error, clear().
class H264Assembler {
 public:
  Result<void> add(ByteSpan payload);  // single NAL, STAP-A, FU-A; PeerFault for anything else
  bool complete() const { return !in_fragment_ && !out_.empty(); }
  bool has_key() const { return has_idr_; }   // an IDR slice came
  // Only the bytes are handed over; the assembler is empty afterwards.
  Bytes take();
  void clear();

 private:
  Result<void> append(ByteSpan nal);
  Bytes out_;
  bool in_fragment_ = false;
  bool has_idr_ = false;
  std::uint8_t fragment_header_ = 0;
};

// "SPS(24) PPS(6) IDR(12034)".
std::string dump_nals(std::span<const ByteSpan> nals);

}  // namespace beside::wire
