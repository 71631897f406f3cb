// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>

namespace beside::session {

// Streams of video that a viewer plays at once: the newest so many that were offered. Both ends count alike, so whoever offers
// another one knows that the oldest is over.
constexpr std::size_t kMostVideoStreams = 4;

}  // namespace beside::session
