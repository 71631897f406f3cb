// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/base/geometry.h"

namespace beside::gpu {

// Where a picture lies on the screen. Framebuffer pixels; picture pixel (0, 0) has its top left corner at (x, y).
struct Placement {
  float x = 0, y = 0;
  float scale = 1;    // framebuffer pixels per picture pixel
  Rect clip;          // only this part of the framebuffer is drawn
};

// As large as fits into `area`, centred, never enlarged beyond `max_scale`; sizes of zero give scale 1.
Placement place_fitted(const Rect& area, int picture_width, int picture_height, float max_scale = 16.0F);
// One picture pixel on one framebuffer pixel. Centred where the picture is smaller than `area`; otherwise scrolled by
// (scroll_x, scroll_y) picture pixels, which are limited to what there is to scroll.
Placement place_one_to_one(const Rect& area, int picture_width, int picture_height, int scroll_x, int scroll_y);

// The picture pixel under a framebuffer position, limited to the picture. inside = false when beside it or clipped.
struct PicturePoint {
  int x = 0, y = 0;
  bool inside = false;
};
PicturePoint to_picture(const Placement& placement, int picture_width, int picture_height, float fb_x, float fb_y);

}  // namespace beside::gpu
