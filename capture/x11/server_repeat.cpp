// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/server_repeat.h"

#include <xcb/xinput.h>

#include <algorithm>
#include <array>
#include <utility>

#include "capture/x11/input_devices.h"
#include "capture/x11/xcb_xkb.h"

namespace beside::capture {

std::vector<ServerRepeat::Keyboard> ServerRepeat::keyboards() const {
  std::vector<Keyboard> out;
  if (!connection_.abilities().xkb) return out;
  for (const InputDevice& each : input_devices(connection_)) {
    const bool core = each.type == XCB_INPUT_DEVICE_TYPE_MASTER_KEYBOARD;
    if (core || each.type == XCB_INPUT_DEVICE_TYPE_SLAVE_KEYBOARD) out.push_back({each.id, core, !core && each.xtest, false});
  }
  xcb_connection_t* const c = connection_.xcb();
  std::vector<xcb_xkb_get_controls_cookie_t> asked;
  for (const Keyboard& each : out) asked.push_back(xcb_xkb_get_controls(c, each.device));
  for (std::size_t i = 0; i < out.size(); ++i) {
    Reply<xcb_xkb_get_controls_reply_t> controls(xcb_xkb_get_controls_reply(c, asked[i], nullptr));
    out[i].repeats = controls && (controls->enabledControls & XCB_XKB_BOOL_CTRL_REPEAT_KEYS) != 0;
  }
  return out;
}

// What counts are the master's controls, which become a device's when the first key of that device follows another's: so the master's are
// set, which sets all of them, and those that are not XTEST's are given back theirs.
bool ServerRepeat::off() {
  if (off_) return true;
  found_ = keyboards();
  (void)left_off();
  if (std::none_of(found_.begin(), found_.end(), [](const Keyboard& k) { return k.xtest; })) return false;
  for (const Keyboard& each : found_)
    if (each.core) set(each.device, false);
  for (const Keyboard& each : found_)
    if (!each.core && !each.xtest && each.repeats) set(each.device, true);
  return off_ = true;
}

bool ServerRepeat::left_off() {
  const auto others = [](const Keyboard& k) { return !k.core && !k.xtest && k.repeats; };
  const auto xtest = [](const Keyboard& k) { return k.xtest && !k.repeats; };
  if (std::none_of(found_.begin(), found_.end(), others) || std::none_of(found_.begin(), found_.end(), xtest)) return false;
  for (Keyboard& each : found_)
    if (each.core || each.xtest) each.repeats = true;
  return true;
}

bool ServerRepeat::mend() {
  if (off_) return false;
  found_ = keyboards();
  if (!left_off()) return false;
  put_back();
  return true;
}

void ServerRepeat::restore() {
  if (std::exchange(off_, false)) put_back();
}

void ServerRepeat::put_back() const {
  for (const bool core : {true, false})
    for (const Keyboard& each : found_)
      if (each.core == core) set(each.device, each.repeats);
  connection_.flush();
}

void ServerRepeat::set(std::uint16_t device, bool on) const {
  // Only controls named in the masks are touched.
  static constexpr std::array<std::uint8_t, 32> kKeys{};
  constexpr std::uint32_t kRepeat = XCB_XKB_BOOL_CTRL_REPEAT_KEYS;
  xcb_xkb_set_controls(connection_.xcb(), device, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, kRepeat, on ? kRepeat : 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                       0, 0, kKeys.data());
}

}  // namespace beside::capture
