// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/stun.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto message = beside::wire::parse_stun({data, size})) {
    (void)beside::wire::dump_stun(*message);
    (void)beside::wire::stun_mac_input({data, size}, *message);
    if (!beside::wire::parse_stun(beside::wire::build_stun(*message, {}))) __builtin_trap();
  }
  return 0;
}
