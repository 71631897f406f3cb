// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/cursor_watch.h"

#include <xcb/xfixes.h>
#include <xcb/xinput.h>

#include <algorithm>

#include "capture/x11/pixels.h"

namespace beside::capture {
namespace {

constexpr auto kInterval = 16'666'667ns;

void select_raw_motion(const Connection& connection, bool wanted) {
  struct {
    xcb_input_event_mask_t head;
    std::uint32_t mask;
  } selection{{XCB_INPUT_DEVICE_ALL_MASTER, 1}, wanted ? std::uint32_t{XCB_INPUT_XI_EVENT_MASK_RAW_MOTION} : 0u};
  xcb_input_xi_select_events(connection.xcb(), connection.root(), 1, &selection.head);
}

}  // namespace

CursorWatch::CursorWatch(const Connection& connection) : connection_(connection) {}

void CursorWatch::on_change(ShapeFn shape, PositionFn position) {
  shape_ = std::move(shape);
  position_ = std::move(position);
}

void CursorWatch::start() {
  if (connection_.abilities().xfixes)
    xcb_xfixes_select_cursor_input(connection_.xcb(), connection_.root(), XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
  if (connection_.abilities().xinput2) select_raw_motion(connection_, true);
  serial_.reset();
  last_.reset();
  shape_changed_ = moved_ = true;
}

void CursorWatch::stop() {
  if (connection_.abilities().xfixes) xcb_xfixes_select_cursor_input(connection_.xcb(), connection_.root(), 0);
  if (connection_.abilities().xinput2) select_raw_motion(connection_, false);
}

bool CursorWatch::take(const xcb_generic_event_t& event) {
  const std::uint8_t type = event.response_type & 0x7f;
  const std::uint8_t xfixes = connection_.first_event(&xcb_xfixes_id);
  if (xfixes != 0 && type == xfixes + XCB_XFIXES_CURSOR_NOTIFY) {
    shape_changed_ = true;
    return true;
  }
  if (type == XCB_GE_GENERIC) {
    const auto& generic = reinterpret_cast<const xcb_ge_generic_event_t&>(event);
    if (generic.extension == connection_.major_opcode(&xcb_input_id) && generic.event_type == XCB_INPUT_RAW_MOTION) {
      moved_ = true;
      return true;
    }
  }
  return false;
}

LocalTime CursorWatch::poll(LocalTime now) {
  if (shape_changed_) {
    shape_changed_ = false;
    fetch_shape();
  }
  if (!moved_) return kNever;
  if (now < last_query_ + kInterval) return last_query_ + kInterval;
  moved_ = false;
  last_query_ = now;
  fetch_position();
  return kNever;
}

void CursorWatch::fetch_shape() {
  if (!connection_.abilities().xfixes) return;
  Reply<xcb_xfixes_get_cursor_image_reply_t> reply(xcb_xfixes_get_cursor_image_reply(
      connection_.xcb(), xcb_xfixes_get_cursor_image(connection_.xcb()), nullptr));
  if (!reply || reply->width == 0 || reply->height == 0) return;
  if (serial_ == reply->cursor_serial) return;
  serial_ = reply->cursor_serial;
  const auto pixels = static_cast<std::size_t>(reply->width) * reply->height;
  if (static_cast<std::size_t>(xcb_xfixes_get_cursor_image_cursor_image_length(reply.get())) < pixels) return;
  ports::CursorImage image;
  image.serial = reply->cursor_serial;
  image.width = reply->width;
  image.height = reply->height;
  image.hot_x = std::min<int>(reply->xhot, reply->width - 1);
  image.hot_y = std::min<int>(reply->yhot, reply->height - 1);
  image.bgra = straight_bgra(xcb_xfixes_get_cursor_image_cursor_image(reply.get()), pixels);
  bool opaque = false;
  for (std::size_t i = 3; i < image.bgra.size() && !opaque; i += 4) opaque = image.bgra[i] != 0;
  if (opaque != visible_) {
    visible_ = opaque;
    moved_ = true;
    last_query_ = {};
  }
  constexpr int kMost = 256;  // the port's limit; larger shapes are cut at the far edges
  if (image.width > kMost || image.height > kMost) {
    const int w = std::min(image.width, kMost), h = std::min(image.height, kMost);
    std::vector<std::uint8_t> cut;
    for (int y = 0; y < h; ++y) {
      const auto row = image.bgra.begin() + std::ptrdiff_t{4} * y * image.width;
      cut.insert(cut.end(), row, row + std::ptrdiff_t{4} * w);
    }
    image.bgra = std::move(cut);
    image.width = w;
    image.height = h;
    image.hot_x = std::min(image.hot_x, w - 1);
    image.hot_y = std::min(image.hot_y, h - 1);
  }
  if (shape_) shape_(image);
}

void CursorWatch::fetch_position() {
  Reply<xcb_query_pointer_reply_t> reply(xcb_query_pointer_reply(
      connection_.xcb(), xcb_query_pointer(connection_.xcb(), connection_.root()), nullptr));
  if (!reply) return;
  const ports::CursorPosition at{reply->root_x, reply->root_y, visible_ && reply->same_screen != 0};
  if (last_ && last_->x == at.x && last_->y == at.y && last_->visible == at.visible) return;
  last_ = at;
  if (position_) position_(at);
}

}  // namespace beside::capture
