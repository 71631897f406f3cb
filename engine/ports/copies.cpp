// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ports/copies.h"

#include <array>
#include <atomic>

namespace beside::ports {
namespace {
std::array<std::atomic<std::uint64_t>, 6> counts{};
}

void count_copy(CopyStep step, std::int64_t pixels) {
  counts[static_cast<std::size_t>(step)].fetch_add(static_cast<std::uint64_t>(pixels), std::memory_order_relaxed);
}
std::uint64_t copied_pixels(CopyStep step) { return counts[static_cast<std::size_t>(step)].load(std::memory_order_relaxed); }

}  // namespace beside::ports
