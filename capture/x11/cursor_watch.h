// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>

#include "capture/x11/connection.h"
#include "engine/base/clock.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// Shape and place of the pointer, as a channel of their own. The shape comes with XFixes notices, each asked for once;
// the place is queried after raw motion, 60 times a second at most, and never while nothing moves. A pointer whose
// image is wholly transparent counts as hidden.
// Thread: capture.
class CursorWatch {
 public:
  explicit CursorWatch(const Connection& connection);
  using ShapeFn = std::function<void(const ports::CursorImage&)>;
  using PositionFn = std::function<void(ports::CursorPosition)>;
  void on_change(ShapeFn shape, PositionFn position);
  // Chooses the events and tells shape and place once.
  void start();
  void stop();
  // True when the event was this channel's.
  bool take(const xcb_generic_event_t& event);
  // Does what is due; returns when to call again at the latest.
  LocalTime poll(LocalTime now);
  void look_again() { moved_ = true; }  // a warped pointer makes no raw motion

 private:
  void fetch_shape();
  void fetch_position();

  const Connection& connection_;
  ShapeFn shape_;
  PositionFn position_;
  bool moved_ = false, shape_changed_ = false, visible_ = true;
  std::optional<std::uint32_t> serial_;
  LocalTime last_query_{};
  std::optional<ports::CursorPosition> last_;
};

}  // namespace beside::capture
