// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/result.h"

namespace beside::capture {

struct OpenWindow {
  std::uint32_t id = 0;       // the client's window
  std::string title;          // UTF-8, without control characters, 200 bytes at most
  bool operator==(const OpenWindow&) const = default;
};

// The customer's windows, for him to choose from: those that the window manager lists (_NET_CLIENT_LIST), else the titled
// windows in view that a window manager would frame. Ours, panels and desktops are left out.
// Thread: one; a few round trips on a connection of its own. Failure: a display that is gone has no windows.
class WindowList {
 public:
  static Result<std::unique_ptr<WindowList>> create(const std::string& display);
  virtual ~WindowList() = default;
  virtual std::vector<OpenWindow> now() = 0;   // topmost first
};

// The person drags a rectangle on his screen: a frame of thin windows follows. Esc, another button or 30 s cancel. Blocks; the
// pointer is held meanwhile. Thread: any, with a connection of its own. nullopt: cancelled, smaller than 8x8, or the pointer
// could not be held. `cancel_fd`: readable ends it.
std::optional<Rect> draw_area(const std::string& display, int cancel_fd);

}  // namespace beside::capture
