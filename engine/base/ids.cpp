// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/ids.h"

#include "engine/base/bytes.h"

namespace beside {

std::string make_uuid7(std::int64_t unix_ms, const std::uint8_t (&random)[10]) {
  Bytes raw;
  ByteWriter out(raw);
  out.u16(static_cast<std::uint16_t>(unix_ms >> 32));
  out.u32(static_cast<std::uint32_t>(unix_ms));
  out.bytes(random);
  raw[6] = static_cast<std::uint8_t>(0x70 | (raw[6] & 0x0f));
  raw[8] = static_cast<std::uint8_t>(0x80 | (raw[8] & 0x3f));
  std::string text = to_hex(raw);
  for (std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, 1, '-');
  return text;
}

}  // namespace beside
