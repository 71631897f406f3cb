// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/flow/tunnel_stream.h"

// Pieces {offset u64, size u8, ack u64, data} as a hostile end may send them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  flow::TunnelStream stream("01890a5d-ac96-774b-bcce-b302099a8057");
  LocalTime now(seconds(10));
  (void)stream.write(Bytes(100, 1));
  ByteReader in({data, size});
  std::uint64_t total = 0, furthest = 0;
  while (in.remaining() > 0) {
    control::Tunnel piece;
    piece.set_offset(in.u64());
    const std::size_t length = in.u8();
    piece.set_ack(in.u64());
    piece.set_data(to_string(in.bytes(std::min(length, in.remaining()))));
    if (auto fresh = stream.receive(piece, now)) {
      total += fresh->size();
      if (piece.offset() <= UINT64_MAX - piece.data().size()) furthest = std::max<std::uint64_t>(furthest, piece.offset() + piece.data().size());
    }
    if (total > furthest) __builtin_trap();
    for (int i = 0; i < 100 && stream.poll(now); ++i) continue;
    now += milliseconds(300);
  }
  return 0;
}
