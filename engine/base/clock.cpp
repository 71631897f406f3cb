// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/clock.h"

namespace beside {

LocalTime local_now() {
  return LocalTime(std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()));
}

std::int64_t unix_now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

LocalTime SystemClock::now() const { return local_now(); }
std::int64_t SystemClock::unix_ms() const { return unix_now_ms(); }

}  // namespace beside
