// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/base/secret.h"

namespace beside::crypto {

// XChaCha20-Poly1305-IETF. A sealed body is a random 24-byte nonce, the ciphertext and a 16-byte tag.
constexpr std::size_t kSealOverhead = 24 + 16;
Bytes seal(const Secret<32>& key, ByteSpan plaintext, ByteSpan associated);
// PeerFault: too short, or not authentic for this key and associated data.
Result<Bytes> open_sealed(const Secret<32>& key, ByteSpan sealed, ByteSpan associated);

// Sealed boxes: anybody may close one to a public key (X25519); only its owner opens it, and nothing names the sender.
using BoxPublicKey = std::array<std::uint8_t, 32>;
struct BoxKey {
  Secret<32> secret;
  BoxPublicKey shared{};
};
constexpr std::size_t kBoxOverhead = 32 + 16;
BoxKey new_box_key();
// PeerFault: the public key is a point of small order.
Result<Bytes> seal_box(const BoxPublicKey& to, ByteSpan plaintext);
Result<Bytes> open_box(const BoxKey& key, ByteSpan sealed);

}  // namespace beside::crypto
