// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/session_code.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto code = beside::wire::parse_code(beside::as_text({data, size}))) {
    const std::string text = beside::wire::make_code(code->locator, code->secret);
    if (text.empty() || !beside::wire::parse_code(beside::wire::format_code(text))) __builtin_trap();
  }
  return 0;
}
