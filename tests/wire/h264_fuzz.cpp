// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/wire/h264.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // As payloads with a two-byte length before each, and as a byte stream.
  beside::wire::H264Assembler assembler;
  beside::ByteReader in({data, size});
  while (in.remaining() > 2) {
    const std::size_t length = in.u16();
    const beside::ByteSpan payload = in.bytes(std::min(length, in.remaining()));
    if (!assembler.add(payload)) assembler.clear();
  }
  if (assembler.complete()) (void)assembler.take();
  const auto nals = beside::wire::split_annex_b({data, size});
  beside::wire::H264Assembler whole;
  bool sound = !nals.empty();
  for (const auto& nal : nals) sound = sound && beside::wire::nal_type(nal) >= 1 && beside::wire::nal_type(nal) <= 23;
  if (!sound) return 0;
  for (const auto& payload : beside::wire::packetize_h264(nals, 64)) {
    if (payload.size() > 64 || !whole.add(payload)) __builtin_trap();
  }
  const beside::Bytes bytes = whole.take();
  const auto again = beside::wire::split_annex_b(bytes);
  if (again.size() != nals.size()) __builtin_trap();
  return 0;
}
