// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/base/bytes.h"

namespace beside::crypto {

// True when both have the same length and content. The time depends on the length alone.
bool equal_constant_time(ByteSpan a, ByteSpan b);

}  // namespace beside::crypto
