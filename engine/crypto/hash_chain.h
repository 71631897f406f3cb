// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/crypto/hash.h"

namespace beside::crypto {

// A chain over records: whoever knows head and count notices any record changed, dropped, added or moved.
//   head(0)   = SHA-256("beside/1 chain" || lv(name))
//   head(n+1) = SHA-256(head(n) || u64 n || u32 length || record)        lv() = u32 length, then the bytes
class HashChain {
 public:
  // `name` keeps chains apart (a session id).
  explicit HashChain(std::string_view name);
  // Goes on from a head and count that were kept.
  HashChain(const Digest256& head, std::uint64_t count) : head_(head), count_(count) {}
  // Returns the new head.
  const Digest256& append(ByteSpan record);
  const Digest256& head() const { return head_; }
  std::uint64_t count() const { return count_; }

 private:
  Digest256 head_{};
  std::uint64_t count_ = 0;
};

// True when the records, in order, lead from `name` to exactly this head and count.
bool verify_chain(std::string_view name, std::span<const Bytes> records, const Digest256& head, std::uint64_t count);

}  // namespace beside::crypto
