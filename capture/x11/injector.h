// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <vector>

#include "capture/x11/connection.h"
#include "capture/x11/input_matcher.h"
#include "capture/x11/keyboard_x11.h"
#include "capture/x11/server_repeat.h"
#include "engine/base/input_event.h"

namespace beside::capture {

// Sends input by XTEST and remembers what it holds down. It decides nothing about rights: its owner asks first.
//
// Fake modifiers stay as they are until the next event or the key's release, so that a repeat is the right character; restore() puts back
// what was before. The server repeats nothing that we hold, where it lets us say so: a key that is held and goes down again is a repeat.
// Thread: desk.
class Injector {
 public:
  Injector(const Connection& connection, X11Keyboard* keyboard, InputMatcher& matcher);

  // What a program of ours that was killed left behind: keys without repeats, and what it held. Before raw events are asked for.
  void mend();
  void move(int x, int y);
  void button(std::uint8_t button, bool down);
  void wheel(int dx, int dy);                  // 1/120 notches; remainders are kept
  bool key_down(const InputEvent& event);      // false: this character cannot be made here
  void key_up(const InputEvent& event);
  bool type(std::string_view utf8);            // each character pressed and released
  void release_all();
  bool holds_button(std::uint8_t button) const;
  bool holds_key(const InputEvent& event) const { return held_.contains(name_of(event)); }
  bool holds_anything() const { return !held_.empty() || !buttons_.empty() || faked(); }

 private:
  // A key of the operator's: its place, or its symbol where the place is unknown.
  static std::uint32_t name_of(const InputEvent& event);
  bool carry_out(const KeyPlan& plan, std::uint32_t name);
  void restore();
  bool faked() const { return !fake_pressed_.empty() || !fake_released_.empty() || locks_changed_; }
  void fake(RawKind kind, std::uint32_t detail);
  std::uint32_t held_modifiers() const;
  std::vector<std::uint32_t> held_keycodes() const;

  const Connection& connection_;
  X11Keyboard* keyboard_;
  InputMatcher& matcher_;
  std::map<std::uint32_t, std::uint32_t> held_;       // operator's key -> keycode
  std::vector<std::uint8_t> buttons_;
  std::vector<std::uint32_t> fake_pressed_, fake_released_;  // keycodes
  bool locks_changed_ = false;
  std::uint32_t lock_mask_ = 0, former_locks_ = 0, former_group_ = 0;
  int wheel_x_ = 0, wheel_y_ = 0;
  ServerRepeat server_repeat_;
};

}  // namespace beside::capture
