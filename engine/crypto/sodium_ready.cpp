// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/sodium_ready.h"

#include <sodium.h>

#include "engine/base/result.h"

namespace beside::crypto {

void sodium_ready() {
  static const int result = sodium_init();
  BS_ASSERT(result >= 0);  // only without any random source, and then nothing here may run
}

}  // namespace beside::crypto
