// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/sign.h"

#include <sodium.h>

#include "engine/crypto/sodium_ready.h"

namespace beside::crypto {

SigningKey new_signing_key() {
  sodium_ready();
  SigningKey key;
  crypto_sign_keypair(key.verify.data(), key.secret.fill().data());
  return key;
}

SigningKey signing_key_from_seed(const Secret<32>& seed) {
  sodium_ready();
  SigningKey key;
  crypto_sign_seed_keypair(key.verify.data(), key.secret.fill().data(), seed.reveal().data());
  return key;
}

Signature sign(const SigningKey& key, ByteSpan message) {
  sodium_ready();
  Signature out;
  crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), key.secret.reveal().data());
  return out;
}

bool verify_signature(const VerifyKey& key, ByteSpan message, ByteSpan signature) {
  sodium_ready();
  return signature.size() == std::tuple_size_v<Signature> &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

}  // namespace beside::crypto
