// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/x11/pixel_layout.h"

namespace beside::x11 {
namespace {

const xcb_visualtype_t* find_visual(const xcb_setup_t& setup, xcb_visualid_t id, int depth) {
  for (auto screen = xcb_setup_roots_iterator(&setup); screen.rem > 0; xcb_screen_next(&screen)) {
    for (auto d = xcb_screen_allowed_depths_iterator(screen.data); d.rem > 0; xcb_depth_next(&d)) {
      if (d.data->depth != depth) continue;
      for (auto v = xcb_depth_visuals_iterator(d.data); v.rem > 0; xcb_visualtype_next(&v))
        if (v.data->visual_id == id) return v.data;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<PixelLayout> pixel_layout(const xcb_setup_t& setup, xcb_visualid_t visual, int depth) {
  const xcb_visualtype_t* found = find_visual(setup, visual, depth);
  if (found == nullptr || (found->_class != XCB_VISUAL_CLASS_TRUE_COLOR && found->_class != XCB_VISUAL_CLASS_DIRECT_COLOR)) return std::nullopt;
  PixelLayout layout;
  layout.depth = depth;
  layout.big_endian = setup.image_byte_order == XCB_IMAGE_ORDER_MSB_FIRST;
  layout.bits_per_pixel = 0;
  for (auto it = xcb_setup_pixmap_formats_iterator(&setup); it.rem > 0; xcb_format_next(&it)) {
    if (it.data->depth != depth) continue;
    layout.bits_per_pixel = it.data->bits_per_pixel;
    layout.scanline_pad = it.data->scanline_pad;
  }
  layout.red = found->red_mask;
  layout.green = found->green_mask;
  layout.blue = found->blue_mask;
  if (layout.bits_per_pixel < 8 || layout.bits_per_pixel % 8 != 0) return std::nullopt;
  return layout;
}

}  // namespace beside::x11
