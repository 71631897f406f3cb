// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/rtcp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto packets = beside::wire::parse_rtcp({data, size})) {
    for (const auto& packet : *packets) (void)beside::wire::dump_rtcp(packet);
    if (packets->empty()) return 0;
    const auto built = beside::wire::build_rtcp(*packets);
    if (built.size() > 65536) return 0;
    auto again = beside::wire::parse_rtcp(built);
    if (!again || again->size() != packets->size()) __builtin_trap();
  }
  return 0;
}
