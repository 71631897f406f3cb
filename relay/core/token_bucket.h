// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>

#include "engine/base/clock.h"

namespace beside::relay {

// A rate with a burst. take() is cheap enough for the packet path.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), level_(burst) {}
  // False: over the rate; nothing was taken.
  bool take(double amount, LocalTime now) {
    if (now > last_) {
      level_ = std::min(burst_, level_ + per_second_ * std::chrono::duration<double>(now - last_).count());
      last_ = now;
    }
    if (level_ < amount) return false;
    level_ -= amount;
    return true;
  }

 private:
  double per_second_;
  double burst_;
  double level_;
  LocalTime last_{};
};

}  // namespace beside::relay
