// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/fec.h"

#include <fmt/core.h>

namespace beside::wire {
namespace {
constexpr std::size_t kLeastSymbol = 3;   // a length and one byte
}

Result<FecPacket> parse_fec(ByteSpan payload) {
  BS_PEER_CHECK(payload.size() >= kFecHeaderBytes + kLeastSymbol, "wire/fec: size");
  ByteReader in(payload);
  FecPacket packet;
  FecHeader& h = packet.header;
  h.media = Ssrc{in.u32()};
  h.first_seq = in.u16();
  h.sources = in.u8();
  h.parity = in.u8();
  h.row = in.u8();
  BS_PEER_CHECK(in.u8() == 0, "wire/fec: reserved");
  h.symbol_bytes = in.u16();
  BS_PEER_CHECK(h.sources >= 1 && h.sources <= kFecMaxSources, "wire/fec: sources");
  BS_PEER_CHECK(h.parity >= 1 && h.parity <= kFecMaxParity && h.row < h.parity, "wire/fec: parity");
  BS_PEER_CHECK(h.symbol_bytes >= kLeastSymbol && h.symbol_bytes <= kFecMaxSymbol, "wire/fec: symbol");
  packet.symbol = in.rest();
  BS_PEER_CHECK(packet.symbol.size() == h.symbol_bytes, "wire/fec: length");
  return packet;
}

Bytes build_fec(const FecHeader& h, ByteSpan symbol) {
  BS_ASSERT(h.sources >= 1 && h.sources <= kFecMaxSources && h.parity >= 1 && h.parity <= kFecMaxParity && h.row < h.parity);
  BS_ASSERT(symbol.size() == h.symbol_bytes && h.symbol_bytes >= kLeastSymbol && h.symbol_bytes <= kFecMaxSymbol);
  Bytes out;
  out.reserve(kFecHeaderBytes + symbol.size());
  ByteWriter w(out);
  w.u32(h.media.value);
  w.u16(h.first_seq);
  w.u8(h.sources);
  w.u8(h.parity);
  w.u8(h.row);
  w.u8(0);
  w.u16(h.symbol_bytes);
  w.bytes(symbol);
  return out;
}

std::string dump_fec(const FecPacket& packet) {
  const FecHeader& h = packet.header;
  return fmt::format("FEC for {:08x} {}+{} row {}/{} symbol={}", h.media.value, h.first_seq, h.sources, h.row, h.parity, h.symbol_bytes);
}

}  // namespace beside::wire
