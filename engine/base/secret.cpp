// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/secret.h"

namespace beside {

void wipe(MutableByteSpan memory) {
  if (memory.empty()) return;  // an empty vector has no address, and memset may not be given none
  std::memset(memory.data(), 0, memory.size());
  __asm__ __volatile__("" : : "r"(memory.data()) : "memory");
}

}  // namespace beside
