// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "relay/core/records.h"
#include "relay/helpdesk/account_records.h"

namespace beside::relay {

// All records of a relay, on SQLite (WAL, so that the command line reads and writes while the relay runs; a writer waits
// up to 5 s for another) or on a PostgreSQL server.
// Thread: one at a time (the relay's db thread, or a command's main thread). Owns the database connection.
// Failure: Environment with the database's words; a failed call has changed nothing.
class Store final : public SessionRecords, public AccountRecords {
 public:
  // `where`: a file, made with mode 0600 when it is missing, or "postgresql://user@host/database" (libpq's connection URI;
  // the database must be there). Brings the schema up to date. Refused when it is newer than us.
  static Result<std::unique_ptr<Store>> open(const std::string& where);
  ~Store() override;

  Result<void> insert_session(const SessionRecord& session) override;
  Result<void> commit_join(const std::string& session_id, const LegRecord& customer, std::int64_t at) override;
  Result<void> revert_join(const std::string& session_id) override;
  Result<void> extend_ticket(const std::string& session_id, Side side, std::int64_t expires_at) override;
  Result<void> end_session(const std::string& session_id, std::uint32_t reason, std::int64_t at) override;
  Result<std::vector<SessionRecord>> open_sessions() override;
  Result<ChatRecord> append_chat(const std::string& session_id, ByteSpan client_id, Side from, ByteSpan sealed,
                                 std::int64_t at) override;
  Result<std::vector<ChatRecord>> chat_after(const std::string& session_id, std::uint64_t after_seq,
                                             std::size_t most) override;
  Result<void> chat_delivered(const std::string& session_id, Side to, std::uint64_t seq) override;
  Result<void> log(const std::vector<LogEntry>& entries) override;
  Result<std::vector<LogEntry>> read_log(const std::string& session_id, std::size_t most) override;
  Result<void> audit(const AuditEntry& entry, std::int64_t at) override;
  Result<void> purge(std::int64_t log_before, std::int64_t sessions_before, std::int64_t now) override;

  Result<void> insert_operator(const OperatorRecord& op) override;
  Result<std::optional<OperatorRecord>> operator_by_login(const std::string& login) override;
  Result<std::optional<OperatorRecord>> operator_by_id(const std::string& id) override;
  Result<std::vector<OperatorRecord>> operators() override;
  Result<bool> set_disabled(const std::string& login, bool disabled, std::int64_t at) override;
  Result<void> set_password(const std::string& operator_id, const std::string& pw_hash) override;
  Result<void> insert_invitation(const InvitationRecord& invitation) override;
  Result<std::vector<InvitationRecord>> open_invitations(std::int64_t now) override;
  Result<std::optional<InvitationRecord>> invitation_by_token(ByteSpan token_sha256) override;
  Result<void> redeem(const InvitationRecord& invitation, const OperatorRecord& op, std::int64_t at) override;
  Result<void> insert_token(const OperatorTokenRecord& token) override;
  Result<std::optional<OperatorRecord>> use_token(ByteSpan token_sha256, std::int64_t at) override;
  Result<void> drop_silent_tokens(const std::string& operator_id) override;

  // Walks the audit from its first kept row: how many rows hold, or Refused naming the first that does not.
  Result<std::uint64_t> verify_audit();
  int schema_version() const;

  struct Impl;

 private:
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace beside::relay
