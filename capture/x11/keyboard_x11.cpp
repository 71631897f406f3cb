// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/keyboard_x11.h"

#include <xkbcommon/xkbcommon-x11.h>

#include <algorithm>
#include <thread>

#include "capture/x11/xcb_xkb.h"

namespace beside::capture {
namespace {

constexpr auto kSpareRest = 250ms;

}  // namespace

Result<std::unique_ptr<X11Keyboard>> X11Keyboard::create(const Connection& connection) {
  std::unique_ptr<X11Keyboard> made(new X11Keyboard(connection));
  made->context_ = xkb_context_new(static_cast<xkb_context_flags>(XKB_CONTEXT_NO_DEFAULT_INCLUDES |
                                                                  XKB_CONTEXT_NO_ENVIRONMENT_NAMES));
  if (made->context_ == nullptr ||
      xkb_x11_setup_xkb_extension(connection.xcb(), XKB_X11_MIN_MAJOR_XKB_VERSION, XKB_X11_MIN_MINOR_XKB_VERSION,
                                  XKB_X11_SETUP_XKB_EXTENSION_NO_FLAGS, nullptr, nullptr, nullptr, nullptr) == 0)
    return fail(ErrorKind::Environment, "capture/x11: keyboard", "the X server's keyboard map cannot be read");
  const std::uint16_t which = XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY;
  xcb_xkb_select_events(connection.xcb(), XCB_XKB_ID_USE_CORE_KBD, which, 0, which, 0xff, 0xff, nullptr);
  if (!made->reload())
    return fail(ErrorKind::Environment, "capture/x11: keyboard", "the X server's keyboard map cannot be read");
  return made;
}

X11Keyboard::~X11Keyboard() {
  model_.reset();
  xkb_context_unref(context_);
}

bool X11Keyboard::take(const xcb_generic_event_t& event) {
  const std::uint8_t type = event.response_type & 0x7f;
  const std::uint8_t first = connection_.first_event(&xcb_xkb_id);
  if (type != XCB_MAPPING_NOTIFY && (first == 0 || type != first)) return false;
  dirty_ = true;
  return true;
}

bool X11Keyboard::reload() {
  dirty_ = false;
  const auto device = xkb_x11_get_core_keyboard_device_id(connection_.xcb());
  if (device < 0) return false;
  xkb_keymap* keymap =
      xkb_x11_keymap_new_from_device(context_, connection_.xcb(), device, XKB_KEYMAP_COMPILE_NO_FLAGS);
  if (keymap == nullptr) return false;
  // A new layout wipes our bindings: what no longer shows our symbol is not ours any more.
  std::erase_if(spares_, [&](const auto& entry) {
    const xkb_keysym_t* symbols = nullptr;
    const int count = xkb_keymap_key_get_syms_by_level(keymap, entry.first, 0, 0, &symbols);
    return entry.second.keysym == 0 ? count > 0 : count != 1 || symbols[0] != entry.second.keysym;
  });
  std::vector<std::uint32_t> bound;
  for (const auto& entry : spares_) bound.push_back(entry.first);
  model_ = std::make_unique<KeyboardModel>(keymap, bound);
  xkb_keymap_unref(keymap);
  for (const auto keycode : model_->spare_keycodes()) spares_.try_emplace(keycode);
  return true;
}

const KeyboardModel* X11Keyboard::model() {
  if (dirty_ && !reload()) return nullptr;
  return model_.get();
}

std::optional<KeyboardState> X11Keyboard::state(std::uint32_t ours) const {
  Reply<xcb_xkb_get_state_reply_t> reply(xcb_xkb_get_state_reply(
      connection_.xcb(), xcb_xkb_get_state(connection_.xcb(), XCB_XKB_ID_USE_CORE_KBD), nullptr));
  if (!reply) return std::nullopt;
  KeyboardState state;
  state.base = reply->baseMods;
  state.ours = ours & reply->baseMods;
  state.latched = reply->latchedMods;
  state.locked = reply->lockedMods;
  state.group = reply->group;
  return state;
}

void X11Keyboard::lock(std::uint32_t mask, std::uint32_t locks, std::uint32_t group) {
  xcb_xkb_latch_lock_state(connection_.xcb(), XCB_XKB_ID_USE_CORE_KBD, static_cast<std::uint8_t>(mask),
                           static_cast<std::uint8_t>(locks), 1, static_cast<std::uint8_t>(group), 0, 0, 0);
}

void X11Keyboard::bind(std::uint32_t keycode, std::uint32_t keysym) {
  // The same symbol on all four positions that the core map has: Shift, AltGr or a second layout change nothing.
  const std::uint32_t symbols[4] = {keysym, keysym, keysym, keysym};
  xcb_change_keyboard_mapping(connection_.xcb(), 1, static_cast<std::uint8_t>(keycode), 4, symbols);
}

std::uint32_t X11Keyboard::spare_for(std::uint32_t keysym, const std::vector<std::uint32_t>& is_down) {
  if (dirty_ && !reload()) return 0;
  std::uint32_t chosen = 0;
  for (auto& [keycode, spare] : spares_) {
    if (spare.keysym == keysym) {
      spare.used = local_now();
      return keycode;
    }
    if (std::find(is_down.begin(), is_down.end(), keycode) != is_down.end()) continue;
    if (chosen == 0 || spare.used < spares_[chosen].used) chosen = keycode;
  }
  if (chosen == 0) return 0;
  Spare& spare = spares_[chosen];
  if (spare.keysym != 0)
    if (const auto age = local_now() - spare.used; age < kSpareRest) std::this_thread::sleep_for(kSpareRest - age);
  bind(chosen, keysym);
  // The round trip: the server has told every client of the new map before we send the key.
  if (!connection_.sync()) return 0;
  spare.keysym = keysym;
  spare.used = local_now();
  return chosen;
}

void X11Keyboard::give_back_spares() {
  bool any = false;
  for (auto& [keycode, spare] : spares_) {
    if (spare.keysym == 0) continue;
    // A program that is slow to read the map would otherwise lose the last characters typed.
    if (const auto age = local_now() - spare.used; age < kSpareRest) std::this_thread::sleep_for(kSpareRest - age);
    bind(keycode, 0);
    spare = {};
    any = true;
  }
  if (any) connection_.sync();
}

}  // namespace beside::capture
