// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/nonce_guard.h"

namespace beside::e2e {

bool NonceGuard::admit(std::uint32_t ssrc, std::uint16_t sequence) {
  const auto known = last_.find(ssrc);
  if (known == last_.end()) {
    if (last_.size() >= max_ssrcs_ || sequence > max_index_) return false;
    last_.emplace(ssrc, sequence);
    return true;
  }
  const auto step = static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(known->second));
  if (step == 0 || step >= 0x8000) return false;
  const std::uint64_t index = known->second + step;
  if (index > max_index_) return false;
  known->second = index;
  return true;
}

}  // namespace beside::e2e
