// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/secret.h"

namespace beside {

void wipe(MutableByteSpan memory) {
  std::memset(memory.data(), 0, memory.size());
  __asm__ __volatile__("" : : "r"(memory.data()) : "memory");
}

}  // namespace beside
