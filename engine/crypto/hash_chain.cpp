// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/hash_chain.h"

#include "engine/crypto/constant_time.h"

namespace beside::crypto {

HashChain::HashChain(std::string_view name) {
  Bytes start;
  ByteWriter writer(start);
  writer.bytes(as_bytes("beside/1 chain"));
  writer.u32(static_cast<std::uint32_t>(name.size()));
  writer.bytes(as_bytes(name));
  head_ = sha256(start);
}

const Digest256& HashChain::append(ByteSpan record) {
  Bytes link;
  link.reserve(head_.size() + 12 + record.size());
  ByteWriter writer(link);
  writer.bytes(head_);
  writer.u64(count_);
  writer.u32(static_cast<std::uint32_t>(record.size()));
  writer.bytes(record);
  head_ = sha256(link);
  ++count_;
  return head_;
}

bool verify_chain(std::string_view name, std::span<const Bytes> records, const Digest256& head, std::uint64_t count) {
  if (records.size() != count) return false;
  HashChain chain(name);
  for (const Bytes& record : records) chain.append(record);
  return equal_constant_time(chain.head(), head);
}

}  // namespace beside::crypto
