// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "engine/base/result.h"

namespace beside::linksim {

// A TUN device (whole IP packets, no frame) made inside a named network namespace of `ip netns`. The device lives as long as
// the descriptor. The calling thread is in its own namespace again afterwards.
// Returns the non-blocking descriptor. Errors: Environment, with what is missing.
Result<int> open_tun(const std::string& netns, const std::string& device);

}  // namespace beside::linksim
