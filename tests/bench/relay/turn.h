// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace beside::bench {

// Allocate (RFC 8656 section 7) and ChannelBind (section 12) on a connected socket at a TURN server that asks for no
// credentials; `peer`, a bound socket of this machine, is connected to the relayed address. Blocks, at most a second each.
// Returns the channel number.
Result<std::uint16_t> turn_channel(int client, int peer);

}  // namespace beside::bench
