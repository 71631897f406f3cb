// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/relay_double.h"

#include <algorithm>

#include "engine/base/ids.h"

namespace beside::test {

// Unique, and of the right size; nothing here has to be hard to guess.
std::string RelayDouble::fresh(std::size_t bytes) {
  std::string text = std::to_string(next_++) + "-";
  while (text.size() < bytes) text.push_back(static_cast<char>('a' + text.size() % 26));
  return text.substr(0, bytes);
}

std::uint64_t RelayDouble::connect(Pipe pipe) {
  const std::uint64_t id = next_++;
  connections_[id].pipe = std::move(pipe);
  return id;
}

void RelayDouble::disconnect(std::uint64_t connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  Client* c = client(found->second.client);
  connections_.erase(found);
  if (c == nullptr || c->connection != connection) return;
  c->connection = 0;
  c->reliable.disconnected();
  for (auto& s : sessions_) {
    if (const auto side = side_of(*s, *c); side && !s->ended) {
      control::Envelope e;
      e.mutable_peer_state()->set_session_id(s->id);
      tell(*s, other(*side), e);
    }
  }
}

void RelayDouble::forget_clients() {
  connections_.clear();
  clients_.clear();
  for (auto& s : sessions_) s->customer.client = s->operator_.client = 0;
}

RelayDouble::Client* RelayDouble::client(std::uint64_t id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

RelayDouble::Session* RelayDouble::find(const std::string& session_id) {
  for (auto& s : sessions_) {
    if (s->id == session_id) return s.get();
  }
  return nullptr;
}

RelayDouble::Session* RelayDouble::by_locator(const std::string& locator) {
  for (auto s = sessions_.rbegin(); s != sessions_.rend(); ++s) {
    if ((*s)->locator == locator) return s->get();
  }
  return nullptr;
}

std::optional<End> RelayDouble::side_of(Session& session, const Client& c) const {
  if (session.customer.client == c.id) return End::Customer;
  if (session.operator_.client == c.id) return End::Operator;
  return std::nullopt;
}

bool RelayDouble::present(Session& session, End end) {
  const Client* c = client(session.leg(end).client);
  return c != nullptr && c->connection != 0;
}

void RelayDouble::flush(Client& c) {
  for (Bytes& bytes : c.reliable.take_outgoing(clock_.now())) {
    const auto connection = connections_.find(c.connection);
    if (connection == connections_.end()) continue;
    if (keep_records) sent.insert(sent.end(), bytes.begin(), bytes.end());
    connection->second.pipe(std::move(bytes));
  }
}

void RelayDouble::send(Client& c, control::Envelope message) {
  (void)c.reliable.send(std::move(message), clock_.now());
  flush(c);
}

void RelayDouble::tell(Session& session, End to, control::Envelope message) {
  if (Client* c = client(session.leg(to).client)) send(*c, std::move(message));
}

void RelayDouble::refuse(Client& c, std::uint64_t request, control::Refused::Reason reason) {
  control::Envelope e;
  e.mutable_refused()->set_request_id(request);
  e.mutable_refused()->set_reason(reason);
  send(c, e);
}

control::Ticket RelayDouble::ticket(const Leg& leg) const {
  control::Ticket out;
  out.set_ufrag(leg.ufrag);
  out.set_password(std::string(32, 'p'));
  out.set_expires_in_s(3600);
  return out;
}

void RelayDouble::receive(std::uint64_t connection, ByteSpan message) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  if (keep_records) received.insert(received.end(), message.begin(), message.end());
  Client* c = client(found->second.client);
  if (c == nullptr) {
    const auto first = wire::parse_envelope(message);
    if (first && first->has_hello()) hello(connection, first->hello());
    return;
  }
  auto taken = c->reliable.receive(message, clock_.now());
  if (taken && *taken) handle(*c, **taken);
  if (Client* still = client(found->second.client)) flush(*still);
}

void RelayDouble::hello(std::uint64_t connection, const control::Hello& hello) {
  if (turn_away) {
    control::Envelope e;
    *e.mutable_goodbye() = *turn_away;
    connections_[connection].pipe(wire::serialize_envelope(e));
    return;
  }
  Client* c = nullptr;
  for (auto& [id, known] : clients_) {
    if (!hello.resume_token().empty() && known->token == hello.resume_token()) c = known.get();
  }
  const bool resumed = c != nullptr;
  if (!resumed) {
    auto made = std::make_unique<Client>();
    made->id = next_++;
    made->token = fresh(32);
    made->role = hello.role();
    c = (clients_[made->id] = std::move(made)).get();
  }
  c->connection = connection;
  connections_[connection].client = c->id;
  c->reliable.connected();
  control::Envelope e;
  control::Welcome& w = *e.mutable_welcome();
  w.set_protocol(1);
  w.set_relay_name("relay.example");
  w.set_resume_token(c->token);
  w.set_resumed(resumed);
  w.set_last_seq(resumed ? c->reliable.last_received() : 0);
  w.set_ping_interval_ms(25'000);
  w.set_organisation("Example Support");
  (void)c->reliable.send(e, clock_.now());
  if (resumed) (void)c->reliable.resume(hello.last_seq(), clock_.now());
  else c->reliable.restart(clock_.now());
  flush(*c);
}

void RelayDouble::handle(Client& c, const control::Envelope& in) {
  control::Envelope e;
  switch (in.body_case()) {
    case control::Envelope::kPing:
      e.mutable_pong()->set_nonce(in.ping().nonce());
      return send(c, e);
    case control::Envelope::kSignIn:
    case control::Envelope::kRedeemInvitation: {
      const std::uint64_t request = in.has_sign_in() ? in.sign_in().request_id() : in.redeem_invitation().request_id();
      ++sign_ins;
      c.signed_in = true;
      control::SignedIn& s = *e.mutable_signed_in();
      s.set_request_id(request);
      s.set_operator_id("01890000-0000-7000-8000-000000000001");
      s.set_login("olga");
      s.set_display_name(operator_name);
      s.set_token(fresh(32));
      known_tokens_.insert(s.token());
      return send(c, e);
    }
    case control::Envelope::kNewSession: {
      if (!c.signed_in) return refuse(c, in.new_session().request_id(), control::Refused::NOT_SIGNED_IN);
      auto made = std::make_unique<Session>();
      char id[37];
      std::snprintf(id, sizeof id, "01890000-0000-7000-8000-%012llx", static_cast<unsigned long long>(next_++));
      made->id = id;
      made->locator = std::to_string(next_locator_++);
      made->operator_ = {c.id, fresh(32), fresh(16), {}};
      made->customer = {0, fresh(32), fresh(16), {}};
      control::SessionCreated& out = *e.mutable_session_created();
      out.set_request_id(in.new_session().request_id());
      out.set_session_id(made->id);
      out.set_locator(made->locator);
      out.set_valid_s(in.new_session().valid_s() != 0 ? in.new_session().valid_s() : code_valid_s);
      out.set_leg_token(made->operator_.token);
      *out.mutable_ticket() = ticket(made->operator_);
      Session& session = *made;
      sessions_.push_back(std::move(made));
      if (lies.created && !lies.created(session, out)) return;
      return send(c, e);
    }
    case control::Envelope::kJoinSession: {
      control::JoinSession join = in.join_session();
      if (lies.join && !lies.join(join)) return;
      Session* session = by_locator(join.locator());
      if (session == nullptr || session->ended) return refuse(c, join.request_id(), session ? control::Refused::CODE_USED : control::Refused::NO_SUCH_CODE);
      if (session->customer.client != 0) return refuse(c, join.request_id(), control::Refused::CODE_USED);
      session->customer.client = c.id;
      control::Joined& out = *e.mutable_joined();
      out.set_request_id(join.request_id());
      out.set_session_id(session->id);
      out.set_leg_token(session->customer.token);
      *out.mutable_ticket() = ticket(session->customer);
      if (lies.joined && !lies.joined(*session, out)) return;
      send(c, e);
      control::Envelope state;
      state.mutable_peer_state()->set_session_id(session->id);
      state.mutable_peer_state()->set_present(true);
      return tell(*session, End::Operator, state);
    }
    case control::Envelope::kRejoinSession: {
      Session* session = find(in.rejoin_session().session_id());
      const std::string& token = in.rejoin_session().leg_token();
      if (session == nullptr || session->ended || (token != session->customer.token && token != session->operator_.token)) {
        return refuse(c, in.rejoin_session().request_id(), control::Refused::NO_SUCH_SESSION);
      }
      const End side = token == session->customer.token ? End::Customer : End::Operator;
      session->leg(side).client = c.id;
      control::Rejoined& out = *e.mutable_rejoined();
      out.set_request_id(in.rejoin_session().request_id());
      out.set_session_id(session->id);
      out.set_peer_present(present(*session, other(side)));
      *out.mutable_ticket() = ticket(session->leg(side));
      send(c, e);
      control::Envelope state;
      state.mutable_peer_state()->set_session_id(session->id);
      state.mutable_peer_state()->set_present(true);
      return tell(*session, other(side), state);
    }
    case control::Envelope::kLeaveSession: {
      ++leaves;
      Session* session = find(in.leave_session().session_id());
      if (session == nullptr || session->ended) return;
      const auto side = side_of(*session, c);
      if (!side) return;
      auto reason = *side == End::Operator ? control::SessionEnded::OPERATOR_ENDED : control::SessionEnded::CUSTOMER_ENDED;
      if (in.leave_session().reason() == control::SessionEnded::CODE_BURNT) reason = control::SessionEnded::CODE_BURNT;
      if (in.leave_session().reason() == control::SessionEnded::ERROR) reason = control::SessionEnded::ERROR;
      return end(*session, reason);
    }
    case control::Envelope::kRenewTicket: {
      Session* session = find(in.renew_ticket().session_id());
      const auto side = session == nullptr ? std::nullopt : side_of(*session, c);
      if (!side) return refuse(c, in.renew_ticket().request_id(), control::Refused::NO_SUCH_SESSION);
      e.mutable_ticket_renewed()->set_session_id(session->id);
      *e.mutable_ticket_renewed()->mutable_ticket() = ticket(session->leg(*side));
      return send(c, e);
    }
    case control::Envelope::kTunnel: {
      Session* session = find(in.tunnel().session_id());
      const auto side = session == nullptr ? std::nullopt : side_of(*session, c);
      if (!side || session->ended) return;
      control::Tunnel piece = in.tunnel();
      if (lies.tunnel && !lies.tunnel(*session, *side, piece)) return;
      return forward(*session, *side, piece);
    }
    case control::Envelope::kChat: {
      Session* session = find(in.chat().session_id());
      const auto side = session == nullptr ? std::nullopt : side_of(*session, c);
      if (!side || session->ended) return;
      std::size_t at = 0;
      while (at < session->chat.size() && session->chat[at].client_id != in.chat().client_id()) ++at;
      const bool fresh_line = at == session->chat.size();
      if (fresh_line) session->chat.push_back({in.chat().client_id(), in.chat().sealed(), *side});
      control::ChatDelivered d;
      d.set_session_id(session->id);
      d.set_seq(at + 1);
      d.set_client_id(session->chat[at].client_id);
      d.set_from_operator(session->chat[at].from == End::Operator);
      d.set_at_unix_ms(clock_.unix_ms());
      d.set_sealed(session->chat[at].sealed);
      deliver_chat(*session, *side, d);
      if (fresh_line) deliver_chat(*session, other(*side), d);
      return;
    }
    case control::Envelope::kChatFetch: {
      Session* session = find(in.chat_fetch().session_id());
      const auto side = session == nullptr ? std::nullopt : side_of(*session, c);
      if (!side) return;
      for (std::size_t at = in.chat_fetch().after_seq(); at < session->chat.size(); ++at) {
        control::ChatDelivered d;
        d.set_session_id(session->id);
        d.set_seq(at + 1);
        d.set_client_id(session->chat[at].client_id);
        d.set_from_operator(session->chat[at].from == End::Operator);
        d.set_sealed(session->chat[at].sealed);
        deliver_chat(*session, *side, d);
      }
      return;
    }
    default: return;
  }
}

void RelayDouble::forward(Session& session, End from, const control::Tunnel& piece) {
  control::Envelope e;
  *e.mutable_tunnel() = piece;
  tell(session, other(from), e);
}

void RelayDouble::deliver_chat(Session& session, End to, const control::ChatDelivered& chat) {
  control::Envelope e;
  *e.mutable_chat_delivered() = chat;
  if (lies.chat && !lies.chat(session, to, *e.mutable_chat_delivered())) return;
  tell(session, to, e);
}

void RelayDouble::end(Session& session, control::SessionEnded::Reason reason) {
  session.ended = true;
  for (End to : {End::Operator, End::Customer}) {
    control::Envelope e;
    e.mutable_session_ended()->set_session_id(session.id);
    e.mutable_session_ended()->set_reason(reason);
    if (lies.ended && !lies.ended(session, to, *e.mutable_session_ended())) continue;
    tell(session, to, e);
  }
}

void RelayDouble::attach_media(const std::string& ufrag, std::function<void(Bytes)> deliver) {
  for (auto& s : sessions_) {
    for (End end : {End::Customer, End::Operator}) {
      if (s->leg(end).ufrag == ufrag) s->leg(end).media = deliver;
    }
  }
}

void RelayDouble::detach_media(const std::string& ufrag) { attach_media(ufrag, {}); }

void RelayDouble::datagram(const std::string& ufrag, Bytes bytes) {
  if (keep_records) received.insert(received.end(), bytes.begin(), bytes.end());
  for (auto& s : sessions_) {
    for (End from : {End::Customer, End::Operator}) {
      if (s->leg(from).ufrag != ufrag || s->ended) continue;
      if (lies.media && !lies.media(*s, from, bytes)) return;
      return to_end(*s, other(from), std::move(bytes));
    }
  }
}

void RelayDouble::to_end(Session& session, End to, Bytes datagram) {
  if (session.leg(to).media) session.leg(to).media(std::move(datagram));
}

}  // namespace beside::test
