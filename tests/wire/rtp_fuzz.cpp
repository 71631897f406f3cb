// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/rtp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto packet = beside::wire::parse_rtp({data, size})) {
    (void)beside::wire::dump_rtp(*packet);
    const auto built = beside::wire::build_rtp(packet->header, packet->payload);
    if (built.size() > beside::wire::kMaxRtpBytes) return 0;
    auto again = beside::wire::parse_rtp(built);
    if (!again || again->payload.size() != packet->payload.size() || again->header.seq != packet->header.seq) __builtin_trap();
  }
  return 0;
}
