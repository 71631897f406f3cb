// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/wire/av1.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  // As payloads with a two-byte length before each, and as a temporal unit.
  wire::Av1Assembler assembler;
  ByteReader in({data, size});
  while (in.remaining() > 2) {
    const std::size_t length = in.u16();
    const ByteSpan payload = in.bytes(std::min(length, in.remaining()));
    (void)wire::starts_av1_unit(payload);
    if (!assembler.add(payload)) assembler.clear();
  }
  if (assembler.complete() && !wire::split_obus(assembler.take())) __builtin_trap();
  (void)wire::dump_obus({data, size});
  const auto payloads = wire::packetize_av1({data, size}, 64);
  if (payloads.empty()) return 0;
  wire::Av1Assembler whole;
  for (const Bytes& payload : payloads)
    if (payload.size() > 64 || !whole.add(payload)) __builtin_trap();
  if (!whole.complete()) __builtin_trap();
  // What comes out goes the same way again.
  if (wire::packetize_av1(whole.take(), 64) != payloads) __builtin_trap();
  return 0;
}
