// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "capture/x11/connection.h"
#include "engine/base/clock.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// Where the customer's hidden parts (OwnWindows::hide) are on the root at this moment.
//
// A hidden window counts with its frame, with dialogs that are transient for it and with menus of its client (windows without
// a window manager that the same client made). What an opaque window above covers is not hidden.
// What was hidden stays so for kLinger after the window left it: what lies beneath may not be painted yet, and a
// compositor shows the past. With a compositor, everything is hidden for that time when a hidden window appears or goes,
// because it may fly across the screen.
// Thread: the connection's. Failure: what the server does not answer hides everything.
class HiddenAreas {
 public:
  static constexpr auto kLinger = 500ms;

  HiddenAreas(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own);
  bool follows_windows() const { return !parts().windows.empty(); }
  // Root pixels; may overlap. A few round trips while windows are hidden, none otherwise.
  std::vector<Rect> areas(const DesktopLayout& layout, LocalTime now);
  // When areas() will be less without anybody having done anything; kNever.
  LocalTime next_change() const;
  // The window, or what it is in, was a hidden window at the last areas().
  bool holds(xcb_window_t window) const;

 private:
  struct Top;
  struct Lingering {
    Rect area;
    LocalTime until{};
  };
  const HiddenParts& parts() const;
  std::optional<std::vector<Rect>> follow(LocalTime now);
  void mark_hidden(std::vector<Top>& tops);
  xcb_window_t top_of(xcb_window_t window) const;
  xcb_window_t client_of(xcb_window_t top, int depth) const;
  xcb_window_t transient_for(xcb_window_t client) const;

  const Connection& connection_;
  std::shared_ptr<const ports::OwnWindows> own_;
  mutable HiddenParts parts_;
  mutable std::uint64_t revision_ = 0;
  struct Identity {
    xcb_window_t client = XCB_NONE, leader = XCB_NONE;
  };
  std::map<xcb_window_t, Identity> known_;    // of frames that have a client
  std::vector<xcb_window_t> hidden_tops_;     // in view, ascending
  std::vector<Rect> last_;                    // without what lingers
  std::vector<Lingering> lingering_;
  xcb_atom_t state_atom_ = XCB_NONE, opacity_atom_ = XCB_NONE, compositor_atom_ = XCB_NONE;
};

}  // namespace beside::capture
