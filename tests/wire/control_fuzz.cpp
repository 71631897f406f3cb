// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/control.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto message = beside::wire::parse_envelope({data, size})) {
    // What was accepted is accepted again after a round trip, and can be shown.
    if (!beside::wire::parse_envelope(beside::wire::serialize_envelope(*message))) __builtin_trap();
    (void)beside::wire::dump_envelope(*message);
  }
  return 0;
}
