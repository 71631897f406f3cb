// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/result.h"
#include "ui/shell/shell.h"

struct GLFWwindow;

namespace beside::shell {

// Calls `gone` when the display of GLFW's connection goes away and ends the process with status 1 after it: GLFW would wait
// for ever for events of a dead connection. Main thread.
void on_display_gone(std::function<void()> gone);

// What GLFW cannot do with a window: stacking, every workspace, no minimising, and whether people really see it.
// Uses a connection of its own, so that its events are its own. Thread: main.
class X11Window {
 public:
  static Result<std::unique_ptr<X11Window>> create(GLFWwindow* window);
  virtual ~X11Window() = default;
  virtual std::uint32_t id() const = 0;
  // Reads waiting events without blocking. True: look() may say something new. `read_already`: only those that came along with an
  // answer, which fd() will not tell of; costs no system call.
  virtual bool pump(bool read_already = false) = 0;
  // To poll for events.
  virtual int fd() const = 0;
  // Asks the server: a handful of round trips.
  virtual WindowState look() = 0;
  // The pointer is over the window and nothing of others lies between. One round trip.
  virtual bool pointer_is_over() const = 0;
  // Panel duties: above all, on every workspace, no minimise button.
  virtual void set_panel(bool on) = 0;
  virtual void set_fullscreen(bool on) = 0;
  virtual void raise() = 0;
  virtual void map_again() = 0;
  virtual void move_resize(const Rect& root_pixels) = 0;
  virtual Rect monitor_of_window() const = 0;       // root pixels; the work area where a window manager tells one
  // Super, Alt+Tab and the rest reach our window alone; released by itself when the focus is lost.
  virtual void grab_keyboard(bool on) = 0;
};

}  // namespace beside::shell
