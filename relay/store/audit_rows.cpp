// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/store/store_impl.h"

namespace beside::relay {
namespace {

const std::string kT(kTenant);

}  // namespace

Result<void> Store::audit(const AuditEntry& entry, std::int64_t at) {
  return transacted(impl_->sql, "store: audit", [&](soci::session& sql) -> Result<void> {
    long long seq = 0;
    std::string prev;
    sql << "SELECT seq, hash FROM audit WHERE tenant_id = :t ORDER BY seq DESC LIMIT 1", soci::use(kT), soci::into(seq),
        soci::into(prev);
    if (!sql.got_data()) seq = 0;
    const AuditLink link = link_audit(prev, static_cast<std::uint64_t>(seq), entry, at);
    const long long next = seq + 1, when = at;
    sql << "INSERT INTO audit (tenant_id, seq, at, actor, action, object, before, after, prev_hash, hash) "
           "VALUES (:t, :q, :w, :a, :b, :c, :d, :e, :p, :h)",
        soci::use(kT), soci::use(next), soci::use(when), soci::use(entry.actor), soci::use(entry.action),
        soci::use(entry.object), soci::use(entry.before), soci::use(entry.after), soci::use(link.prev_hash), soci::use(link.hash);
    return {};
  });
}

Result<std::uint64_t> Store::verify_audit() {
  return guarded(impl_->sql, "store: verify audit", [&](soci::session& sql) -> Result<std::uint64_t> {
    soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT seq, at, actor, action, object, before, after, "
                        "prev_hash, hash FROM audit WHERE tenant_id = :t ORDER BY seq",
         soci::use(kT));
    std::uint64_t good = 0;
    std::string prev;
    long long last = 0;
    for (const soci::row& row : rows) {
      const long long seq = number(row, 0);
      // Old rows go from the tail one day; the oldest kept one then is the anchor.
      if (good == 0 && seq != 1) {
        prev = row.get<std::string>(7);
        last = seq - 1;
      }
      const AuditEntry entry{row.get<std::string>(2), row.get<std::string>(3), row.get<std::string>(4),
                             row.get<std::string>(5), row.get<std::string>(6)};
      const AuditLink link = link_audit(prev, static_cast<std::uint64_t>(last), entry, number(row, 1));
      if (seq != last + 1 || link.prev_hash != row.get<std::string>(7) || link.hash != row.get<std::string>(8)) {
        return fail(ErrorKind::Refused, "store: verify audit", "row " + std::to_string(seq) + " was changed");
      }
      prev = link.hash;
      last = seq;
      ++good;
    }
    return good;
  });
}

}  // namespace beside::relay
