// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::wire {

// AV1 on RTP: "RTP Payload Format For AV1" (Alliance for Open Media, v1.0.0), without dependency descriptors and layers. A temporal
// unit is kept in the low-overhead format (AV1 5.2): OBUs with their sizes, without temporal delimiters.

constexpr std::size_t kMaxTemporalUnitBytes = 4u << 20;
constexpr std::uint8_t kObuSequenceHeader = 1, kObuTemporalDelimiter = 2, kObuFrame = 6, kObuTileList = 8, kObuPadding = 15;

struct Obu {
  std::uint8_t type = 0;
  ByteSpan payload;
  ByteSpan whole;              // with its header and size
};
// Views into the input. PeerFault: an OBU without a size, with an extension or reserved bits, or longer than what there is.
Result<std::vector<Obu>> split_obus(ByteSpan unit);

// Payloads of at most max_payload bytes (64 or more), in order; delimiters and padding are left out. A large OBU becomes pieces of which
// all but the last have the same size. The marker belongs on the last one. Empty when the unit is malformed.
std::vector<Bytes> packetize_av1(ByteSpan unit, std::size_t max_payload);

// True when this payload can only be the first of its temporal unit, so long as ours is the other end: an OBU begins with it,
// and only key pictures (N) have more than one.
bool starts_av1_unit(ByteSpan payload);

// Puts payloads of one temporal unit together again. Payloads are given in order and without gaps. After an error, clear().
class Av1Assembler {
 public:
  Result<void> add(ByteSpan payload);
  bool complete() const { return obu_.empty() && !out_.empty(); }
  bool has_key() const { return has_key_; }   // a sequence header came
  // Only the bytes are handed over; the assembler is empty afterwards.
  Bytes take();
  void clear();

 private:
  Result<void> end_obu();
  Bytes out_;
  Bytes obu_;                  // goes on in the next payload
  bool has_key_ = false;
};

// "sequence(11) frame(12034)".
std::string dump_obus(ByteSpan unit);

}  // namespace beside::wire
