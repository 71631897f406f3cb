// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/random.h"

#include <sodium.h>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/crypto/sodium_ready.h"

namespace beside::crypto {

void random_bytes(MutableByteSpan out) {
  sodium_ready();
  randombytes_buf(out.data(), out.size());
}

Bytes random_bytes(std::size_t count) {
  Bytes out(count);
  random_bytes(MutableByteSpan(out));
  return out;
}

std::uint32_t random_u32() {
  sodium_ready();
  return randombytes_random();
}

std::uint32_t random_u32_below(std::uint32_t bound) {
  sodium_ready();
  return randombytes_uniform(bound);
}

std::string new_uuid7() {
  std::uint8_t random[10];
  random_bytes(MutableByteSpan(random));
  return make_uuid7(unix_now_ms(), random);
}

}  // namespace beside::crypto
