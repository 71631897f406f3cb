// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/store/store_impl.h"

namespace beside::relay {
namespace {

const std::string kT(kTenant);

void insert_leg(soci::session& sql, const std::string& session_id, Side side, const LegRecord& leg) {
  const int side_no = static_cast<int>(side);
  const std::string token = b64(leg.token_sha256);
  const long long expires = leg.ticket_expires_at;
  sql << "INSERT INTO code_session_leg (tenant_id, session_id, side, token_sha256, ufrag, stun_password, "
         "ticket_expires_at, seen_seq) VALUES (:t, :s, :n, :h, :u, :p, :e, 0)",
      soci::use(kT), soci::use(session_id), soci::use(side_no), soci::use(token), soci::use(leg.ufrag),
      soci::use(leg.stun_password), soci::use(expires);
}

}  // namespace

Result<void> Store::insert_session(const SessionRecord& s) {
  return transacted(impl_->sql, "store: insert session", [&](soci::session& sql) -> Result<void> {
    const int state = static_cast<int>(s.state);
    const long long created = s.created_at, valid = s.valid_ms, joined = s.joined_at, ended = s.ended_at;
    const int reason = static_cast<int>(s.end_reason);
    sql << "INSERT INTO code_session (tenant_id, id, operator_id, locator, state, created_at, valid_ms, joined_at, "
           "ended_at, end_reason) VALUES (:t, :i, :o, :l, :st, :c, :v, :j, :e, :r)",
        soci::use(kT), soci::use(s.id), soci::use(s.operator_id), soci::use(s.locator), soci::use(state),
        soci::use(created), soci::use(valid), soci::use(joined), soci::use(ended), soci::use(reason);
    for (Side side : {Side::Operator, Side::Customer}) {
      if (s.legs[index(side)]) insert_leg(sql, s.id, side, *s.legs[index(side)]);
    }
    return {};
  });
}

Result<void> Store::commit_join(const std::string& session_id, const LegRecord& customer, std::int64_t at) {
  return transacted(impl_->sql, "store: join", [&](soci::session& sql) -> Result<void> {
    const long long when = at;
    soci::statement st = (sql.prepare << "UPDATE code_session SET state = 1, joined_at = :a "
                                         "WHERE tenant_id = :t AND id = :i AND state = 0",
                          soci::use(when), soci::use(kT), soci::use(session_id));
    st.execute(true);
    if (st.get_affected_rows() != 1) return fail(ErrorKind::Refused, "store: join", "somebody was faster");
    insert_leg(sql, session_id, Side::Customer, customer);
    return {};
  });
}

Result<void> Store::revert_join(const std::string& session_id) {
  return transacted(impl_->sql, "store: revert join", [&](soci::session& sql) -> Result<void> {
    sql << "DELETE FROM code_session_leg WHERE tenant_id = :t AND session_id = :i AND side = 1", soci::use(kT),
        soci::use(session_id);
    sql << "UPDATE code_session SET state = 0, joined_at = 0 WHERE tenant_id = :t AND id = :i AND state = 1",
        soci::use(kT), soci::use(session_id);
    return {};
  });
}

Result<void> Store::extend_ticket(const std::string& session_id, Side side, std::int64_t expires_at) {
  return transacted(impl_->sql, "store: ticket", [&](soci::session& sql) -> Result<void> {
    const long long when = expires_at;
    const int side_no = static_cast<int>(side);
    sql << "UPDATE code_session_leg SET ticket_expires_at = :e WHERE tenant_id = :t AND session_id = :s AND side = :n",
        soci::use(when), soci::use(kT), soci::use(session_id), soci::use(side_no);
    return {};
  });
}

Result<void> Store::end_session(const std::string& session_id, std::uint32_t reason, std::int64_t at) {
  return transacted(impl_->sql, "store: end session", [&](soci::session& sql) -> Result<void> {
    const long long when = at;
    const int why = static_cast<int>(reason);
    sql << "UPDATE code_session SET state = 2, ended_at = :a, end_reason = :r WHERE tenant_id = :t AND id = :i AND "
           "state <> 2",
        soci::use(when), soci::use(why), soci::use(kT), soci::use(session_id);
    // Credentials of a session that is over serve nobody.
    sql << "DELETE FROM code_session_leg WHERE tenant_id = :t AND session_id = :i", soci::use(kT), soci::use(session_id);
    sql << "UPDATE code_message SET sealed = '' WHERE tenant_id = :t AND session_id = :i", soci::use(kT),
        soci::use(session_id);
    return {};
  });
}

Result<std::vector<SessionRecord>> Store::open_sessions() {
  return guarded(impl_->sql, "store: open sessions", [&](soci::session& sql) -> Result<std::vector<SessionRecord>> {
    std::vector<SessionRecord> out;
    soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT s.id, s.operator_id, s.locator, s.state, s.created_at, "
                        "s.valid_ms, s.joined_at, l.side, "
                        "l.token_sha256, l.ufrag, l.stun_password, l.ticket_expires_at "
                        "FROM code_session s JOIN code_session_leg l ON l.tenant_id = s.tenant_id AND l.session_id = s.id "
                        "WHERE s.tenant_id = :t AND s.state <> 2 ORDER BY s.id, l.side",
         soci::use(kT));
    for (const soci::row& row : rows) {
      const auto id = row.get<std::string>(0);
      if (out.empty() || out.back().id != id) {
        SessionRecord s;
        s.id = id;
        s.operator_id = row.get<std::string>(1);
        s.locator = row.get<std::string>(2);
        s.state = static_cast<SessionState>(number(row, 3));
        s.created_at = number(row, 4);
        s.valid_ms = number(row, 5);
        s.joined_at = number(row, 6);
        out.push_back(std::move(s));
      }
      LegRecord leg;
      leg.token_sha256 = unb64(row.get<std::string>(8));
      leg.ufrag = row.get<std::string>(9);
      leg.stun_password = row.get<std::string>(10);
      leg.ticket_expires_at = number(row, 11);
      out.back().legs[number(row, 7) == 1 ? 1 : 0] = std::move(leg);
    }
    return out;
  });
}

Result<ChatRecord> Store::append_chat(const std::string& session_id, ByteSpan client_id, Side from, ByteSpan sealed,
                                      std::int64_t at) {
  return transacted(impl_->sql, "store: chat", [&](soci::session& sql) -> Result<ChatRecord> {
    ChatRecord out;
    out.client_id = to_bytes(client_id);
    out.from = from;
    out.sealed = to_bytes(sealed);
    const std::string client = b64(client_id), body = b64(sealed);
    const int side_no = static_cast<int>(from);
    long long seq = 0, when = 0;
    std::string kept;
    sql << "SELECT seq, at, sealed FROM code_message WHERE tenant_id = :t AND session_id = :s AND side = :n AND "
           "client_id = :c",
        soci::use(kT), soci::use(session_id), soci::use(side_no), soci::use(client), soci::into(seq), soci::into(when),
        soci::into(kept);
    if (sql.got_data()) {
      out.seq = static_cast<std::uint64_t>(seq);
      out.at = when;
      out.fresh = false;
      return out;
    }
    sql << "SELECT COALESCE(MAX(seq), 0) + 1 FROM code_message WHERE tenant_id = :t AND session_id = :s", soci::use(kT),
        soci::use(session_id), soci::into(seq);
    when = at;
    sql << "INSERT INTO code_message (tenant_id, session_id, seq, client_id, side, at, sealed) "
           "VALUES (:t, :s, :q, :c, :n, :a, :b)",
        soci::use(kT), soci::use(session_id), soci::use(seq), soci::use(client), soci::use(side_no), soci::use(when),
        soci::use(body);
    out.seq = static_cast<std::uint64_t>(seq);
    out.at = at;
    return out;
  });
}

Result<std::vector<ChatRecord>> Store::chat_after(const std::string& session_id, std::uint64_t after_seq,
                                                  std::size_t most) {
  return guarded(impl_->sql, "store: chat", [&](soci::session& sql) -> Result<std::vector<ChatRecord>> {
    std::vector<ChatRecord> out;
    const long long after = to_db(after_seq), limit = to_db(most);
    soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT seq, client_id, side, at, sealed "
                        "FROM code_message WHERE tenant_id = :t AND session_id = :s AND seq > :q ORDER BY seq LIMIT :l",
         soci::use(kT), soci::use(session_id), soci::use(after), soci::use(limit));
    for (const soci::row& row : rows) {
      ChatRecord chat;
      chat.seq = static_cast<std::uint64_t>(number(row, 0));
      chat.client_id = unb64(row.get<std::string>(1));
      chat.from = number(row, 2) == 0 ? Side::Operator : Side::Customer;
      chat.at = number(row, 3);
      chat.sealed = unb64(row.get<std::string>(4));
      out.push_back(std::move(chat));
    }
    return out;
  });
}

Result<void> Store::chat_delivered(const std::string& session_id, Side to, std::uint64_t seq) {
  return transacted(impl_->sql, "store: delivered", [&](soci::session& sql) -> Result<void> {
    const int side_no = static_cast<int>(to);
    const long long number = to_db(seq);
    sql << "UPDATE code_session_leg SET seen_seq = :q WHERE tenant_id = :t AND session_id = :s AND side = :n AND "
           "seen_seq < :q2",
        soci::use(number), soci::use(kT), soci::use(session_id), soci::use(side_no), soci::use(number);
    // The row stays, empty: its seq and client_id keep the numbering gap-free and sending again harmless.
    sql << "UPDATE code_message SET sealed = '' WHERE tenant_id = :t AND session_id = :s AND sealed <> '' AND seq <= "
           "(SELECT MIN(seen_seq) FROM code_session_leg WHERE tenant_id = :t2 AND session_id = :s2) AND 2 = "
           "(SELECT COUNT(*) FROM code_session_leg WHERE tenant_id = :t3 AND session_id = :s3)",
        soci::use(kT), soci::use(session_id), soci::use(kT), soci::use(session_id), soci::use(kT), soci::use(session_id);
    return {};
  });
}

Result<void> Store::log(const std::vector<LogEntry>& entries) {
  return transacted(impl_->sql, "store: log", [&](soci::session& sql) -> Result<void> {
    for (const LogEntry& entry : entries) {
      const long long at = entry.at, bytes = to_db(entry.bytes);
      sql << "INSERT INTO connection_log (tenant_id, id, at, session_id, event, detail, bytes) "
             "VALUES (:t, :i, :a, :s, :e, :d, :b)",
          soci::use(kT), soci::use(entry.id), soci::use(at), soci::use(entry.session_id), soci::use(entry.event),
          soci::use(entry.detail), soci::use(bytes);
    }
    return {};
  });
}

Result<std::vector<LogEntry>> Store::read_log(const std::string& session_id, std::size_t most) {
  return guarded(impl_->sql, "store: read log", [&](soci::session& sql) -> Result<std::vector<LogEntry>> {
    std::vector<LogEntry> out;
    const long long limit = to_db(most);
    soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT at, event, detail, bytes FROM connection_log "
                        "WHERE tenant_id = :t AND session_id = :s ORDER BY at, id LIMIT :l",
         soci::use(kT), soci::use(session_id), soci::use(limit));
    for (const soci::row& row : rows) {
      out.push_back({std::string(), number(row, 0), session_id, row.get<std::string>(1), row.get<std::string>(2),
                     static_cast<std::uint64_t>(number(row, 3))});
    }
    return out;
  });
}

Result<void> Store::purge(std::int64_t log_before, std::int64_t sessions_before, std::int64_t now) {
  return transacted(impl_->sql, "store: purge", [&](soci::session& sql) -> Result<void> {
    const long long log_cut = log_before, session_cut = sessions_before, at = now;
    sql << "DELETE FROM connection_log WHERE tenant_id = :t AND at < :c", soci::use(kT), soci::use(log_cut);
    sql << "DELETE FROM code_message WHERE tenant_id = :t AND session_id IN (SELECT id FROM code_session WHERE "
           "tenant_id = :t2 AND state = 2 AND ended_at < :c)",
        soci::use(kT), soci::use(kT), soci::use(session_cut);
    sql << "DELETE FROM code_session WHERE tenant_id = :t AND state = 2 AND ended_at < :c", soci::use(kT),
        soci::use(session_cut);
    sql << "DELETE FROM operator_token WHERE tenant_id = :t AND (used_at > 0 OR expires_at < :n)", soci::use(kT),
        soci::use(at);
    return {};
  });
}

}  // namespace beside::relay
