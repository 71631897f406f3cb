// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "ui/shell/shell.h"

struct GLFWwindow;

// All of X11 and xkbcommon that the shell needs lives behind this header.
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
  // Reads waiting events without blocking. True: look() may say something new.
  virtual bool pump() = 0;
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

// One key as the operator's layout reads it.
struct KeyReading {
  std::uint16_t hid_usage = 0;
  std::uint32_t keysym = 0;
  std::array<char, 8> text{};        // what the key alone produces; empty for dead keys and control characters
  std::uint16_t modifiers = 0;       // while the event happens, the key's own change not yet in it
  bool is_modifier = false;
  enum class Compose : std::uint8_t {
    None,         // an ordinary key
    Composing,    // part of a sequence (a dead key): nothing goes out yet
    Composed,     // the sequence is complete: `composed` is its text
    Cancelled,    // the sequence led nowhere and is dropped; this key is dropped with it
  } compose = Compose::None;
  std::string composed;              // UTF-8
};

// Keeps the state of the keyboard layout from the key events it is given, in their order, and follows layout changes
// that the server announces. Thread: main.
class KeyboardReader {
 public:
  // On the X server's keymap.
  static Result<std::unique_ptr<KeyboardReader>> create();
  // On a keymap of these names, without a server (tests). `locale` names the Compose table.
  static Result<std::unique_ptr<KeyboardReader>> create_for_layout(const std::string& layout, const std::string& variant,
                                                                   const std::string& locale);
  virtual ~KeyboardReader() = default;
  virtual KeyReading press(std::uint32_t x_keycode) = 0;
  virtual KeyReading release(std::uint32_t x_keycode) = 0;
  // The window got the focus: forget held keys and half sequences, take locks and layout from the server.
  virtual void resync() = 0;
};

}  // namespace beside::shell
