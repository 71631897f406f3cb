// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "capture/x11/connection.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// Tells the windows of the one application that a kiosk shares (OwnWindows::share_only) from ours and from foreign ones.
// Thread: the connection's. Failure: what the server does not answer counts as foreign, so nothing leaves by mistake.
class ApplicationWindows {
 public:
  enum class Whose : std::uint8_t { Ours, Application, Foreign };
  struct TopLevel {
    xcb_window_t id = XCB_NONE;
    Rect area;                       // with its border, root pixels
    int border = 0;                  // pixels
    Whose whose = Whose::Foreign;
    bool viewable = false, input_only = false, override_redirect = false;
  };

  ApplicationWindows(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own);
  // Only one application is shared. False: the rest of this class has nothing to say.
  bool limited() const { return own_->shared_application().has_value(); }
  // Children of the root, lowest first. Three round trips, however many there are.
  std::vector<TopLevel> top_levels() const;
  // All of the root but the visible parts of the application: under no foreign window, within its shape.
  std::vector<Rect> hidden() const;
  // A point of the root, or a window (itself or an ancestor), is the application's.
  bool is_application_at(int x, int y) const;
  bool is_application(xcb_window_t window) const;

 private:
  bool is_application_top(xcb_window_t top) const;

  const Connection& connection_;
  std::shared_ptr<const ports::OwnWindows> own_;
  std::int64_t pid_;
};

}  // namespace beside::capture
