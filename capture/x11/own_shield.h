// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "capture/x11/application_windows.h"
#include "capture/x11/connection.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// Where our own windows are, and whether a window is ours. The shell's areas are one source; the X server is asked too,
// because a window may have moved before the shell could say so. Where only one application is shared (a kiosk), all that
// is not the application's is treated as ours: hatched, and closed to input.
// Thread: the connection's.
class OwnShield {
 public:
  OwnShield(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own);
  // Areas that the shell gave and the outer rectangles of mapped native windows, root pixels. One round trip when there
  // are native windows, none otherwise.
  std::vector<Rect> areas() const;
  // A window of ours lies at this point on top, or the point is within areas().
  bool covers(int x, int y) const;
  // A key would reach us: the shell says that we have the focus, or the X focus, or (focus follows pointer) the window
  // under the pointer, is ours.
  bool has_focus() const;
  // Windows of this process that are not to be protected (the mark).
  void except(xcb_window_t window) { exception_ = window; }

 private:
  bool is_ours(xcb_window_t window) const;               // by native id, owner process or _NET_WM_PID
  bool is_ours_or_inside(xcb_window_t window) const;     // the window or one of its ancestors
  bool chain_at(int x, int y) const;                     // from the top-level at a point down to the innermost window

  const Connection& connection_;
  ApplicationWindows application_;
  std::shared_ptr<const ports::OwnWindows> own_;
  xcb_window_t exception_ = XCB_NONE;
  xcb_atom_t pid_atom_ = XCB_NONE;
  std::uint32_t pid_;
};

}  // namespace beside::capture
