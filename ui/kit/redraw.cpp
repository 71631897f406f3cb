// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/redraw.h"

namespace beside::kit {

float progress(Wants& wants, LocalTime began, LocalTime now, bool reduce_motion) {
  if (reduce_motion || now >= began + kMotion) return 1.0f;
  if (now < began) return 0.0f;
  wants.at(now + kMotionFrame);
  const float t = static_cast<float>((now - began).count()) / static_cast<float>(nanoseconds(kMotion).count());
  return 1.0f - (1.0f - t) * (1.0f - t);  // slows down towards its place
}

std::int64_t minutes_since(Wants& wants, LocalTime from, LocalTime now) {
  if (now < from) return 0;
  const auto whole = std::chrono::duration_cast<std::chrono::minutes>(now - from);
  wants.at(from + whole + std::chrono::minutes(1));
  return whole.count();
}

std::int64_t minutes_until(Wants& wants, LocalTime until, LocalTime now) {
  if (now >= until) return 0;
  const auto left = std::chrono::ceil<std::chrono::minutes>(until - now);
  wants.at(until - (left - std::chrono::minutes(1)));
  return left.count();
}

}  // namespace beside::kit
