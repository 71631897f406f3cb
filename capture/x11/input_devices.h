// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "capture/x11/connection.h"

namespace beside::capture {

struct InputDevice {
  std::uint16_t id = 0;
  std::uint16_t type = 0;              // XCB_INPUT_DEVICE_TYPE_*
  bool xtest = false;                  // what programs feign comes from it
  std::vector<std::uint8_t> buttons;   // that are down, 1 to 255
};

// All there are now, in the server's order; empty where it has no X Input 2. One round trip.
std::vector<InputDevice> input_devices(const Connection& connection);

}  // namespace beside::capture
