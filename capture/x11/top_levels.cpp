// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/top_levels.h"

#include <xcb/shape.h>

#include "engine/base/rect_set.h"

namespace beside::capture {

std::vector<Rect> uncovered(const Rect& whole, const std::vector<Rect>& shown) {
  std::vector<Rect> parts{whole};
  for (const Rect& r : shown) subtract(parts, r);
  return parts;
}

xcb_window_t top_of(const Connection& connection, xcb_window_t window) {
  for (int depth = 0; depth < 64 && window > 1 && window != connection.root(); ++depth) {
    Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(connection.xcb(), xcb_query_tree(connection.xcb(), window), nullptr));
    if (!tree) return XCB_NONE;
    if (tree->parent == connection.root()) return window;
    window = tree->parent;
  }
  return XCB_NONE;
}

std::vector<Rect> within_shape(const Connection& connection, xcb_window_t top, const Rect& area, int border) {
  std::vector<Rect> out;
  Reply<xcb_shape_get_rectangles_reply_t> shape(xcb_shape_get_rectangles_reply(
      connection.xcb(), xcb_shape_get_rectangles(connection.xcb(), top, XCB_SHAPE_SK_BOUNDING), nullptr));
  if (!shape) return out;
  // Relative to the window's inside.
  for (auto it = xcb_shape_get_rectangles_rectangles_iterator(shape.get()); it.rem > 0; xcb_rectangle_next(&it)) {
    const Rect part{area.x + border + it.data->x, area.y + border + it.data->y, it.data->width, it.data->height};
    if (const Rect inside = part.clipped_to(area); !inside.empty()) out.push_back(inside);
  }
  return out;
}

}  // namespace beside::capture
