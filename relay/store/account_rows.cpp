// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/store/store_impl.h"

namespace beside::relay {
namespace {

const std::string kT(kTenant);

constexpr const char* kOperatorColumns =
    "SELECT o.id, o.login, o.display_name, o.pw_hash, r.name, r.permissions, o.created_at, "
    "o.disabled_at FROM operator o JOIN role r ON r.tenant_id = o.tenant_id AND r.id = o.role_id ";

// permissions is a JSON array of plain words (no escapes, since only migrations write it).
std::vector<std::string> words_of(const std::string& json) {
  std::vector<std::string> out;
  for (std::size_t at = json.find('"'); at != std::string::npos; at = json.find('"', at)) {
    const std::size_t end = json.find('"', at + 1);
    if (end == std::string::npos) break;
    out.push_back(json.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return out;
}

OperatorRecord operator_of(const soci::row& row) {
  OperatorRecord op;
  op.id = row.get<std::string>(0);
  op.login = row.get<std::string>(1);
  op.display_name = row.get<std::string>(2);
  op.pw_hash = row.get<std::string>(3);
  op.role = row.get<std::string>(4);
  op.permissions = words_of(row.get<std::string>(5));
  op.created_at = number(row, 6);
  op.disabled_at = number(row, 7);
  return op;
}

std::optional<OperatorRecord> one_operator(soci::session& sql, const std::string& where, const std::string& value) {
  soci::rowset<soci::row> rows = (sql.prepare << kOperatorColumns + where, soci::use(kT), soci::use(value));
  for (const soci::row& row : rows) return operator_of(row);
  return std::nullopt;
}

Result<void> insert_one(soci::session& sql, const OperatorRecord& op) {
  int taken = 0;
  sql << "SELECT COUNT(*) FROM operator WHERE tenant_id = :t AND login = :l", soci::use(kT), soci::use(op.login),
      soci::into(taken);
  if (taken != 0) return fail(ErrorKind::Refused, "store: insert operator", "that login is taken");
  const long long created = op.created_at, disabled = op.disabled_at;
  sql << "INSERT INTO operator (tenant_id, id, login, display_name, public_alias, email, pw_hash, totp_ct, locale, "
         "role_id, capacity_units, auto_accept, identity_pub, created_at, disabled_at) SELECT :t, :i, :l, :d, '', '', :p, "
         "'', '', r.id, 300, 0, '', :c, :x FROM role r WHERE r.tenant_id = :t2 AND r.name = :r",
      soci::use(kT), soci::use(op.id), soci::use(op.login), soci::use(op.display_name), soci::use(op.pw_hash),
      soci::use(created), soci::use(disabled), soci::use(kT), soci::use(op.role);
  sql << "SELECT COUNT(*) FROM operator WHERE tenant_id = :t AND id = :i", soci::use(kT), soci::use(op.id),
      soci::into(taken);
  if (taken != 1) return fail(ErrorKind::Refused, "store: insert operator", "there is no role of that name");
  return {};
}

}  // namespace

Result<void> Store::insert_operator(const OperatorRecord& op) {
  return transacted(impl_->sql, "store: insert operator", [&](soci::session& sql) { return insert_one(sql, op); });
}

Result<std::optional<OperatorRecord>> Store::operator_by_login(const std::string& login) {
  return guarded(impl_->sql, "store: operator", [&](soci::session& sql) -> Result<std::optional<OperatorRecord>> {
    return one_operator(sql, "WHERE o.tenant_id = :t AND o.login = :l", login);
  });
}

Result<std::optional<OperatorRecord>> Store::operator_by_id(const std::string& id) {
  return guarded(impl_->sql, "store: operator", [&](soci::session& sql) -> Result<std::optional<OperatorRecord>> {
    return one_operator(sql, "WHERE o.tenant_id = :t AND o.id = :i", id);
  });
}

Result<std::vector<OperatorRecord>> Store::operators() {
  return guarded(impl_->sql, "store: operators", [&](soci::session& sql) -> Result<std::vector<OperatorRecord>> {
    std::vector<OperatorRecord> out;
    soci::rowset<soci::row> rows =
        (sql.prepare << std::string(kOperatorColumns) + "WHERE o.tenant_id = :t ORDER BY o.login", soci::use(kT));
    for (const soci::row& row : rows) out.push_back(operator_of(row));
    return out;
  });
}

Result<bool> Store::set_disabled(const std::string& login, bool disabled, std::int64_t at) {
  return transacted(impl_->sql, "store: disable", [&](soci::session& sql) -> Result<bool> {
    const auto op = one_operator(sql, "WHERE o.tenant_id = :t AND o.login = :l", login);
    if (!op) return false;
    const long long when = disabled ? at : 0;
    sql << "UPDATE operator SET disabled_at = :a WHERE tenant_id = :t AND id = :i", soci::use(when), soci::use(kT),
        soci::use(op->id);
    if (disabled) {
      sql << "DELETE FROM operator_token WHERE tenant_id = :t AND operator_id = :i", soci::use(kT), soci::use(op->id);
    }
    return true;
  });
}

Result<void> Store::set_password(const std::string& operator_id, const std::string& pw_hash) {
  return transacted(impl_->sql, "store: password", [&](soci::session& sql) -> Result<void> {
    sql << "UPDATE operator SET pw_hash = :p WHERE tenant_id = :t AND id = :i", soci::use(pw_hash), soci::use(kT),
        soci::use(operator_id);
    return {};
  });
}

Result<void> Store::insert_invitation(const InvitationRecord& inv) {
  return transacted(impl_->sql, "store: invite", [&](soci::session& sql) -> Result<void> {
    int taken = 0;
    sql << "SELECT COUNT(*) FROM operator WHERE tenant_id = :t AND login = :l", soci::use(kT), soci::use(inv.login),
        soci::into(taken);
    if (taken != 0) return fail(ErrorKind::Refused, "store: invite", "that login is taken");
    const std::string digest = b64(inv.token_sha256);
    const long long created = inv.created_at, expires = inv.expires_at;
    // One way in at a time: what was sent before for this login, perhaps with more rights, is good no longer.
    sql << "UPDATE invitation SET used_at = :a WHERE tenant_id = :t AND login = :l AND used_at = 0", soci::use(created), soci::use(kT),
        soci::use(inv.login);
    sql << "INSERT INTO invitation (tenant_id, id, login, role_id, sha256, created_at, expires_at, used_at) "
           "SELECT :t, :i, :l, r.id, :h, :c, :e, 0 FROM role r WHERE r.tenant_id = :t2 AND r.name = :r",
        soci::use(kT), soci::use(inv.id), soci::use(inv.login), soci::use(digest), soci::use(created),
        soci::use(expires), soci::use(kT), soci::use(inv.role);
    return {};
  });
}

Result<std::vector<InvitationRecord>> Store::open_invitations(std::int64_t now) {
  return guarded(impl_->sql, "store: invitations", [&](soci::session& sql) -> Result<std::vector<InvitationRecord>> {
    std::vector<InvitationRecord> out;
    const long long when = now;
    soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT i.id, i.login, r.name, i.created_at, i.expires_at FROM invitation i JOIN role r ON "
                        "r.tenant_id = i.tenant_id AND r.id = i.role_id WHERE i.tenant_id = :t AND i.used_at = 0 AND "
                        "i.expires_at > :n ORDER BY i.login",
         soci::use(kT), soci::use(when));
    for (const soci::row& row : rows) {
      InvitationRecord inv;
      inv.id = row.get<std::string>(0);
      inv.login = row.get<std::string>(1);
      inv.role = row.get<std::string>(2);
      inv.created_at = number(row, 3);
      inv.expires_at = number(row, 4);
      out.push_back(std::move(inv));
    }
    return out;
  });
}

Result<std::optional<InvitationRecord>> Store::invitation_by_token(ByteSpan token_sha256) {
  return guarded(impl_->sql, "store: invitation", [&](soci::session& sql) -> Result<std::optional<InvitationRecord>> {
    const std::string digest = b64(token_sha256);
    soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT i.id, i.login, r.name, i.created_at, i.expires_at, "
                        "i.used_at FROM invitation i JOIN role r ON r.tenant_id = i.tenant_id AND "
                        "r.id = i.role_id WHERE i.tenant_id = :t AND i.sha256 = :h",
         soci::use(kT), soci::use(digest));
    for (const soci::row& row : rows) {
      InvitationRecord inv;
      inv.id = row.get<std::string>(0);
      inv.login = row.get<std::string>(1);
      inv.role = row.get<std::string>(2);
      inv.token_sha256 = to_bytes(token_sha256);
      inv.created_at = number(row, 3);
      inv.expires_at = number(row, 4);
      inv.used_at = number(row, 5);
      return std::optional<InvitationRecord>(std::move(inv));
    }
    return std::optional<InvitationRecord>();
  });
}

Result<void> Store::redeem(const InvitationRecord& inv, const OperatorRecord& op, std::int64_t at) {
  return transacted(impl_->sql, "store: redeem", [&](soci::session& sql) -> Result<void> {
    const long long when = at;
    soci::statement st = (sql.prepare << "UPDATE invitation SET used_at = :a WHERE tenant_id = :t AND id = :i AND "
                                         "used_at = 0 AND expires_at > :n",
                          soci::use(when), soci::use(kT), soci::use(inv.id), soci::use(when));
    st.execute(true);
    if (st.get_affected_rows() != 1) return fail(ErrorKind::Refused, "store: redeem", "the invitation is used");
    return insert_one(sql, op);
  });
}

Result<void> Store::insert_token(const OperatorTokenRecord& token) {
  return transacted(impl_->sql, "store: token", [&](soci::session& sql) -> Result<void> {
    const int kind = static_cast<int>(token.kind);
    const std::string digest = b64(token.token_sha256);
    const long long created = token.created_at, expires = token.expires_at;
    sql << "INSERT INTO operator_token (tenant_id, id, operator_id, kind, sha256, created_at, expires_at, used_at) "
           "VALUES (:t, :i, :o, :k, :h, :c, :e, 0)",
        soci::use(kT), soci::use(token.id), soci::use(token.operator_id), soci::use(kind), soci::use(digest),
        soci::use(created), soci::use(expires);
    // A program that signs in every minute must not fill the table: the newest twenty stay.
    sql << "DELETE FROM operator_token WHERE tenant_id = :t AND operator_id = :o AND kind = 2 AND id NOT IN (SELECT id "
           "FROM operator_token WHERE tenant_id = :t2 AND operator_id = :o2 AND kind = 2 ORDER BY id DESC LIMIT 20)",
        soci::use(kT), soci::use(token.operator_id), soci::use(kT), soci::use(token.operator_id);
    return {};
  });
}

Result<std::optional<OperatorRecord>> Store::use_token(ByteSpan token_sha256, std::int64_t at) {
  return transacted(impl_->sql, "store: use token", [&](soci::session& sql) -> Result<std::optional<OperatorRecord>> {
    const std::string digest = b64(token_sha256);
    const long long when = at;
    std::string id, operator_id;
    int kind = 0;
    sql << "SELECT id, operator_id, kind FROM operator_token WHERE tenant_id = :t AND sha256 = :h AND used_at = 0 AND "
           "expires_at > :n",
        soci::use(kT), soci::use(digest), soci::use(when), soci::into(id), soci::into(operator_id), soci::into(kind);
    if (!sql.got_data()) return std::optional<OperatorRecord>();
    if (kind == static_cast<int>(TokenKind::OneUse)) {
      sql << "UPDATE operator_token SET used_at = :a WHERE tenant_id = :t AND id = :i", soci::use(when), soci::use(kT),
          soci::use(id);
    }
    return one_operator(sql, "WHERE o.tenant_id = :t AND o.id = :i", operator_id);
  });
}

Result<void> Store::drop_silent_tokens(const std::string& operator_id) {
  return transacted(impl_->sql, "store: sign out", [&](soci::session& sql) -> Result<void> {
    sql << "DELETE FROM operator_token WHERE tenant_id = :t AND operator_id = :o AND kind = 2", soci::use(kT),
        soci::use(operator_id);
    return {};
  });
}

}  // namespace beside::relay
