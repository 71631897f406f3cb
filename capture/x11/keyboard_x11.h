// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "capture/x11/connection.h"
#include "capture/x11/keyboard.h"
#include "engine/base/clock.h"

struct xkb_context;

namespace beside::capture {

// The customer's keyboard as the X server has it: keymap, state, locks, and the keycodes that nobody uses.
// Thread: the connection's.
class X11Keyboard {
 public:
  static Result<std::unique_ptr<X11Keyboard>> create(const Connection& connection);
  ~X11Keyboard();
  X11Keyboard(const X11Keyboard&) = delete;
  X11Keyboard& operator=(const X11Keyboard&) = delete;

  // True when the event was a change of the keymap; it is read again when next needed.
  bool take(const xcb_generic_event_t& event);
  // Null when the server gives no keymap.
  const KeyboardModel* model();
  // `ours`: real modifiers that keys injected by us hold.
  std::optional<KeyboardState> state(std::uint32_t ours) const;
  // Sets locked modifiers within `mask` to `locks`, and the locked group.
  void lock(std::uint32_t mask, std::uint32_t locks, std::uint32_t group);
  // A keycode that gives `keysym`, bound now if need be, and known to every client before the next key event reaches
  // it. 0 when all spares are held down (`is_down`) or there are none. The oldest is used again, not before it is
  // a quarter of a second old (it waits so long), since programs read the map late.
  std::uint32_t spare_for(std::uint32_t keysym, const std::vector<std::uint32_t>& is_down);
  void give_back_spares();

 private:
  explicit X11Keyboard(const Connection& connection) : connection_(connection) {}
  bool reload();
  void bind(std::uint32_t keycode, std::uint32_t keysym);

  struct Spare {
    std::uint32_t keysym = 0;  // 0: free
    LocalTime used{};
  };
  const Connection& connection_;
  xkb_context* context_ = nullptr;
  std::unique_ptr<KeyboardModel> model_;
  bool dirty_ = true;
  std::map<std::uint32_t, Spare> spares_;  // by keycode
};

}  // namespace beside::capture
