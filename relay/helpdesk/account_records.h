// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::relay {

struct OperatorRecord {
  std::string id, login, display_name;
  std::string pw_hash;  // Argon2id text; empty: no password was set yet
  std::string role;     // "admin" or "operator"
  std::vector<std::string> permissions;
  std::int64_t created_at = 0;
  std::int64_t disabled_at = 0;  // 0: enabled
};

struct InvitationRecord {
  std::string id, login, role;
  Bytes token_sha256;
  std::int64_t created_at = 0, expires_at = 0, used_at = 0;
};

enum class TokenKind : std::uint8_t {
  OneUse = 1,  // made by `beside-relay operator token`; spent by its first use
  Silent = 2,  // came with SignedIn; good until it expires, the operator signs out or is disabled
};

struct OperatorTokenRecord {
  std::string id, operator_id;
  TokenKind kind = TokenKind::OneUse;
  Bytes token_sha256;
  std::int64_t created_at = 0, expires_at = 0, used_at = 0;
};

// Implemented by relay/store. Thread: db only; each call is one transaction. Errors: Environment.
class AccountRecords {
 public:
  virtual ~AccountRecords() = default;
  // Refused "login taken" when it exists.
  virtual Result<void> insert_operator(const OperatorRecord& op) = 0;
  virtual Result<std::optional<OperatorRecord>> operator_by_login(const std::string& login) = 0;
  virtual Result<std::optional<OperatorRecord>> operator_by_id(const std::string& id) = 0;
  virtual Result<std::vector<OperatorRecord>> operators() = 0;
  // Disabling also voids the operator's tokens. False: no such login.
  virtual Result<bool> set_disabled(const std::string& login, bool disabled, std::int64_t at) = 0;
  virtual Result<void> set_password(const std::string& operator_id, const std::string& pw_hash) = 0;
  // Earlier invitations for the same login are good no longer. Refused when the login has an account.
  virtual Result<void> insert_invitation(const InvitationRecord& invitation) = 0;
  // Neither used, replaced nor expired; without their tokens.
  virtual Result<std::vector<InvitationRecord>> open_invitations(std::int64_t now) = 0;
  virtual Result<std::optional<InvitationRecord>> invitation_by_token(ByteSpan token_sha256) = 0;
  // Makes the account and marks the invitation used, both or neither. Refused when somebody was faster.
  virtual Result<void> redeem(const InvitationRecord& invitation, const OperatorRecord& op, std::int64_t at) = 0;
  virtual Result<void> insert_token(const OperatorTokenRecord& token) = 0;
  // Spends a one-use token. Nothing when it is unknown, used or expired.
  virtual Result<std::optional<OperatorRecord>> use_token(ByteSpan token_sha256, std::int64_t at) = 0;
  virtual Result<void> drop_silent_tokens(const std::string& operator_id) = 0;
};

}  // namespace beside::relay
