// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/pixel_writer.h"

#include <bit>

namespace beside::shell {

PixelWriter::PixelWriter(const x11::PixelLayout& layout)
    : layout_(layout), red_(table_of(layout.red)), green_(table_of(layout.green)), blue_(table_of(layout.blue)) {}

PixelWriter::Table PixelWriter::table_of(std::uint32_t mask) {
  Table table{};
  if (mask == 0) return table;
  const int shift = std::countr_zero(mask);
  const std::uint64_t top = mask >> shift;
  for (std::uint32_t v = 0; v < 256; ++v) table[v] = static_cast<std::uint32_t>((v * top + 127) / 255) << shift;
  return table;
}

void PixelWriter::write_row(const std::uint8_t* from, std::uint8_t* to, int pixels) const {
  const int bytes = layout_.bits_per_pixel / 8;
  for (int x = 0; x < pixels; ++x, from += 4, to += bytes) {
    const std::uint32_t value = blue_[from[0]] | green_[from[1]] | red_[from[2]];
    for (int i = 0; i < bytes; ++i) {
      const int place = layout_.big_endian ? bytes - 1 - i : i;
      to[i] = static_cast<std::uint8_t>(value >> (8 * place));
    }
  }
}

}  // namespace beside::shell
