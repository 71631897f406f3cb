// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/wire/input_cells.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto cell = beside::wire::parse_input_cell({data, size})) {
    (void)beside::wire::dump_input_cell(*cell);
    if (!beside::wire::parse_input_cell(beside::wire::build_input_cell(*cell))) __builtin_trap();
  }
  if (auto cell = beside::wire::parse_cursor_cell({data, size})) {
    if (!beside::wire::parse_cursor_cell(beside::wire::build_cursor_cell(*cell))) __builtin_trap();
  }
  return 0;
}
