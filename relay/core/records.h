// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

// The rows that sessions need, and what keeps them. Times named *_at are ms since 1970 UTC, 0 = not yet.
namespace beside::relay {

inline constexpr std::string_view kTenant = "00000000-0000-7000-8000-000000000001";  // the one tenant in use

enum class Side : std::uint8_t { Operator = 0, Customer = 1 };
constexpr Side other(Side side) { return side == Side::Operator ? Side::Customer : Side::Operator; }
constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }

enum class SessionState : std::uint8_t { Waiting = 0, Live = 1, Ended = 2 };

// One end's place in a session. The token itself is only ever with its owner.
struct LegRecord {
  Bytes token_sha256;         // 32 bytes
  std::string ufrag;          // 16 characters
  std::string stun_password;  // 32 characters
  std::int64_t ticket_expires_at = 0;
};

struct SessionRecord {
  std::string id;
  std::string operator_id;
  std::string locator;
  SessionState state = SessionState::Waiting;
  std::int64_t created_at = 0;
  std::int64_t valid_ms = 0;
  std::int64_t joined_at = 0;
  std::int64_t ended_at = 0;
  std::uint32_t end_reason = 0;  // control.SessionEnded.Reason
  std::array<std::optional<LegRecord>, 2> legs;  // by Side
};

struct ChatRecord {
  std::uint64_t seq = 0;  // gap-free from 1 in its session
  Bytes client_id;
  Side from = Side::Operator;
  std::int64_t at = 0;
  Bytes sealed;           // empty once both have it
  bool fresh = true;      // false: this client_id was kept before
};

// A network event: what happened on the wire, never what was said (PROTOCOL 7).
struct LogEntry {
  std::string id;          // UUIDv7
  std::int64_t at = 0;
  std::string session_id;  // empty: before any session
  std::string event;       // "connect", "authenticate", "join", "leave", "path", "bytes", "error"
  std::string detail;
  std::uint64_t bytes = 0;
};

// UUIDv7 of that time, for a new row.
std::string new_record_id(std::int64_t unix_ms);

struct AuditEntry {
  std::string actor, action, object, before, after;
};

// A row's place in the audit's hash chain (engine/crypto/hash_chain.h), both base64url. `prev_hash` empty: the first row.
struct AuditLink {
  std::string prev_hash, hash;
};
AuditLink link_audit(const std::string& prev_hash, std::uint64_t rows_before, const AuditEntry& entry, std::int64_t at);

// Implemented by relay/store. Thread: db only; each call is one transaction. Errors: Environment.
class SessionRecords {
 public:
  virtual ~SessionRecords() = default;
  virtual Result<void> insert_session(const SessionRecord& session) = 0;
  // Writes the customer's leg and Waiting -> Live, unless somebody was faster (Refused).
  virtual Result<void> commit_join(const std::string& session_id, const LegRecord& customer, std::int64_t at) = 0;
  virtual Result<void> revert_join(const std::string& session_id) = 0;
  virtual Result<void> extend_ticket(const std::string& session_id, Side side, std::int64_t expires_at) = 0;
  virtual Result<void> end_session(const std::string& session_id, std::uint32_t reason, std::int64_t at) = 0;
  virtual Result<std::vector<SessionRecord>> open_sessions() = 0;

  virtual Result<ChatRecord> append_chat(const std::string& session_id, ByteSpan client_id, Side from, ByteSpan sealed,
                                         std::int64_t at) = 0;
  virtual Result<std::vector<ChatRecord>> chat_after(const std::string& session_id, std::uint64_t after_seq,
                                                     std::size_t most) = 0;
  // `to` has everything up to and including seq; ciphertext that both have is erased.
  virtual Result<void> chat_delivered(const std::string& session_id, Side to, std::uint64_t seq) = 0;

  virtual Result<void> log(const std::vector<LogEntry>& entries) = 0;
  virtual Result<std::vector<LogEntry>> read_log(const std::string& session_id, std::size_t most) = 0;
  // Appends to the hash-chained audit.
  virtual Result<void> audit(const AuditEntry& entry, std::int64_t at) = 0;
  // Rows older than `log_before`, sessions (with their chat) ended before `sessions_before`, spent tokens.
  virtual Result<void> purge(std::int64_t log_before, std::int64_t sessions_before, std::int64_t now) = 0;
};

}  // namespace beside::relay
