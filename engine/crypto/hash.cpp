// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/hash.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>

#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/crypto/sodium_ready.h"

namespace beside::crypto {

Digest256 sha256(ByteSpan data) {
  Digest256 out;
  crypto_hash_sha256(out.data(), data.data(), data.size());
  return out;
}

Digest512 sha512(ByteSpan data) {
  Digest512 out;
  crypto_hash_sha512(out.data(), data.data(), data.size());
  return out;
}

Digest256 hmac_sha256(ByteSpan key, ByteSpan data) {
  sodium_ready();
  Digest256 out;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, data.data(), data.size());
  crypto_auth_hmacsha256_final(&state, out.data());
  sodium_memzero(&state, sizeof state);
  return out;
}

Digest512 hmac_sha512(ByteSpan key, ByteSpan data) {
  sodium_ready();
  Digest512 out;
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, key.data(), key.size());
  crypto_auth_hmacsha512_update(&state, data.data(), data.size());
  crypto_auth_hmacsha512_final(&state, out.data());
  sodium_memzero(&state, sizeof state);
  return out;
}

void hkdf_sha256(ByteSpan salt, ByteSpan key_material, ByteSpan info, MutableByteSpan out) {
  BS_ASSERT(out.size() <= 255 * 32);
  const std::array<std::uint8_t, 32> zero_salt{};
  Digest256 key = hmac_sha256(salt.empty() ? ByteSpan(zero_salt) : salt, key_material);  // RFC 5869 2.2
  Digest256 block{};
  std::size_t block_size = 0;
  std::uint8_t counter = 0;
  Bytes input;
  input.reserve(32 + info.size() + 1);
  while (!out.empty()) {  // RFC 5869 2.3
    input.assign(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(block_size));
    input.insert(input.end(), info.begin(), info.end());
    input.push_back(++counter);
    block = hmac_sha256(key, input);
    block_size = block.size();
    const std::size_t take = std::min(out.size(), block.size());
    std::copy_n(block.begin(), take, out.begin());
    out = out.subspan(take);
  }
  wipe(key);
  wipe(block);
  wipe(input);
}

// OpenSSL's SHA-256 uses the processor's instructions where it has them; this is the one for long data.
Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  BS_ASSERT(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(ByteSpan data) { BS_ASSERT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1); }

Digest256 Sha256::finish() {
  Digest256 out;
  BS_ASSERT(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1);
  BS_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  return out;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

}  // namespace beside::crypto
