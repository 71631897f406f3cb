// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "capture/x11/connection.h"
#include "engine/base/clock.h"

namespace beside::capture {

// The operator's mark on the customer's screen: a small arrow with a ring, shaped, above all, and transparent to clicks.
// It goes three seconds after it was last shown. Part of the picture on purpose: both people see it.
// Thread: desk.
class PointerMark {
 public:
  static constexpr auto kShownFor = 3s;
  PointerMark(const Connection& connection, std::uint32_t rgb);
  ~PointerMark();
  PointerMark(const PointerMark&) = delete;
  PointerMark& operator=(const PointerMark&) = delete;

  bool show(int x, int y, LocalTime now);  // false without the SHAPE extension
  void hide();
  // Hides when its time has come; returns when to call again, kNever while it is hidden.
  LocalTime poll(LocalTime now);
  xcb_window_t window() const { return window_; }

 private:
  void create();

  const Connection& connection_;
  std::uint32_t rgb_;
  xcb_window_t window_ = XCB_NONE;
  bool shown_ = false;
  LocalTime hide_at_{};
};

}  // namespace beside::capture
