// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/records.h"

#include "engine/base/ids.h"
#include "engine/crypto/hash_chain.h"
#include "engine/crypto/random.h"

namespace beside::relay {

std::string new_record_id(std::int64_t unix_ms) {
  std::uint8_t raw[10] = {};
  crypto::random_bytes(raw);
  return make_uuid7(unix_ms, raw);
}

AuditLink link_audit(const std::string& prev_hash, std::uint64_t rows_before, const AuditEntry& entry, std::int64_t at) {
  // Lengths first, so that no text can move from one field to the next.
  Bytes row;
  ByteWriter w(row);
  w.u64(static_cast<std::uint64_t>(at));
  for (const std::string* field : {&entry.actor, &entry.action, &entry.object, &entry.before, &entry.after}) {
    w.u32(static_cast<std::uint32_t>(field->size()));
    w.bytes(as_bytes(*field));
  }
  crypto::HashChain chain(kTenant);
  if (!prev_hash.empty()) {
    crypto::Digest256 head{};
    const Bytes raw = from_base64url(prev_hash).value_or(Bytes{});
    if (raw.size() == head.size()) std::copy(raw.begin(), raw.end(), head.begin());
    chain = crypto::HashChain(head, rows_before);
  }
  AuditLink out;
  out.prev_hash = to_base64url(chain.head());
  out.hash = to_base64url(chain.append(row));
  return out;
}

}  // namespace beside::relay
