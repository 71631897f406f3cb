// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/server_repeat.h"

#include <xcb/xinput.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "capture/x11/xcb_xkb.h"

namespace beside::capture {

std::vector<ServerRepeat::Keyboard> ServerRepeat::keyboards() const {
  std::vector<Keyboard> out;
  if (!connection_.abilities().xinput2 || !connection_.abilities().xkb) return out;
  xcb_connection_t* const c = connection_.xcb();
  Reply<xcb_input_xi_query_device_reply_t> reply(xcb_input_xi_query_device_reply(c, xcb_input_xi_query_device(c, XCB_INPUT_DEVICE_ALL), nullptr));
  if (!reply) return out;
  for (auto it = xcb_input_xi_query_device_infos_iterator(reply.get()); it.rem > 0; xcb_input_xi_device_info_next(&it)) {
    const bool core = it.data->type == XCB_INPUT_DEVICE_TYPE_MASTER_KEYBOARD;
    if (!core && it.data->type != XCB_INPUT_DEVICE_TYPE_SLAVE_KEYBOARD) continue;
    const std::string_view name(xcb_input_xi_device_info_name(it.data), static_cast<std::size_t>(xcb_input_xi_device_info_name_length(it.data)));
    out.push_back({it.data->deviceid, core, !core && name.find("XTEST") != std::string_view::npos, false});
  }
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
  if (std::none_of(found_.begin(), found_.end(), [](const Keyboard& k) { return k.xtest; })) return false;
  for (const Keyboard& each : found_)
    if (each.core) set(each.device, false);
  for (const Keyboard& each : found_)
    if (!each.core && !each.xtest && each.repeats) set(each.device, true);
  return off_ = true;
}

void ServerRepeat::restore() {
  if (!std::exchange(off_, false)) return;
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
