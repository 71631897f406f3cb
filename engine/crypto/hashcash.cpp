// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/hashcash.h"

#include <sodium.h>

#include "engine/crypto/hash.h"
#include "engine/crypto/random.h"

namespace beside::crypto {
namespace {

constexpr std::size_t kAnswerBytes = 8;

bool has_leading_zeros(const Digest256& digest, unsigned bits) {
  if (bits > digest.size() * 8) return false;
  std::size_t at = 0;
  for (; bits >= 8; bits -= 8)
    if (digest[at++] != 0) return false;
  return bits == 0 || (digest[at] >> (8 - bits)) == 0;
}

Digest256 hash_with(const crypto_hash_sha256_state& prefix, ByteSpan answer) {
  crypto_hash_sha256_state state = prefix;
  Digest256 digest;
  crypto_hash_sha256_update(&state, answer.data(), answer.size());
  crypto_hash_sha256_final(&state, digest.data());
  return digest;
}

}  // namespace

Result<Bytes> solve_hashcash(ByteSpan challenge, unsigned bits, const std::atomic<bool>& cancel) {
  if (bits > kHashcashMaxBits) return fail(ErrorKind::Limit, "crypto/hashcash: too much work asked for");
  crypto_hash_sha256_state prefix;
  crypto_hash_sha256_init(&prefix);
  crypto_hash_sha256_update(&prefix, challenge.data(), challenge.size());
  // A random start, so that two askers of one challenge do not find the same answer.
  std::uint64_t counter = std::uint64_t{random_u32()} << 32 | random_u32();
  Bytes answer;
  for (std::uint32_t tries = 0;; ++tries, ++counter) {
    if (tries % 1024 == 0 && cancel.load(std::memory_order_relaxed))
      return fail(ErrorKind::Cancelled, "crypto/hashcash: cancelled");
    answer.clear();
    ByteWriter(answer).u64(counter);
    if (has_leading_zeros(hash_with(prefix, answer), bits)) return answer;
  }
}

bool verify_hashcash(ByteSpan challenge, ByteSpan answer, unsigned bits) {
  if (answer.size() != kAnswerBytes) return false;
  Bytes input = to_bytes(challenge);
  input.insert(input.end(), answer.begin(), answer.end());
  return has_leading_zeros(sha256(input), bits);
}

}  // namespace beside::crypto
