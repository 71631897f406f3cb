// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "engine/base/clock.h"
#include "engine/base/secret.h"
#include "relay/helpdesk/account_records.h"

// The rules of accounts. What hashes a password takes a tenth of a second: auth workers and the command line only.
namespace beside::relay {

inline constexpr std::int64_t kInvitationLifeMs = 72LL * 3600 * 1000;
inline constexpr std::int64_t kSilentTokenLifeMs = 12LL * 3600 * 1000;
inline constexpr std::int64_t kOneUseTokenLifeMs = 24LL * 3600 * 1000;
inline constexpr std::string_view kReadLogPermission = "log.read";

// 1 to 64 bytes: letters, digits and . _ - @ +, compared in lower case. Empty: not acceptable.
std::string normal_login(std::string_view login);
std::vector<std::string> permissions_of(std::string_view role);

// Which rule refuses a password, as the wire names it: "length", "upper", "digit", "special", or "common".
struct PasswordVerdict {
  bool good = false;
  bool common = false;     // then COMMON_PASSWORD, else WEAK_PASSWORD
  std::string rule;        // of the wire
  std::string sentence;    // for the command line
};
PasswordVerdict judge_password(const SecretText& password, std::string_view login);

// True when the password is this operator's. An unknown or disabled operator (nullptr, or no hash) takes the same time as
// a known one, since a hash is computed all the same.
bool verify_operator(const OperatorRecord* op, const SecretText& password);

// A new account with a hashed password. Errors: Environment (no memory).
Result<OperatorRecord> make_operator(const TimeSource& clock, std::string login, std::string display_name,
                                     std::string role, const SecretText& password);

struct NewInvitation {
  InvitationRecord record;
  Bytes token;  // 32 bytes; in the link only
};
NewInvitation make_invitation(const TimeSource& clock, std::string login, std::string role);

struct NewToken {
  OperatorTokenRecord record;
  Bytes token;
};
NewToken make_token(const TimeSource& clock, std::string operator_id, TokenKind kind);

}  // namespace beside::relay
