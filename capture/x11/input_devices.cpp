// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/input_devices.h"

#include <xcb/xinput.h>

#include <algorithm>
#include <string_view>

namespace beside::capture {

namespace {

std::vector<std::uint8_t> buttons_of(const xcb_input_xi_device_info_t& device) {
  std::vector<std::uint8_t> out;
  for (auto it = xcb_input_xi_device_info_classes_iterator(&device); it.rem > 0; xcb_input_device_class_next(&it)) {
    if (it.data->type != XCB_INPUT_DEVICE_CLASS_TYPE_BUTTON) continue;
    const auto* buttons = reinterpret_cast<const xcb_input_button_class_t*>(it.data);
    const std::uint32_t* state = xcb_input_button_class_state(buttons);
    for (int button = 1; button < std::min(256, 32 * xcb_input_button_class_state_length(buttons)); ++button)
      if ((state[button / 32] >> (button % 32) & 1U) != 0) out.push_back(static_cast<std::uint8_t>(button));
  }
  return out;
}

}  // namespace

std::vector<InputDevice> input_devices(const Connection& connection) {
  std::vector<InputDevice> out;
  if (!connection.abilities().xinput2) return out;
  xcb_connection_t* const c = connection.xcb();
  Reply<xcb_input_xi_query_device_reply_t> reply(xcb_input_xi_query_device_reply(c, xcb_input_xi_query_device(c, XCB_INPUT_DEVICE_ALL), nullptr));
  if (!reply) return out;
  for (auto it = xcb_input_xi_query_device_infos_iterator(reply.get()); it.rem > 0; xcb_input_xi_device_info_next(&it)) {
    const std::string_view name(xcb_input_xi_device_info_name(it.data), static_cast<std::size_t>(xcb_input_xi_device_info_name_length(it.data)));
    out.push_back({it.data->deviceid, it.data->type, name.find("XTEST") != std::string_view::npos, buttons_of(*it.data)});
  }
  return out;
}

}  // namespace beside::capture
