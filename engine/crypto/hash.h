// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "engine/base/bytes.h"

struct evp_md_ctx_st;

namespace beside::crypto {

using Digest256 = std::array<std::uint8_t, 32>;
using Digest512 = std::array<std::uint8_t, 64>;

Digest256 sha256(ByteSpan data);  // FIPS 180-4
Digest512 sha512(ByteSpan data);
Digest256 hmac_sha256(ByteSpan key, ByteSpan data);  // RFC 2104
Digest512 hmac_sha512(ByteSpan key, ByteSpan data);
// RFC 5869 extract and expand; `out` holds at most 255 * 32 bytes. An empty salt means 32 zero bytes.
void hkdf_sha256(ByteSpan salt, ByteSpan key_material, ByteSpan info, MutableByteSpan out);

// SHA-256 of data that comes in pieces. Thread: any, one at a time.
class Sha256 {
 public:
  Sha256();
  void update(ByteSpan data);
  // The digest of all updates so far; the object starts anew afterwards.
  Digest256 finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace beside::crypto
