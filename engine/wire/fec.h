// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace beside::wire {

// Reed-Solomon parity over a run of RTP packets of another stream (PROTOCOL 4), as the payload of an RTP packet of its own
// SSRC and of this type. Big-endian.
//
//   0..3   SSRC that is protected
//   4..5   sequence number of the first source packet
//   6      source packets in the block, 1..128: the numbers that follow
//   7      parity packets in the block, 1..64
//   8      which of them this is, 0..parity-1
//   9      0
//   10..11 length of a symbol, 3..1502 bytes
//   12..   the parity symbol
//
// A source symbol is the length of the packet (u16) and the packet as it is before sealing, padded with zeros to the length of a
// symbol. The code is flow::ReedSolomon's.
constexpr std::uint8_t kPayloadFec = 100;
constexpr std::size_t kFecHeaderBytes = 12, kFecMaxSources = 128, kFecMaxParity = 64, kFecMaxSymbol = 1502;

struct FecHeader {
  Ssrc media;
  std::uint16_t first_seq = 0;
  std::uint8_t sources = 0, parity = 0, row = 0;
  std::uint16_t symbol_bytes = 0;
  bool operator==(const FecHeader&) const = default;
};
struct FecPacket {
  FecHeader header;
  ByteSpan symbol;   // into the bytes parsed
};

// Errors: PeerFault.
Result<FecPacket> parse_fec(ByteSpan payload);
// The symbol must be header.symbol_bytes long and the numbers in range (BS_ASSERT).
Bytes build_fec(const FecHeader& header, ByteSpan symbol);
std::string dump_fec(const FecPacket& packet);

}  // namespace beside::wire
