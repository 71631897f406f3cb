// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/base/bytes.h"

// The system's generator (getrandom(2) by way of libsodium). Any thread; never fails, never blocks after boot.
namespace beside::crypto {

void random_bytes(MutableByteSpan out);
Bytes random_bytes(std::size_t count);
template <std::size_t N>
std::array<std::uint8_t, N> random_array() {
  std::array<std::uint8_t, N> out;
  random_bytes(out);
  return out;
}
std::uint32_t random_u32();
// Uniform over 0..bound-1 without modulo bias; 0 when bound is 0 or 1.
std::uint32_t random_u32_below(std::uint32_t bound);
// UUIDv7 (RFC 9562 5.7) of now.
std::string new_uuid7();

}  // namespace beside::crypto
