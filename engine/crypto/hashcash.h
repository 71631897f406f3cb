// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

// Proof of work for code tries under attack (PROTOCOL 2): SHA-256(challenge || answer) begins with n zero bits.
namespace beside::crypto {

constexpr unsigned kHashcashBits = 20;
constexpr unsigned kHashcashMaxBits = 28;  // what a client is willing to work at

// An answer of 8 bytes. Takes about 2^bits hashes (0.3 s for 20): never on the net thread. Cancelled: `cancel` became
// true (looked at every 1,024 tries). Limit: more than kHashcashMaxBits were asked for.
Result<Bytes> solve_hashcash(ByteSpan challenge, unsigned bits, const std::atomic<bool>& cancel);
// An answer that is not 8 bytes long is refused.
bool verify_hashcash(ByteSpan challenge, ByteSpan answer, unsigned bits);

}  // namespace beside::crypto
