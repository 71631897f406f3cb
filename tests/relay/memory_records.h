// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <map>

#include "engine/crypto/hash.h"
#include "relay/helpdesk/accounts.h"
#include "relay/net/hub_outside.h"

namespace beside::relay {

// Records in memory with one operator, "demo", who signs in by a token of 32 times 't'.
struct MemoryRecords final : SessionRecords, AccountRecords {
  std::map<std::string, SessionRecord> sessions;
  std::map<std::string, std::vector<ChatRecord>> chats;
  std::vector<LogEntry> rows;
  std::vector<AuditEntry> audits;
  std::map<std::pair<std::string, int>, std::uint64_t> delivered;
  OperatorRecord demo{"018f0000-0000-7000-8000-000000000001", "demo", "Demo", "", "admin", permissions_of("admin"), 0, 0};
  bool refuse_writes = false;

  Result<void> written() const {
    if (refuse_writes) return fail(ErrorKind::Environment, "test: full disk");
    return {};
  }
  Result<void> insert_session(const SessionRecord& s) override {
    if (!refuse_writes) sessions[s.id] = s;
    return written();
  }
  Result<void> commit_join(const std::string&, const LegRecord&, std::int64_t) override { return written(); }
  Result<void> revert_join(const std::string&) override { return written(); }
  Result<void> extend_ticket(const std::string&, Side, std::int64_t) override { return written(); }
  Result<void> end_session(const std::string& id, std::uint32_t, std::int64_t) override {
    sessions.erase(id);
    return written();
  }
  Result<std::vector<SessionRecord>> open_sessions() override { return std::vector<SessionRecord>{}; }
  Result<ChatRecord> append_chat(const std::string& id, ByteSpan client_id, Side from, ByteSpan sealed, std::int64_t at) override {
    auto& all = chats[id];
    for (ChatRecord c : all) {
      if (c.client_id == to_bytes(client_id) && c.from == from) {
        c.fresh = false;
        return c;
      }
    }
    all.push_back({all.size() + 1, to_bytes(client_id), from, at, to_bytes(sealed), true});
    return all.back();
  }
  Result<std::vector<ChatRecord>> chat_after(const std::string& id, std::uint64_t after, std::size_t most) override {
    std::vector<ChatRecord> out;
    for (const ChatRecord& c : chats[id]) {
      if (c.seq > after && out.size() < most) out.push_back(c);
    }
    return out;
  }
  Result<void> chat_delivered(const std::string& id, Side to, std::uint64_t seq) override {
    delivered[{id, static_cast<int>(to)}] = seq;
    return written();
  }
  Result<void> log(const std::vector<LogEntry>& entries) override {
    rows.insert(rows.end(), entries.begin(), entries.end());
    return written();
  }
  Result<std::vector<LogEntry>> read_log(const std::string& id, std::size_t) override {
    std::vector<LogEntry> out;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(out), [&](const LogEntry& r) { return r.session_id == id; });
    return out;
  }
  Result<void> audit(const AuditEntry& entry, std::int64_t) override {
    audits.push_back(entry);
    return written();
  }
  Result<void> purge(std::int64_t, std::int64_t, std::int64_t) override { return written(); }

  Result<void> insert_operator(const OperatorRecord&) override { return written(); }
  Result<std::optional<OperatorRecord>> operator_by_login(const std::string& login) override {
    return login == demo.login ? std::optional(demo) : std::nullopt;
  }
  Result<std::optional<OperatorRecord>> operator_by_id(const std::string& id) override {
    return id == demo.id ? std::optional(demo) : std::nullopt;
  }
  Result<std::vector<OperatorRecord>> operators() override { return std::vector<OperatorRecord>{demo}; }
  Result<bool> set_disabled(const std::string&, bool disabled, std::int64_t at) override {
    demo.disabled_at = disabled ? at : 0;
    return true;
  }
  Result<void> set_password(const std::string&, const std::string&) override { return written(); }
  Result<void> insert_invitation(const InvitationRecord&) override { return written(); }
  Result<std::vector<InvitationRecord>> open_invitations(std::int64_t) override { return std::vector<InvitationRecord>(); }
  Result<std::optional<InvitationRecord>> invitation_by_token(ByteSpan) override { return std::optional<InvitationRecord>(); }
  Result<void> redeem(const InvitationRecord&, const OperatorRecord&, std::int64_t) override { return written(); }
  Result<void> insert_token(const OperatorTokenRecord&) override { return written(); }
  Result<std::optional<OperatorRecord>> use_token(ByteSpan digest, std::int64_t) override {
    const auto good = crypto::sha256(Bytes(32, 't'));
    return std::equal(digest.begin(), digest.end(), good.begin(), good.end()) ? std::optional(demo) : std::nullopt;
  }
  Result<void> drop_silent_tokens(const std::string&) override { return written(); }
};

// Does at once what the relay's threads do later; keeps what was sent.
struct HubRig final : HubOutside {
  MemoryRecords records;
  std::map<std::uint64_t, std::vector<Bytes>> sent;
  std::vector<std::uint64_t> closed;
  std::uint64_t reads_nothing = 0;   // a connection whose backlog is full
  bool send(ConnectionId to, Bytes message) override {
    if (to.value == reads_nothing) return false;
    sent[to.value].push_back(std::move(message));
    return true;
  }
  void close(ConnectionId connection, const std::string&) override { closed.push_back(connection.value); }
  bool db(DbJob job) override {
    if (Continuation next = job(records, records)) next();
    return true;
  }
  // A full pool: no test here waits for a real hash.
  bool hash(const std::string&, LoginGuard::Standing, HashJob) override { return false; }
  void media_put(MediaLeg) override {}
  void media_remove(const std::string&) override {}
};

}  // namespace beside::relay
