// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/relay_address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  beside::SecretText code;
  if (auto address = beside::wire::parse_relay_address(beside::as_text({data, size}), &code)) {
    auto again = beside::wire::parse_relay_address(beside::wire::format_relay_address(*address));
    if (!again || !(*again == *address)) __builtin_trap();
  }
  return 0;
}
