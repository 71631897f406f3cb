// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/session_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto message = beside::wire::parse_inner({data, size})) {
    if (!beside::wire::parse_inner(beside::wire::serialize_inner(*message))) __builtin_trap();
    (void)beside::wire::dump_inner(*message);
  }
  return 0;
}
