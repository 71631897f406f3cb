// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/constant_time.h"

#include <sodium.h>

namespace beside::crypto {

bool equal_constant_time(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace beside::crypto
