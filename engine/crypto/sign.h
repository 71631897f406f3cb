// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

#include "engine/base/bytes.h"
#include "engine/base/secret.h"

// Ed25519 (RFC 8032), detached signatures.
namespace beside::crypto {

using VerifyKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

struct SigningKey {
  Secret<64> secret;  // seed followed by the public half, as libsodium keeps it
  VerifyKey verify{};
};

SigningKey new_signing_key();
// The same key each time for the same seed.
SigningKey signing_key_from_seed(const Secret<32>& seed);
Signature sign(const SigningKey& key, ByteSpan message);
bool verify_signature(const VerifyKey& key, ByteSpan message, ByteSpan signature);

}  // namespace beside::crypto
