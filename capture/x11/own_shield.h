// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "capture/x11/application_windows.h"
#include "capture/x11/connection.h"
#include "capture/x11/hidden_areas.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// Where our own windows are, and whether a window is ours. The shell's areas are one source; the X server is asked too,
// because a window may have moved before the shell could say so. Where only one application is shared (a kiosk), all that
// is not the application's is treated as ours: hatched, and closed to input. So is what the customer hides.
// Thread: the connection's.
class OwnShield {
 public:
  OwnShield(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own);
  // Areas that the shell gave, the outer rectangles of mapped native windows and what the customer hides, root pixels. One
  // round trip when there are native windows, none otherwise, more while windows are hidden. No rectangle lies within another.
  std::vector<Rect> areas();
  // Sends what the next areas() asks about native windows: its answers are as of now, and wait for no round trip of their own
  // when something else was asked before.
  void ask();
  // areas() is ask() and what is known here: nothing else is asked of the server.
  bool is_asked_at_once() const { return !hidden_.follows_windows() && !application_.limited(); }
  // Those of areas() that the customer hides, as of its last call.
  const std::vector<Rect>& hidden() const { return hidden_now_; }
  LocalTime hidden_until() const { return hidden_.next_change(); }   // when areas() shrinks by itself; kNever
  bool follows_windows() const { return hidden_.follows_windows(); }
  void know(const DesktopLayout& layout) { layout_ = layout; }
  // A window of ours lies at this point on top, or the point is within areas().
  bool covers(int x, int y);
  // A key would reach us: the shell says that we have the focus, or the X focus, or (focus follows pointer) the window
  // under the pointer, is ours.
  bool has_focus();
  // Windows of this process that are not to be protected (the mark).
  void except(xcb_window_t window) { exception_ = window; }

 private:
  bool is_ours(xcb_window_t window) const;               // by native id, owner process or _NET_WM_PID
  bool is_ours_or_inside(xcb_window_t window) const;     // the window or one of its ancestors
  bool chain_at(int x, int y) const;                     // from the top-level at a point down to the innermost window

  struct Asked {
    xcb_get_window_attributes_cookie_t attributes;
    xcb_get_geometry_cookie_t geometry;
    xcb_translate_coordinates_cookie_t origin;
  };
  const Connection& connection_;
  std::vector<Asked> asked_;
  ApplicationWindows application_;
  HiddenAreas hidden_;
  std::vector<Rect> hidden_now_;
  DesktopLayout layout_;
  std::shared_ptr<const ports::OwnWindows> own_;
  xcb_window_t exception_ = XCB_NONE;
  xcb_atom_t pid_atom_ = XCB_NONE;
  std::uint32_t pid_;
};

// Nobody else's requests are carried out while it lives, if windows are hidden: between asking where a window is and reading
// the screen it cannot move. A few milliseconds at most; the server lets go by itself when the connection ends.
class StillScreen {
 public:
  StillScreen(const Connection& connection, bool wanted) : connection_(connection), wanted_(wanted) {
    if (wanted_) xcb_grab_server(connection_.xcb());
  }
  ~StillScreen() { release(); }
  StillScreen(const StillScreen&) = delete;
  StillScreen& operator=(const StillScreen&) = delete;
  void release() {
    if (!std::exchange(wanted_, false)) return;
    xcb_ungrab_server(connection_.xcb());
    connection_.flush();
  }

 private:
  const Connection& connection_;
  bool wanted_;
};

}  // namespace beside::capture
