// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/input_devices.h"

#include <xcb/xinput.h>

#include <string_view>

namespace beside::capture {

std::vector<InputDevice> input_devices(const Connection& connection) {
  std::vector<InputDevice> out;
  if (!connection.abilities().xinput2) return out;
  xcb_connection_t* const c = connection.xcb();
  Reply<xcb_input_xi_query_device_reply_t> reply(xcb_input_xi_query_device_reply(c, xcb_input_xi_query_device(c, XCB_INPUT_DEVICE_ALL), nullptr));
  if (!reply) return out;
  for (auto it = xcb_input_xi_query_device_infos_iterator(reply.get()); it.rem > 0; xcb_input_xi_device_info_next(&it)) {
    const std::string_view name(xcb_input_xi_device_info_name(it.data), static_cast<std::size_t>(xcb_input_xi_device_info_name_length(it.data)));
    out.push_back({it.data->deviceid, it.data->type, name.find("XTEST") != std::string_view::npos});
  }
  return out;
}

}  // namespace beside::capture
