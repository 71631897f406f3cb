// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <xcb/xcb.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capture/x11/session_kind.h"
#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/x11/event_reader.h"
#include "engine/x11/xcb_handles.h"

namespace beside::capture {

using x11::Reply;
using XEvent = Reply<xcb_generic_event_t>;

// One XCB connection to the default screen of a display. Every failure of the display shows as broken() and as empty
// replies; nothing ends the process.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& display);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  xcb_connection_t* xcb() const { return connection_; }
  const xcb_setup_t* setup() const { return xcb_get_setup(connection_); }
  xcb_screen_t* screen() const { return screen_; }
  xcb_window_t root() const { return screen_->root; }
  std::uint32_t pixel_of(std::uint32_t rgb) const;   // 0xRRGGBB as the root's visual has it
  const std::string& display() const { return display_; }
  int fd() const { return xcb_get_file_descriptor(connection_); }
  bool broken() const { return xcb_connection_has_error(connection_) != 0; }
  void flush() const { xcb_flush(connection_); }
  // Empties all requests to the server and waits until it has carried them out. False when the display is gone.
  bool sync() const;
  XEvent poll_event() { return events_.next(); }
  bool has_events() { return events_.waiting(); }   // to be asked before fd() is waited for
  // What the server offers; asked once and negotiated, as XFixes, Damage and the others demand before use.
  const X11Abilities& abilities() const { return abilities_; }
  // First event and major opcode of an extension, zero when it is missing.
  std::uint8_t first_event(xcb_extension_t* extension) const;
  std::uint8_t major_opcode(xcb_extension_t* extension) const;

 private:
  Connection(xcb_connection_t* connection, xcb_screen_t* screen, std::string display);
  void negotiate();

  xcb_connection_t* connection_;
  xcb_screen_t* screen_;
  std::string display_;
  X11Abilities abilities_;
  x11::EventReader events_{connection_};
};

// The error that every call gives once the display is gone.
Error display_gone(std::string_view where);

}  // namespace beside::capture
