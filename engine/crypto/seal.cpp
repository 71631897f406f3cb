// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/seal.h"

#include <sodium.h>

#include "engine/crypto/sodium_ready.h"

namespace beside::crypto {
namespace {
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
static_assert(kNonceBytes + crypto_aead_xchacha20poly1305_ietf_ABYTES == kSealOverhead);
static_assert(crypto_box_SEALBYTES == kBoxOverhead);
}  // namespace

Bytes seal(const Secret<32>& key, ByteSpan plaintext, ByteSpan associated) {
  sodium_ready();
  Bytes out(plaintext.size() + kSealOverhead);
  // 192 random bits: a repeat is out of reach for any number of messages.
  randombytes_buf(out.data(), kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kNonceBytes, nullptr, plaintext.data(), plaintext.size(),
                                             associated.data(), associated.size(), nullptr, out.data(),
                                             key.reveal().data());
  return out;
}

Result<Bytes> open_sealed(const Secret<32>& key, ByteSpan sealed, ByteSpan associated) {
  sodium_ready();
  BS_PEER_CHECK(sealed.size() >= kSealOverhead, "crypto/seal: length");
  Bytes out(sealed.size() - kSealOverhead);
  const ByteSpan body = sealed.subspan(kNonceBytes);
  BS_PEER_CHECK(crypto_aead_xchacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, body.data(), body.size(),
                                                           associated.data(), associated.size(), sealed.data(),
                                                           key.reveal().data()) == 0,
                "crypto/seal: not authentic");
  return out;
}

BoxKey new_box_key() {
  sodium_ready();
  BoxKey key;
  crypto_box_keypair(key.shared.data(), key.secret.fill().data());
  return key;
}

Result<Bytes> seal_box(const BoxPublicKey& to, ByteSpan plaintext) {
  sodium_ready();
  Bytes out(plaintext.size() + kBoxOverhead);
  BS_PEER_CHECK(crypto_box_seal(out.data(), plaintext.data(), plaintext.size(), to.data()) == 0,
                "crypto/seal: box key");
  return out;
}

Result<Bytes> open_box(const BoxKey& key, ByteSpan sealed) {
  sodium_ready();
  BS_PEER_CHECK(sealed.size() >= kBoxOverhead, "crypto/seal: box length");
  Bytes out(sealed.size() - kBoxOverhead);
  BS_PEER_CHECK(crypto_box_seal_open(out.data(), sealed.data(), sealed.size(), key.shared.data(),
                                     key.secret.reveal().data()) == 0,
                "crypto/seal: box not authentic");
  return out;
}

}  // namespace beside::crypto
