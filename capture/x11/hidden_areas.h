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
// Where one window only may be seen (HiddenParts::only_window), all is hidden but what is in view of it, its dialogs and its
// client's menus. What others lay upon it is hidden, and so is, with a compositor, what it lets shine through: a window that is
// not opaque is seen where it says that it is (_NET_WM_OPAQUE_REGION). Once it is closed nothing is seen: its number may
// become another's.
// Thread: the connection's. Failure: what the server does not answer hides everything.
class HiddenAreas {
 public:
  static constexpr auto kLinger = 500ms;

  HiddenAreas(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own);
  bool follows_windows() const { return !parts().windows.empty() || parts().only_window != 0; }
  // Root pixels; may overlap. A few round trips while windows are hidden, none otherwise.
  std::vector<Rect> areas(const DesktopLayout& layout, LocalTime now);
  // When areas() will be less without anybody having done anything; kNever.
  LocalTime next_change() const;
  // The window, or what it is in, was a hidden window at the last areas(), or not the only one that may be seen.
  bool holds(xcb_window_t window) const;

 private:
  struct Top;
  struct Identity {
    xcb_window_t client = XCB_NONE, leader = XCB_NONE;
  };
  struct Lingering {
    Rect area;
    LocalTime until{};
  };
  const HiddenParts& parts() const;
  std::optional<std::vector<Rect>> follow(LocalTime now);
  std::optional<std::vector<Top>> tops();
  void mark(std::vector<Top>& tops, const std::vector<std::uint32_t>& rules);
  std::vector<Rect> hidden_among(std::vector<Top>& tops, LocalTime now);
  std::vector<Rect> all_but_one(std::vector<Top>& tops, LocalTime now);
  std::vector<Rect> opaque_parts(const Top& top);
  void fly(std::vector<xcb_window_t> movers, LocalTime now);
  Identity identity_of(xcb_window_t top);
  xcb_window_t client_of(xcb_window_t top, int depth) const;
  xcb_window_t transient_for(xcb_window_t client) const;

  const Connection& connection_;
  std::shared_ptr<const ports::OwnWindows> own_;
  mutable HiddenParts parts_;
  mutable std::uint64_t revision_ = 0;
  std::map<xcb_window_t, Identity> known_;    // of frames that have a client
  std::vector<xcb_window_t> marked_tops_;     // in view, ascending: the hidden ones, or those that alone are seen
  std::vector<xcb_window_t> movers_;          // hidden ones in view that a compositor may let fly, ascending
  xcb_window_t only_ = XCB_NONE;              // of the last areas()
  bool composited_ = false, only_is_gone_ = false;
  std::vector<Rect> last_;                    // without what lingers
  std::vector<Lingering> lingering_;
  xcb_atom_t state_atom_ = XCB_NONE, opacity_atom_ = XCB_NONE, compositor_atom_ = XCB_NONE, opaque_atom_ = XCB_NONE;
};

}  // namespace beside::capture
