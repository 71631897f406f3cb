// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/log.h"
#include "engine/crypto/hash.h"
#include "engine/crypto/password.h"
#include "relay/helpdesk/accounts.h"
#include "relay/net/hub_clients.h"

namespace beside::relay {
namespace {

// std::function wants to copy what it holds; a password must not be copied.
using SharedPassword = std::shared_ptr<SecretText>;

Bytes digest_of(const std::string& token) {
  const auto digest = crypto::sha256(as_bytes(token));
  return Bytes(digest.begin(), digest.end());
}

}  // namespace

void ControlHub::sign_in(Client& client, const control::SignIn& request) {
  const std::uint64_t request_id = request.request_id();
  if (client.auth_pending) return refuse(client, request_id, control::Refused::BUSY, 1s);
  if (!request.token().empty()) return sign_in_with_token(client, request);
  const std::string login = normal_login(request.login());
  const LocalTime now = clock_.now();
  // A login that cannot exist is looked up and hashed all the same: the answer takes as long as any other.
  const std::string counted = login.empty() ? "?" : login;
  const nanoseconds wait = logins_.wait(counted, client.key, now);
  if (wait > nanoseconds(0)) {
    metrics_.auth_outcome(AuthOutcome::Throttled);
    return refuse(client, request_id, control::Refused::THROTTLED, wait);
  }
  client.auth_pending = true;
  const ClientId id = client.id;
  const std::string source = client.key;
  auto password = std::make_shared<SecretText>(request.password());
  const bool taken = outside_.db([=, this](SessionRecords&, AccountRecords& accounts) -> Continuation {
    auto found = accounts.operator_by_login(counted);
    return [=, this, found = std::move(found)]() mutable {
      Client* asker = find(id);
      if (asker == nullptr) return;
      if (!found) {
        BS_LOG_LIMITED(Error, "db", "{}", dump_error(found.error()));
        asker->auth_pending = false;
        return refuse(*asker, request_id, control::Refused::BUSY, 2s);
      }
      auto op = std::make_shared<std::optional<OperatorRecord>>(std::move(*found));
      const bool queued = outside_.hash(source, logins_.standing(counted, source), [=, this]() -> Continuation {
        const bool right = verify_operator(*op ? &**op : nullptr, *password);
        std::string fresh;
        if (right && crypto::password_needs_rehash((*op)->pw_hash)) {
          if (auto made = crypto::hash_password(*password)) fresh = std::move(*made);
        }
        return [=, this] {
          if (!right) return auth_failed(id, request_id, counted, source);
          if (!fresh.empty()) {
            (void)outside_.db([op_id = (*op)->id, fresh](SessionRecords&, AccountRecords& a) -> Continuation {
              (void)a.set_password(op_id, fresh);  // the old hash is still good: the next sign-in tries again
              return {};
            });
          }
          logins_.succeeded(counted, source);
          signed_in(id, request_id, **op);
        };
      });
      if (queued) return;
      asker->auth_pending = false;
      metrics_.auth_outcome(AuthOutcome::Busy);
      refuse(*asker, request_id, control::Refused::BUSY, 1s);
    };
  });
  if (taken) return;
  client.auth_pending = false;
  refuse(client, request_id, control::Refused::BUSY, 1s);
}

void ControlHub::sign_in_with_token(Client& client, const control::SignIn& request) {
  const std::uint64_t request_id = request.request_id();
  constexpr std::string_view kCounted = "(token)";
  const std::string source = client.key;
  const nanoseconds wait = logins_.wait(std::string(kCounted), source, clock_.now());
  if (wait > nanoseconds(0)) {
    metrics_.auth_outcome(AuthOutcome::Throttled);
    return refuse(client, request_id, control::Refused::THROTTLED, wait);
  }
  client.auth_pending = true;
  const ClientId id = client.id;
  const std::int64_t at = clock_.unix_ms();
  const bool taken = outside_.db([=, this, digest = digest_of(request.token())](SessionRecords&, AccountRecords& accounts) -> Continuation {
    auto found = accounts.use_token(digest, at);
    return [=, this, found = std::move(found)] {
      Client* asker = find(id);
      if (asker == nullptr) return;
      if (!found) {
        BS_LOG_LIMITED(Error, "db", "{}", dump_error(found.error()));
        asker->auth_pending = false;
        return refuse(*asker, request_id, control::Refused::BUSY, 2s);
      }
      if (!*found) return auth_failed(id, request_id, std::string(kCounted), source);
      signed_in(id, request_id, **found);
    };
  });
  if (taken) return;
  client.auth_pending = false;
  refuse(client, request_id, control::Refused::BUSY, 1s);
}

void ControlHub::auth_failed(ClientId id, std::uint64_t request_id, const std::string& login, const std::string& source) {
  // Counted whether or not the asker is still there: hanging up early is no way around the limit.
  logins_.failed(login, source, clock_.now());
  metrics_.auth_outcome(AuthOutcome::Wrong);
  Client* client = find(id);
  log({}, "authenticate", "refused from " + source);
  if (client == nullptr) return;
  client->auth_pending = false;
  refuse(*client, request_id, control::Refused::BAD_CREDENTIALS, logins_.wait(login, source, clock_.now()));
}

void ControlHub::signed_in(ClientId id, std::uint64_t request_id, OperatorRecord op) {
  Client* client = find(id);
  if (client == nullptr) return;
  if (op.disabled_at != 0) {
    // Only who knows the password or token hears that the account is disabled.
    client->auth_pending = false;
    metrics_.auth_outcome(AuthOutcome::Disabled);
    return refuse(*client, request_id, control::Refused::DISABLED);
  }
  auto fresh = std::make_shared<NewToken>(make_token(clock_, op.id, TokenKind::Silent));
  const bool taken = outside_.db([=, this](SessionRecords&, AccountRecords& accounts) -> Continuation {
    const bool kept = accounts.insert_token(fresh->record).has_value();
    return [=, this] {
      Client* asker = find(id);
      if (asker == nullptr) return;
      asker->auth_pending = false;
      if (!asker->op) Metrics::add(metrics_.signed_in);
      asker->op = op;
      asker->op->pw_hash.clear();
      metrics_.auth_outcome(AuthOutcome::Good);
      log({}, "authenticate", "operator " + op.login + " from " + asker->ip);
      control::Envelope e;
      auto& s = *e.mutable_signed_in();
      s.set_request_id(request_id);
      s.set_operator_id(op.id);
      s.set_login(op.login);
      s.set_display_name(op.display_name);
      // Without a row the token would be refused later: then none is given, and the next sign-in asks for a password.
      if (kept) s.set_token(to_string(fresh->token));
      for (const std::string& permission : op.permissions) s.add_permissions(permission);
      send(*asker, std::move(e));
    };
  });
  if (taken) return;
  client->auth_pending = false;
  refuse(*client, request_id, control::Refused::BUSY, 1s);
}

void ControlHub::redeem(Client& client, const control::RedeemInvitation& request) {
  const std::uint64_t request_id = request.request_id();
  constexpr std::string_view kCounted = "(invitation)";
  const std::string source = client.key;
  if (client.auth_pending) return refuse(client, request_id, control::Refused::BUSY, 1s);
  const nanoseconds wait = logins_.wait(std::string(kCounted), source, clock_.now());
  if (wait > nanoseconds(0)) return refuse(client, request_id, control::Refused::THROTTLED, wait);
  client.auth_pending = true;
  const ClientId id = client.id;
  auto password = std::make_shared<SecretText>(request.password());
  const std::string display_name = request.display_name();
  auto end = [=, this](control::Refused::Reason reason, const std::string& detail) {
    Client* asker = find(id);
    if (asker == nullptr) return;
    asker->auth_pending = false;
    refuse(*asker, request_id, reason, {}, detail);
  };
  const bool taken = outside_.db([=, this, digest = digest_of(request.token())](SessionRecords&, AccountRecords& accounts) -> Continuation {
    auto found = accounts.invitation_by_token(digest);
    return [=, this, found = std::move(found)] {
      if (!found) return end(control::Refused::BUSY, {});
      if (!*found) return auth_failed(id, request_id, std::string(kCounted), source);
      const InvitationRecord invitation = **found;
      if (invitation.used_at != 0) return end(control::Refused::INVITATION_USED, {});
      if (invitation.expires_at <= clock_.unix_ms()) return end(control::Refused::INVITATION_EXPIRED, {});
      const PasswordVerdict verdict = judge_password(*password, invitation.login);
      if (!verdict.good) {
        return end(verdict.common ? control::Refused::COMMON_PASSWORD : control::Refused::WEAK_PASSWORD,
                   verdict.common ? std::string() : verdict.rule);
      }
      const bool queued = outside_.hash(source, LoginGuard::Standing::Clean, [=, this]() -> Continuation {
        auto op = make_operator(clock_, invitation.login, display_name, invitation.role, *password);
        return [=, this, op = std::move(op)] {
          if (!op) return end(control::Refused::BUSY, {});
          const std::int64_t at = clock_.unix_ms();
          const bool going = outside_.db([=, this, op = *op](SessionRecords& records, AccountRecords& a) -> Continuation {
            const auto made = a.redeem(invitation, op, at);
            if (made) (void)records.audit({op.login, "invitation redeemed", "operator " + op.login, {}, op.role}, at);
            const bool used = !made && made.error().kind == ErrorKind::Refused;
            return [=, this, good = made.has_value()] {
              if (good) return signed_in(id, request_id, op);
              end(used ? control::Refused::INVITATION_USED : control::Refused::BUSY, {});
            };
          });
          if (!going) end(control::Refused::BUSY, {});
        };
      });
      if (!queued) end(control::Refused::BUSY, {});
    };
  });
  if (!taken) end(control::Refused::BUSY, {});
}

void ControlHub::sign_out(Client& client) {
  if (!client.op) return;
  (void)outside_.db([id = client.op->id](SessionRecords&, AccountRecords& accounts) -> Continuation {
    const auto done = accounts.drop_silent_tokens(id);
    if (!done) BS_LOG_LIMITED(Error, "db", "{}", dump_error(done.error()));
    return {};
  });
  log({}, "authenticate", "operator " + client.op->login + " signed out");
  client.op.reset();
  Metrics::sub(metrics_.signed_in);
}

// `operator disable` is another process: who is signed in is looked up again now and then. His sessions end with it.
void ControlHub::check_disabled() {
  std::set<std::string> ids;
  for (const auto& [id, client] : clients_) {
    if (client->op) ids.insert(client->op->id);
  }
  if (ids.empty()) return;
  (void)outside_.db([this, ids](SessionRecords&, AccountRecords& accounts) -> Continuation {
    std::vector<std::string> disabled;
    for (const std::string& id : ids) {
      auto op = accounts.operator_by_id(id);
      if (op && (!*op || (*op)->disabled_at != 0)) disabled.push_back(id);
    }
    if (disabled.empty()) return {};
    return [this, disabled] {
      for (const std::string& id : disabled) {
        std::vector<std::string> sessions;
        for (auto& [client_id, client] : clients_) {
          if (!client->op || client->op->id != id) continue;
          client->op.reset();
          Metrics::sub(metrics_.signed_in);
          for (const Seat& seat : client->seats) {
            if (seat.side == Side::Operator) sessions.push_back(seat.session_id);
          }
        }
        log({}, "authenticate", "operator was disabled");
        for (const std::string& session : sessions) end_session(session, EndReason::RelayPolicy);
      }
    };
  });
}

}  // namespace beside::relay
