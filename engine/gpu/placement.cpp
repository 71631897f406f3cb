// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/placement.h"

#include <algorithm>
#include <cmath>

namespace beside::gpu {

Placement place_fitted(const Rect& area, int picture_width, int picture_height, float max_scale) {
  Placement out;
  out.clip = area;
  if (area.empty() || picture_width <= 0 || picture_height <= 0) return out;
  out.scale = std::min({static_cast<float>(area.width) / static_cast<float>(picture_width),
                        static_cast<float>(area.height) / static_cast<float>(picture_height), max_scale});
  // Whole pixels at the corner, so that a scale of one stays exact.
  out.x = std::floor(static_cast<float>(area.x) +
                     (static_cast<float>(area.width) - out.scale * static_cast<float>(picture_width)) / 2);
  out.y = std::floor(static_cast<float>(area.y) +
                     (static_cast<float>(area.height) - out.scale * static_cast<float>(picture_height)) / 2);
  return out;
}

namespace {

int place_side(int area_at, int area_length, int length, int scroll) {
  if (length <= area_length) return area_at + (area_length - length) / 2;
  return area_at - std::clamp(scroll, 0, length - area_length);
}

}  // namespace

Placement place_one_to_one(const Rect& area, int picture_width, int picture_height, int scroll_x, int scroll_y) {
  Placement out;
  out.clip = area;
  out.x = static_cast<float>(place_side(area.x, area.width, picture_width, scroll_x));
  out.y = static_cast<float>(place_side(area.y, area.height, picture_height, scroll_y));
  return out;
}

PicturePoint to_picture(const Placement& placement, int picture_width, int picture_height, float fb_x, float fb_y) {
  PicturePoint out;
  if (picture_width <= 0 || picture_height <= 0 || placement.scale <= 0) return out;
  const float x = std::floor((fb_x - placement.x) / placement.scale);
  const float y = std::floor((fb_y - placement.y) / placement.scale);
  const auto right = static_cast<float>(picture_width - 1), bottom = static_cast<float>(picture_height - 1);
  out.inside = x >= 0 && y >= 0 && x <= right && y <= bottom &&
               placement.clip.contains(static_cast<int>(std::floor(fb_x)), static_cast<int>(std::floor(fb_y)));
  out.x = static_cast<int>(std::clamp(x, 0.0F, right));
  out.y = static_cast<int>(std::clamp(y, 0.0F, bottom));
  return out;
}

}  // namespace beside::gpu
