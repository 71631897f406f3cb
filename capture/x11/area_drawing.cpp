// SPDX-License-Identifier: GPL-3.0-or-later
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "capture/x11/connection.h"
#include "capture/x11/window_list.h"
#include "engine/base/clock.h"

namespace beside::capture {
namespace {

constexpr int kLine = 3;               // pixels, of the frame that is drawn
constexpr int kLeastSide = 8;
constexpr auto kPatience = 30s;
constexpr auto kHoldPatience = 1s;     // the click that began this may still hold the pointer
constexpr std::uint16_t kCrosshair = 34;   // glyph of the cursor font

// Four thin windows: no compositor is needed to see through the middle.
class Outline {
 public:
  explicit Outline(const Connection& connection) : c_(connection.xcb()) {
    for (auto& side : sides_) {
      side = xcb_generate_id(c_);
      const std::uint32_t values[] = {connection.pixel_of(0xd0342c), 1};
      xcb_create_window(c_, XCB_COPY_FROM_PARENT, side, connection.root(), 0, 0, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                        XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, values);
    }
  }
  ~Outline() {
    for (const auto side : sides_) xcb_destroy_window(c_, side);
    xcb_flush(c_);
  }
  Outline(const Outline&) = delete;
  Outline& operator=(const Outline&) = delete;
  void show(const Rect& r) {
    const std::array<Rect, 4> places{Rect{r.x, r.y, r.width, kLine}, Rect{r.x, r.bottom() - kLine, r.width, kLine}, Rect{r.x, r.y, kLine, r.height},
                                     Rect{r.right() - kLine, r.y, kLine, r.height}};
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      const std::array<std::uint32_t, 5> values{static_cast<std::uint32_t>(places[i].x), static_cast<std::uint32_t>(places[i].y),
                                                static_cast<std::uint32_t>(std::max(1, places[i].width)),
                                                static_cast<std::uint32_t>(std::max(1, places[i].height)), XCB_STACK_MODE_ABOVE};
      xcb_configure_window(c_, sides_[i], XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT | XCB_CONFIG_WINDOW_STACK_MODE,
                           values.data());
      xcb_map_window(c_, sides_[i]);
    }
    xcb_flush(c_);
  }

 private:
  xcb_connection_t* c_;
  std::array<xcb_window_t, 4> sides_{};
};

xcb_cursor_t crosshair(xcb_connection_t* c) {
  constexpr std::string_view kFont = "cursor";
  const xcb_font_t font = xcb_generate_id(c);
  xcb_open_font(c, font, static_cast<std::uint16_t>(kFont.size()), kFont.data());
  const xcb_cursor_t cursor = xcb_generate_id(c);
  Reply<xcb_generic_error_t> error(xcb_request_check(
      c, xcb_create_glyph_cursor_checked(c, cursor, font, font, kCrosshair, kCrosshair + 1, 0, 0, 0, 65535, 65535, 65535)));
  xcb_close_font(c, font);
  return error ? static_cast<xcb_cursor_t>(XCB_NONE) : cursor;   // without it the pointer keeps its shape
}

bool hold_pointer(const Connection& connection, xcb_cursor_t cursor) {
  xcb_connection_t* c = connection.xcb();
  for (const LocalTime until = local_now() + kHoldPatience; local_now() < until;) {
    Reply<xcb_grab_pointer_reply_t> held(xcb_grab_pointer_reply(
        c,
        xcb_grab_pointer(c, 0, connection.root(), XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE | XCB_EVENT_MASK_POINTER_MOTION,
                         XCB_GRAB_MODE_ASYNC, XCB_GRAB_MODE_ASYNC, XCB_NONE, cursor, XCB_CURRENT_TIME),
        nullptr));
    if (!held) return false;
    if (held->status == XCB_GRAB_STATUS_SUCCESS) {
      // Without the keyboard Esc does not cancel; another button still does.
      xcb_grab_keyboard(c, 0, connection.root(), XCB_CURRENT_TIME, XCB_GRAB_MODE_ASYNC, XCB_GRAB_MODE_ASYNC);
      return true;
    }
    ::poll(nullptr, 0, 20);
  }
  return false;
}

Rect between(int ax, int ay, int bx, int by) {
  return {std::min(ax, bx), std::min(ay, by), std::abs(bx - ax) + 1, std::abs(by - ay) + 1};
}

}  // namespace

std::optional<Rect> draw_area(const std::string& display, int cancel_fd) {
  auto opened = Connection::open(display);
  if (!opened) return std::nullopt;
  Connection& connection = **opened;
  Outline outline(connection);
  if (!hold_pointer(connection, crosshair(connection.xcb()))) return std::nullopt;
  connection.flush();
  std::optional<std::pair<int, int>> from;
  for (const LocalTime until = local_now() + kPatience; local_now() < until && !connection.broken();) {
    while (const auto event = connection.poll_event()) {
      switch (event->response_type & 0x7f) {
        case XCB_KEY_PRESS:
          // Esc is 9 on every server since XFree86; any other key does nothing.
          if (reinterpret_cast<const xcb_key_press_event_t*>(event.get())->detail == 9) return std::nullopt;
          break;
        case XCB_BUTTON_PRESS: {
          const auto* press = reinterpret_cast<const xcb_button_press_event_t*>(event.get());
          if (press->detail != 1) return std::nullopt;
          from = {press->root_x, press->root_y};
          break;
        }
        case XCB_MOTION_NOTIFY: {
          const auto* move = reinterpret_cast<const xcb_motion_notify_event_t*>(event.get());
          if (from) outline.show(between(from->first, from->second, move->root_x, move->root_y));
          break;
        }
        case XCB_BUTTON_RELEASE: {
          const auto* release = reinterpret_cast<const xcb_button_release_event_t*>(event.get());
          if (!from || release->detail != 1) break;
          const Rect drawn = between(from->first, from->second, release->root_x, release->root_y);
          if (drawn.width < kLeastSide || drawn.height < kLeastSide) return std::nullopt;
          return drawn;
        }
        default: break;
      }
    }
    pollfd fds[2] = {{connection.fd(), POLLIN, 0}, {cancel_fd, POLLIN, 0}};
    ::poll(fds, 2, connection.has_events() ? 0 : 1000);
    if ((fds[1].revents & POLLIN) != 0) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace beside::capture
