// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "engine/base/clock.h"

namespace beside::video {

// At most so many pictures a second, a second's worth at once: it bounds what everything behind a gate can cost.
class PictureLimit {
 public:
  static constexpr int kPerSecond = 144;
  // False: one too many.
  bool take(LocalTime now) {
    if (!last_) {
      tokens_ = kPerSecond * kUnit;
    } else if (now > *last_) {
      const auto passed = std::min<std::int64_t>((now - *last_).count(), kUnit);
      tokens_ = std::min(tokens_ + passed * kPerSecond, kPerSecond * kUnit);
    }
    last_ = now;
    if (tokens_ < kUnit) return false;
    tokens_ -= kUnit;
    return true;
  }

 private:
  static constexpr std::int64_t kUnit = 1'000'000'000;   // one picture
  std::int64_t tokens_ = 0;
  std::optional<LocalTime> last_;
};

}  // namespace beside::video
