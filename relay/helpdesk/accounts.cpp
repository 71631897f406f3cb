// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/helpdesk/accounts.h"

#include "engine/base/ids.h"
#include "engine/crypto/hash.h"
#include "engine/crypto/password.h"
#include "engine/crypto/random.h"

namespace beside::relay {
namespace {

std::string new_id(const TimeSource& clock) {
  std::uint8_t raw[10] = {};
  crypto::random_bytes(raw);
  return make_uuid7(clock.unix_ms(), raw);
}

Bytes digest_of(ByteSpan token) {
  const auto digest = crypto::sha256(token);
  return Bytes(digest.begin(), digest.end());
}

// Made once per process from random text: nobody's password, at today's cost.
const std::string& dummy_hash() {
  static const std::string hash = [] {
    auto made = crypto::hash_password(SecretText(to_base64url(crypto::random_bytes(24))));
    return made ? *made : std::string();
  }();
  return hash;
}

}  // namespace

std::string normal_login(std::string_view login) {
  if (login.empty() || login.size() > 64) return {};
  std::string out;
  for (char c : login) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       std::string_view("._-@+").find(c) != std::string_view::npos;
    if (!upper && !plain) return {};
    out.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

std::vector<std::string> permissions_of(std::string_view role) {
  if (role == "admin") return {"session.create", std::string(kReadLogPermission), "operator.manage"};
  if (role == "operator") return {"session.create"};
  return {};
}

PasswordVerdict judge_password(const SecretText& password, std::string_view login) {
  using crypto::PasswordRule;
  switch (crypto::check_password(password, login)) {
    case PasswordRule::None: return {true, false, {}, {}};
    case PasswordRule::TooShort: return {false, false, "length", "The password is too short: it needs 8 characters or more."};
    case PasswordRule::TooLong: return {false, false, "length", "The password is too long: 256 bytes at most."};
    case PasswordRule::NotText: return {false, false, "length", "The password holds bytes that are no text."};
    case PasswordRule::NoUpper: return {false, false, "upper", "The password needs an upper case letter."};
    case PasswordRule::NoDigit: return {false, false, "digit", "The password needs a digit."};
    case PasswordRule::NoSpecial: return {false, false, "special", "The password needs a special character."};
    case PasswordRule::TooCommon: return {false, true, "common", "The password is one that many people use, or holds the login."};
  }
  return {false, false, "length", "The password cannot be used."};
}

bool verify_operator(const OperatorRecord* op, const SecretText& password) {
  const bool real = op != nullptr && !op->pw_hash.empty();
  const bool right = crypto::verify_password(real ? op->pw_hash : dummy_hash(), password);
  return real && right;
}

Result<OperatorRecord> make_operator(const TimeSource& clock, std::string login, std::string display_name,
                                     std::string role, const SecretText& password) {
  auto hash = crypto::hash_password(password);
  if (!hash) return fail(hash);
  OperatorRecord op;
  op.id = new_id(clock);
  op.login = std::move(login);
  op.display_name = display_name.empty() ? op.login : std::move(display_name);
  op.pw_hash = std::move(*hash);
  op.role = std::move(role);
  op.permissions = permissions_of(op.role);
  op.created_at = clock.unix_ms();
  return op;
}

NewInvitation make_invitation(const TimeSource& clock, std::string login, std::string role) {
  NewInvitation out;
  out.token = crypto::random_bytes(32);
  out.record.id = new_id(clock);
  out.record.login = std::move(login);
  out.record.role = std::move(role);
  out.record.token_sha256 = digest_of(out.token);
  out.record.created_at = clock.unix_ms();
  out.record.expires_at = out.record.created_at + kInvitationLifeMs;
  return out;
}

NewToken make_token(const TimeSource& clock, std::string operator_id, TokenKind kind) {
  NewToken out;
  out.token = crypto::random_bytes(32);
  out.record.id = new_id(clock);
  out.record.operator_id = std::move(operator_id);
  out.record.kind = kind;
  out.record.token_sha256 = digest_of(out.token);
  out.record.created_at = clock.unix_ms();
  out.record.expires_at = out.record.created_at + (kind == TokenKind::Silent ? kSilentTokenLifeMs : kOneUseTokenLifeMs);
  return out;
}

}  // namespace beside::relay
