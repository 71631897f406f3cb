// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window_visibility.h"
#include "engine/base/rect_set.h"

namespace beside::shell {
namespace {

std::int64_t area(const std::vector<Rect>& parts) {
  std::int64_t sum = 0;
  for (const Rect& part : parts) sum += std::int64_t{part.width} * part.height;
  return sum;
}

}  // namespace

std::int64_t visible_pixels(const Rect& own, const std::vector<Rect>& monitors, const std::vector<Rect>& above) {
  std::vector<Rect> off_screen{own};
  for (const Rect& monitor : monitors) subtract(off_screen, monitor);
  std::vector<Rect> shown{own};
  for (const Rect& part : off_screen) subtract(shown, part);
  for (const Rect& window : above) subtract(shown, window);
  return area(shown);
}

bool counts_as_visible(const Rect& own, const std::vector<Rect>& monitors, const std::vector<Rect>& above) {
  if (own.empty()) return false;
  return visible_pixels(own, monitors, above) * 4 >= std::int64_t{own.width} * own.height * 3;
}

}  // namespace beside::shell
