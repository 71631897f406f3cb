// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace beside::crypto {

// Initialises libsodium once per process, from whatever thread comes first. Every file of this room that calls the
// library calls this before.
void sodium_ready();

}  // namespace beside::crypto
