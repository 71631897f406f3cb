// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/fec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  const ByteSpan input(data, size);
  if (const auto packet = wire::parse_fec(input)) {
    (void)wire::dump_fec(*packet);
    if (wire::build_fec(packet->header, packet->symbol) != to_bytes(input)) __builtin_trap();
  }
  return 0;
}
