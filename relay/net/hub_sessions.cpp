// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "engine/base/log.h"
#include "relay/helpdesk/accounts.h"
#include "relay/net/hub_clients.h"

namespace beside::relay {
namespace {

// flow::TunnelStream keeps 4 MiB unacknowledged; a piece more is tolerated.
constexpr std::uint64_t kMostTunnelInFlight = (4u << 20) + wire::kMaxTunnelBytes;
constexpr std::size_t kMostSeats = 64;
constexpr std::size_t kMostLogRows = 10'000, kLogRowsPerMessage = 500;

const char* word(Side side) { return side == Side::Operator ? "operator" : "customer"; }

void log_failure(const Result<void>& done) {
  if (!done) BS_LOG_LIMITED(Error, "db", "{}", dump_error(done.error()));
}

}  // namespace

std::optional<Side> ControlHub::seat_of(const Client& client, const std::string& session_id) const {
  for (const Seat& seat : client.seats) {
    if (seat.session_id == session_id) return seat.side;
  }
  return std::nullopt;
}

ControlHub::Client* ControlHub::client_in(const std::string& session_id, Side side) {
  const auto* session = book_.find(session_id);
  if (session == nullptr) return nullptr;
  Client* client = find(session->leg(side).client);
  return client != nullptr && seat_of(*client, session_id) == side ? client : nullptr;
}

void ControlHub::set_ticket(control::Ticket& out, const LegRecord& leg) const {
  out.set_host(config_.ticket_host);
  out.set_udp_port(config_.udp_port);
  out.set_ufrag(leg.ufrag);
  out.set_password(leg.stun_password);
  const std::int64_t left = leg.ticket_expires_at - clock_.unix_ms();
  out.set_expires_in_s(static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0) / 1000));
}

void ControlHub::give_media(const SessionBook::Session& session, Side side) {
  const LegRecord& leg = session.leg(side).record;
  const std::int64_t left = std::clamp<std::int64_t>(leg.ticket_expires_at - clock_.unix_ms(), 0,
                                                     std::chrono::duration_cast<milliseconds>(config_.sessions.ticket_life).count());
  outside_.media_put({session.record.id, side, leg.ufrag, leg.stun_password, milliseconds(left)});
}

void ControlHub::restore(const std::vector<SessionRecord>& records) {
  book_.restore(records);
  for (const SessionRecord& record : records) {
    const auto* session = book_.find(record.id);
    if (session == nullptr) continue;
    Metrics::add(metrics_.sessions);
    for (Side side : {Side::Operator, Side::Customer}) {
      if (session->leg(side).exists) give_media(*session, side);
    }
  }
}

void ControlHub::new_session(Client& client, const control::NewSession& request) {
  const std::uint64_t request_id = request.request_id();
  if (!client.op) return refuse(client, request_id, control::Refused::NOT_SIGNED_IN);
  const auto& rights = client.op->permissions;
  if (std::find(rights.begin(), rights.end(), "session.create") == rights.end()) {
    return refuse(client, request_id, control::Refused::NOT_ALLOWED);
  }
  if (client.seats.size() >= kMostSeats) return refuse(client, request_id, control::Refused::BUSY, 10s);
  auto made = book_.create(client.op->id, seconds(request.valid_s()), client.id);
  if (made.outcome != SessionBook::Outcome::Ok) return refuse(client, request_id, control::Refused::BUSY, 10s);
  const ClientId id = client.id;
  const std::string session_id = made.session_id;
  const std::string token = to_string(made.leg_token);
  client.seats.push_back({session_id, Side::Operator});
  Metrics::add(metrics_.sessions);
  Metrics::add(metrics_.sessions_total);
  const bool taken = outside_.db([=, this, record = book_.find(session_id)->record](SessionRecords& records, AccountRecords&) -> Continuation {
    const auto kept = records.insert_session(record);
    log_failure(kept);
    return [=, this, good = kept.has_value()] {
      const auto* session = book_.find(session_id);
      if (session == nullptr) return;
      Client* asker = find(id);
      if (!good) {
        if (asker != nullptr) refuse(*asker, request_id, control::Refused::BUSY, 2s);
        return end_session(session_id, EndReason::Error);
      }
      give_media(*session, Side::Operator);
      log(session_id, "join", "operator made the session");
      // He went away meanwhile: nobody has the token, and nobody heard the code.
      if (asker == nullptr) return end_session(session_id, EndReason::OperatorEnded);
      control::Envelope e;
      auto& c = *e.mutable_session_created();
      c.set_request_id(request_id);
      c.set_session_id(session_id);
      c.set_locator(session->record.locator);
      c.set_valid_s(static_cast<std::uint32_t>(session->record.valid_ms / 1000));
      c.set_leg_token(token);
      set_ticket(*c.mutable_ticket(), session->leg(Side::Operator).record);
      send(*asker, std::move(e));
    };
  });
  if (taken) return;
  refuse(client, request_id, control::Refused::BUSY, 2s);
  end_session(session_id, EndReason::Error);
}

void ControlHub::join(Client& client, const control::JoinSession& request) {
  const std::uint64_t request_id = request.request_id();
  if (client.role != control::ROLE_CUSTOMER && client.role != control::ROLE_KIOSK) {
    return refuse(client, request_id, control::Refused::NOT_ALLOWED);
  }
  if (!client.seats.empty()) return refuse(client, request_id, control::Refused::NOT_ALLOWED, {}, "already in a session");
  const LocalTime now = clock_.now();
  const auto answer = joins_.admit(client.key, as_bytes(request.challenge()), as_bytes(request.hashcash()), now);
  if (answer.verdict == JoinGuard::Verdict::Wait) return refuse(client, request_id, control::Refused::THROTTLED, answer.wait);
  if (answer.verdict == JoinGuard::Verdict::NeedsWork) {
    control::Envelope e;
    auto& r = *e.mutable_refused();
    r.set_request_id(request_id);
    r.set_reason(control::Refused::NEEDS_HASHCASH);
    r.set_challenge(to_string(answer.challenge));
    return send(client, std::move(e));
  }
  auto made = book_.begin_join(request.locator(), client.id);
  if (made.outcome != SessionBook::Outcome::Ok) {
    joins_.failed(now);
    using O = SessionBook::Outcome;
    return refuse(client, request_id, made.outcome == O::CodeUsed      ? control::Refused::CODE_USED
                                      : made.outcome == O::CodeExpired ? control::Refused::CODE_EXPIRED
                                                                       : control::Refused::NO_SUCH_CODE);
  }
  const ClientId id = client.id;
  const std::string session_id = made.session_id;
  const std::string token = to_string(made.leg_token);
  const std::int64_t at = clock_.unix_ms();
  client.seats.push_back({session_id, Side::Customer});
  const bool taken = outside_.db([=, this, leg = book_.find(session_id)->leg(Side::Customer).record](SessionRecords& records, AccountRecords&) -> Continuation {
    const auto kept = records.commit_join(session_id, leg, at);
    log_failure(kept);
    return [=, this, good = kept.has_value()] {
      const auto* session = book_.find(session_id);
      Client* asker = find(id);
      if (!good || session == nullptr) {
        if (asker != nullptr) {
          std::erase(asker->seats, Seat{session_id, Side::Customer});
          refuse(*asker, request_id, session == nullptr ? control::Refused::CODE_EXPIRED : control::Refused::BUSY, 2s);
        }
        return book_.revert_join(session_id);
      }
      book_.commit_join(session_id);
      give_media(*session, Side::Customer);
      Metrics::add(metrics_.joins_total);
      log(session_id, "join", "customer joined");
      if (asker == nullptr) return end_session(session_id, EndReason::PeerLost);  // nobody holds the token
      if (asker->connection.value == 0) book_.set_absent(session_id, Side::Customer);
      control::Envelope e;
      auto& j = *e.mutable_joined();
      j.set_request_id(request_id);
      j.set_session_id(session_id);
      j.set_leg_token(token);
      set_ticket(*j.mutable_ticket(), session->leg(Side::Customer).record);
      send(*asker, std::move(e));
      tell_peer_state(session_id, Side::Customer, true);
      const auto* again = book_.find(session_id);
      if (again == nullptr) return;
      const bool operator_there = again->leg(Side::Operator).absent_since == kNever;
      if (!operator_there) tell_peer_state(session_id, Side::Operator, false);
    };
  });
  if (taken) return;
  std::erase(client.seats, Seat{session_id, Side::Customer});
  book_.revert_join(session_id);
  refuse(client, request_id, control::Refused::BUSY, 2s);
}

void ControlHub::rejoin(Client& client, const control::RejoinSession& request) {
  const std::uint64_t request_id = request.request_id();
  const std::string session_id = request.session_id();
  const auto found = book_.rejoin(session_id, as_bytes(request.leg_token()), client.id);
  if (found.outcome != SessionBook::Outcome::Ok) {
    return refuse(client, request_id, control::Refused::NO_SUCH_SESSION);
  }
  const Seat seat{session_id, found.side};
  if (Client* old = find(found.replaced_client)) {
    std::erase(old->seats, seat);
    old->tunnels.erase(session_id);
  }
  if (std::find(client.seats.begin(), client.seats.end(), seat) == client.seats.end()) client.seats.push_back(seat);
  client.tunnels.erase(session_id);  // where the streams stand is learnt anew
  book_.extend_ticket(session_id, found.side);
  const auto* session = book_.find(session_id);
  give_media(*session, found.side);
  (void)outside_.db([session_id, side = found.side, at = session->leg(found.side).record.ticket_expires_at](SessionRecords& records, AccountRecords&) -> Continuation {
    log_failure(records.extend_ticket(session_id, side, at));
    return {};
  });
  log(session_id, "join", std::string(word(found.side)) + " is back");
  control::Envelope e;
  auto& r = *e.mutable_rejoined();
  r.set_request_id(request_id);
  r.set_session_id(session_id);
  const auto& peer = session->leg(other(found.side));
  r.set_peer_present(peer.exists && peer.absent_since == kNever);
  set_ticket(*r.mutable_ticket(), session->leg(found.side).record);
  send(client, std::move(e));
  tell_peer_state(session_id, found.side, true);
}

void ControlHub::tell_peer_state(const std::string& session_id, Side about, bool present) {
  Client* peer = client_in(session_id, other(about));
  if (peer == nullptr) return;
  control::Envelope e;
  e.mutable_peer_state()->set_session_id(session_id);
  e.mutable_peer_state()->set_present(present);
  send(*peer, std::move(e));
}

void ControlHub::leave(Client& client, const control::LeaveSession& request) {
  const auto side = seat_of(client, request.session_id());
  if (!side) return;  // ended already: what he wanted
  EndReason reason = *side == Side::Operator ? EndReason::OperatorEnded : EndReason::CustomerEnded;
  if (request.reason() == control::SessionEnded::CODE_BURNT) reason = EndReason::CodeBurnt;
  if (request.reason() == control::SessionEnded::ERROR) reason = EndReason::Error;
  log(request.session_id(), "leave", std::string(word(*side)) + " left");
  end_session(request.session_id(), reason);
}

void ControlHub::end_session(const std::string& session_id, EndReason reason) {
  const auto* session = book_.find(session_id);
  if (session == nullptr) return;
  const SessionBook::Session copy = *session;
  (void)book_.end(session_id, reason);
  announce_end(copy, reason);
}

// The book has forgotten it; everybody else hears of it here.
void ControlHub::announce_end(const SessionBook::Session& session, EndReason reason) {
  const std::string session_id = session.record.id;
  Metrics::sub(metrics_.sessions);
  outside_.media_remove(session_id);
  log(session_id, "leave", "session ended, reason " + std::to_string(static_cast<unsigned>(reason)));
  (void)outside_.db([session_id, reason, at = clock_.unix_ms()](SessionRecords& records, AccountRecords&) -> Continuation {
    log_failure(records.end_session(session_id, static_cast<std::uint32_t>(reason), at));
    return {};
  });
  for (Side side : {Side::Operator, Side::Customer}) {
    Client* client = find(session.leg(side).client);
    if (client == nullptr || std::erase(client->seats, Seat{session_id, side}) == 0) continue;
    client->tunnels.erase(session_id);
    control::Envelope e;
    e.mutable_session_ended()->set_session_id(session_id);
    e.mutable_session_ended()->set_reason(static_cast<control::SessionEnded::Reason>(reason));
    send(*client, std::move(e));
  }
}

void ControlHub::renew_ticket(Client& client, const control::RenewTicket& request) {
  const auto side = seat_of(client, request.session_id());
  if (!side) return refuse(client, request.request_id(), control::Refused::NO_SUCH_SESSION);
  book_.extend_ticket(request.session_id(), *side);
  const auto* session = book_.find(request.session_id());
  if (session == nullptr) return refuse(client, request.request_id(), control::Refused::NO_SUCH_SESSION);
  give_media(*session, *side);
  const ClientId id = client.id;
  const LegRecord leg = session->leg(*side).record;
  const bool taken = outside_.db([=, this, session_id = request.session_id(), side = *side, request_id = request.request_id()](SessionRecords& records, AccountRecords&) -> Continuation {
    log_failure(records.extend_ticket(session_id, side, leg.ticket_expires_at));
    return [=, this] {
      Client* asker = find(id);
      if (asker == nullptr) return;
      control::Envelope e;
      auto& t = *e.mutable_ticket_renewed();
      t.set_request_id(request_id);
      t.set_session_id(session_id);
      set_ticket(*t.mutable_ticket(), leg);
      send(*asker, std::move(e));
    };
  });
  if (!taken) refuse(client, request.request_id(), control::Refused::BUSY, 2s);
}

void ControlHub::tunnel(Client& client, const control::Tunnel& piece, const control::Envelope& envelope) {
  const auto side = seat_of(client, piece.session_id());
  if (!side) return metrics_.drop(DropReason::TunnelPeerAbsent);
  auto& edge = client.tunnels[piece.session_id()];
  edge.sent_to = std::max<std::uint64_t>(edge.sent_to, piece.offset() + piece.data().size());
  if (edge.acked_known && !piece.data().empty() && piece.offset() + piece.data().size() > edge.acked + kMostTunnelInFlight) {
    return violate(client.connection, Violation::TooMuch, control::Goodbye::TOO_FAST, "tunnel bytes in flight");
  }
  Client* peer = client_in(piece.session_id(), other(*side));
  if (peer == nullptr || peer->connection.value == 0) return metrics_.drop(DropReason::TunnelPeerAbsent);
  auto& back = peer->tunnels[piece.session_id()];
  back.acked = back.acked_known ? std::max<std::uint64_t>(back.acked, piece.ack()) : piece.ack();
  back.acked_known = true;
  // Passed on as it came, less the sender's own seq and ack; a full peer loses it, and the ends repeat.
  control::Envelope out;
  *out.mutable_tunnel() = envelope.tunnel();
  if (!outside_.send(peer->connection, wire::serialize_envelope(out))) metrics_.drop(DropReason::TunnelPeerSlow);
}

void ControlHub::read_log(Client& client, const control::ReadLog& request) {
  const std::uint64_t request_id = request.request_id();
  if (!client.op) return refuse(client, request_id, control::Refused::NOT_SIGNED_IN);
  const auto& rights = client.op->permissions;
  if (std::find(rights.begin(), rights.end(), kReadLogPermission) == rights.end() || request.reason().empty()) {
    return refuse(client, request_id, control::Refused::NOT_ALLOWED);
  }
  flush_log();
  const ClientId id = client.id;
  const AuditEntry entry{client.op->login, "log read", "session " + request.session_id(), {}, request.reason()};
  const bool taken = outside_.db([=, this, session_id = request.session_id(), at = clock_.unix_ms()](SessionRecords& records, AccountRecords&) -> Continuation {
    // No reading without its audit row.
    const auto audited = records.audit(entry, at);
    log_failure(audited);
    auto rows = audited ? records.read_log(session_id, kMostLogRows) : Result<std::vector<LogEntry>>(fail(audited));
    return [=, this, rows = std::move(rows)] {
      Client* asker = find(id);
      if (asker == nullptr) return;
      if (!rows) return refuse(*asker, request_id, control::Refused::BUSY, 2s);
      std::size_t at_row = 0;
      do {
        control::Envelope e;
        auto& out = *e.mutable_log_rows();
        out.set_request_id(request_id);
        for (std::size_t n = 0; n < kLogRowsPerMessage && at_row < rows->size(); ++n, ++at_row) {
          auto& row = *out.add_rows();
          row.set_at_unix_ms((*rows)[at_row].at);
          row.set_event((*rows)[at_row].event);
          row.set_detail((*rows)[at_row].detail);
          row.set_bytes((*rows)[at_row].bytes);
        }
        out.set_last(at_row == rows->size());
        asker = find(id);
        if (asker == nullptr) return;
        send(*asker, std::move(e));
      } while (at_row < rows->size());
    };
  });
  if (!taken) refuse(client, request_id, control::Refused::BUSY, 2s);
}

}  // namespace beside::relay
