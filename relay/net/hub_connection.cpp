// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "engine/base/log.h"
#include "engine/crypto/hash.h"
#include "relay/core/address_key.h"
#include "relay/net/hub_clients.h"

namespace beside::relay {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::uint32_t kPingIntervalMs = 5000;
constexpr std::size_t kMostLogRows = 4096;

// Dotted numbers; what is no number counts as 0.
std::vector<unsigned> version_numbers(const std::string& text) {
  std::vector<unsigned> out{0};
  for (char c : text) {
    if (c == '.') out.push_back(0);
    else if (c >= '0' && c <= '9' && out.back() < 1'000'000) out.back() = out.back() * 10 + static_cast<unsigned>(c - '0');
  }
  return out;
}

}  // namespace

ControlHub::ControlHub(Config config, const TimeSource& clock, RandomFn random, HubOutside& outside, Metrics& metrics)
    : config_(std::move(config)), clock_(clock), random_(random), outside_(outside), metrics_(metrics),
      book_(clock, random, config_.sessions), joins_(random, config_.joins), next_sweep_(clock.now() + 5s),
      next_purge_(clock.now() + 1min) {}
ControlHub::~ControlHub() = default;

ControlHub::Client* ControlHub::find(ClientId id) {
  const auto it = clients_.find(id);
  return it == clients_.end() ? nullptr : it->second.get();
}

void ControlHub::opened(ConnectionId connection, const std::string& ip) {
  auto made = std::make_unique<Connection>();
  made->id = connection;
  made->ip = ip;
  made->key = address_key(ip);
  made->opened = clock_.now();
  connections_[connection] = std::move(made);
  Metrics::add(metrics_.control_connections);
  Metrics::add(metrics_.connections_total);
}

bool ControlHub::within_rate(Connection& c, ByteSpan message) {
  const LocalTime now = clock_.now();
  const Client* client = c.client == 0 ? nullptr : find(c.client);
  const bool known = client != nullptr && (client->op || !client->seats.empty());
  const double size = static_cast<double>(message.size());
  if (known) return c.messages.take(1, now) && c.bytes.take(size, now);
  return c.stranger_messages.take(1, now) && c.stranger_bytes.take(size, now);
}

void ControlHub::received(ConnectionId id, ByteSpan message) {
  const auto it = connections_.find(id);
  if (it == connections_.end() || it->second->doomed || shutting_down_) return;
  Connection& connection = *it->second;
  Metrics::add(metrics_.messages_total);
  if (!within_rate(connection, message)) {
    return violate(id, Violation::TooFast, control::Goodbye::TOO_FAST, "more messages or bytes than are allowed");
  }
  if (connection.client == 0) return hello(connection, message);
  Client* client = find(connection.client);
  if (client == nullptr) return;
  const ClientId client_id = client->id;
  auto got = client->reliable.receive(message, clock_.now());
  if (!got) {
    const bool order = got.error().kind == ErrorKind::PeerFault && got.error().where.find("flow/") == 0;
    return violate(id, order ? Violation::OutOfOrder : Violation::Malformed, control::Goodbye::PROTOCOL_ERROR,
                   std::string(got.error().where));
  }
  note_acknowledged(*client);
  if (*got) {
    dispatch(*client, **got);
    client = find(client_id);
  }
  if (client != nullptr) flush(*client);
}

void ControlHub::hello(Connection& connection, ByteSpan message) {
  const auto envelope = wire::parse_envelope(message);
  if (!envelope) {
    return violate(connection.id, Violation::Malformed, control::Goodbye::PROTOCOL_ERROR,
                   std::string(envelope.error().where));
  }
  if (!envelope->has_hello()) {
    return violate(connection.id, Violation::NoHello, control::Goodbye::PROTOCOL_ERROR, "the first message is Hello");
  }
  const control::Hello& hello = envelope->hello();
  if (hello.protocol_min() > 1 || hello.protocol_max() < 1) {
    return violate(connection.id, Violation::NoCommonVersion, control::Goodbye::NO_COMMON_VERSION,
                   "this relay speaks protocol 1");
  }
  if (!config_.minimum_version.empty() && version_numbers(hello.version()) < version_numbers(config_.minimum_version)) {
    return violate(connection.id, Violation::NoCommonVersion, control::Goodbye::BELOW_MINIMUM_VERSION,
                   "this organisation needs version " + config_.minimum_version + " or later");
  }

  Client* client = nullptr;
  bool resumed = false;
  if (!hello.resume_token().empty()) {
    const auto known = by_token_.find(to_string(crypto::sha256(as_bytes(hello.resume_token()))));
    if (known != by_token_.end()) client = find(known->second);
    resumed = client != nullptr && client->role == hello.role();
    if (!resumed) client = nullptr;
  }
  Bytes token(32);
  if (resumed) {
    token = to_bytes(as_bytes(hello.resume_token()));
    if (client->connection.value != 0) {
      // The old one is dead or about to be; it is not the client's fault, so this is no violation.
      const ConnectionId old = client->connection;
      client->connection = ConnectionId{0};
      if (const auto it = connections_.find(old); it != connections_.end()) it->second->client = 0;
      say_goodbye(old, control::Goodbye::SUPERSEDED, "a newer connection took over", 0);
      client->reliable.disconnected();
    }
  } else {
    random_(token);
    auto made = std::make_unique<Client>();
    made->id = next_client_++;
    made->role = hello.role();
    made->token_sha256 = to_string(crypto::sha256(token));
    client = made.get();
    by_token_[made->token_sha256] = made->id;
    clients_[made->id] = std::move(made);
  }
  const bool was_lost = client->lost_at != kNever;
  client->connection = connection.id;
  client->ip = connection.ip;
  client->key = connection.key;
  client->lost_at = kNever;
  connection.client = client->id;

  const LocalTime now = clock_.now();
  client->reliable.connected();
  control::Envelope welcome;
  auto& w = *welcome.mutable_welcome();
  w.set_protocol(1);
  w.set_relay_name(config_.relay_name);
  w.set_resume_token(to_string(token));
  w.set_resumed(resumed);
  w.set_last_seq(resumed ? client->reliable.last_received() : 0);
  w.set_ping_interval_ms(kPingIntervalMs);
  w.set_organisation(config_.organisation);
  const ClientId client_id = client->id;
  (void)client->reliable.send(std::move(welcome), now);
  if (resumed) {
    const auto ok = client->reliable.resume(hello.last_seq(), now);
    if (!ok) {
      return violate(connection.id, Violation::OutOfOrder, control::Goodbye::PROTOCOL_ERROR, "hello.last_seq");
    }
    note_acknowledged(*client);
  } else {
    client->reliable.restart(now);
  }
  flush(*client);
  log({}, "connect", (resumed ? "resumed " : "new ") + hello.program() + " " + hello.version() + " from " + connection.ip);
  client = find(client_id);
  if (client == nullptr || !was_lost) return;
  const std::vector<Seat> seats = client->seats;
  for (const Seat& seat : seats) {
    book_.set_present(seat.session_id, seat.side, client_id);
    tell_peer_state(seat.session_id, seat.side, true);
    const auto* session = book_.find(seat.session_id);
    Client* self = find(client_id);
    if (session == nullptr || self == nullptr || !session->leg(other(seat.side)).exists) continue;
    control::Envelope state;
    state.mutable_peer_state()->set_session_id(seat.session_id);
    state.mutable_peer_state()->set_present(session->leg(other(seat.side)).absent_since == kNever);
    send(*self, std::move(state));
  }
}

void ControlHub::dispatch(Client& client, const control::Envelope& e) {
  using B = control::Envelope;
  const LocalTime now = clock_.now();
  Connection& connection = *connections_.at(client.connection);
  const auto body = e.body_case();
  if (body == B::kChat || body == B::kChatFetch) {
    if (!connection.chats.take(1, now)) {
      return violate(connection.id, Violation::TooFast, control::Goodbye::TOO_FAST, "chat");
    }
  } else if (body != B::kTunnel && body != B::kPing && body != B::kPong && body != B::BODY_NOT_SET) {
    if (!connection.requests.take(1, now)) {
      return violate(connection.id, Violation::TooFast, control::Goodbye::TOO_FAST, "requests");
    }
  }
  switch (body) {
    case B::kPing: {
      control::Envelope pong;
      pong.mutable_pong()->set_nonce(e.ping().nonce());
      return send(client, std::move(pong));
    }
    case B::kPong: return;
    case B::kGoodbye: {
      const ConnectionId id = connection.id;
      lose(client);
      return outside_.close(id, "goodbye");
    }
    case B::kSignIn: return sign_in(client, e.sign_in());
    case B::kRedeemInvitation: return redeem(client, e.redeem_invitation());
    case B::kSignOut: return sign_out(client);
    case B::kNewSession: return new_session(client, e.new_session());
    case B::kJoinSession: return join(client, e.join_session());
    case B::kRejoinSession: return rejoin(client, e.rejoin_session());
    case B::kLeaveSession: return leave(client, e.leave_session());
    case B::kRenewTicket: return renew_ticket(client, e.renew_ticket());
    case B::kTunnel: return tunnel(client, e.tunnel(), e);
    case B::kChat: return chat(client, e.chat());
    case B::kChatFetch: return chat_fetch(client, e.chat_fetch());
    case B::kReadLog: return read_log(client, e.read_log());
    case B::BODY_NOT_SET: return;  // an acknowledgement, or a kind of a later version
    default:
      return violate(connection.id, Violation::Malformed, control::Goodbye::PROTOCOL_ERROR, "not for a relay");
  }
}

void ControlHub::send(Client& client, control::Envelope envelope, std::optional<Seat> chat_seat, std::uint64_t chat_seq) {
  const bool sequenced = wire::is_sequenced(envelope);
  const ClientId id = client.id;
  const auto sent = client.reliable.send(std::move(envelope), clock_.now());
  if (!sent) {
    // Too much is unacknowledged: it will not catch up. A lost client loses its place, a present one its connection.
    BS_LOG_LIMITED(Warn, "control", "client {}: {}", id, dump_error(sent.error()));
    if (client.connection.value == 0) return forget(id);
    return violate(client.connection, Violation::SlowReader, control::Goodbye::TOO_FAST, "too much is unacknowledged");
  }
  if (sequenced) client.sent.push_back({std::move(chat_seat), chat_seq});
  flush(client);
}

void ControlHub::refuse(Client& client, std::uint64_t request_id, control::Refused::Reason reason, nanoseconds retry,
                        const std::string& detail) {
  control::Envelope e;
  auto& r = *e.mutable_refused();
  r.set_request_id(request_id);
  r.set_reason(reason);
  r.set_retry_after_ms(static_cast<std::uint32_t>(std::chrono::ceil<milliseconds>(retry).count()));
  r.set_detail(detail);
  send(client, std::move(e));
}

void ControlHub::flush(Client& client) {
  auto outgoing = client.reliable.take_outgoing(clock_.now());
  for (Bytes& message : outgoing) {
    if (client.connection.value == 0) break;
    if (outside_.send(client.connection, std::move(message))) continue;
    metrics_.violation(Violation::SlowReader);
    const ConnectionId id = client.connection;
    lose(client);
    outside_.close(id, "reads too slowly");
    return;
  }
  if (client.reliable.next_deadline() == kNever) owing_ack_.erase(client.id);
  else owing_ack_.insert(client.id);
}

void ControlHub::note_acknowledged(Client& client) {
  // The newest chat row of each session that is acknowledged by now.
  std::vector<std::pair<Seat, std::uint64_t>> delivered;
  while (client.sent.size() > client.reliable.unacknowledged()) {
    Client::Sent& front = client.sent.front();
    if (front.seat) {
      auto it = std::find_if(delivered.begin(), delivered.end(), [&](const auto& d) { return d.first == *front.seat; });
      if (it == delivered.end()) delivered.emplace_back(*front.seat, front.chat_seq);
      else it->second = std::max(it->second, front.chat_seq);
    }
    client.sent.pop_front();
  }
  for (const auto& [seat, seq] : delivered) {
    (void)outside_.db([seat = seat, seq = seq](SessionRecords& records, AccountRecords&) -> Continuation {
      const auto done = records.chat_delivered(seat.session_id, seat.side, seq);
      if (!done) BS_LOG_LIMITED(Error, "db", "{}", dump_error(done.error()));
      return {};
    });
  }
}

void ControlHub::violate(ConnectionId id, Violation kind, control::Goodbye::Reason reason, const std::string& detail) {
  metrics_.violation(kind);
  BS_LOG_LIMITED(Warn, "control", "connection {}: {} ({})", id.value, name_of(kind), detail);
  log({}, "error", std::string(name_of(kind)) + " " + detail);
  say_goodbye(id, reason, detail, 0);
  const auto it = connections_.find(id);
  if (it == connections_.end()) return;
  if (Client* client = find(it->second->client)) lose(*client);
}

void ControlHub::say_goodbye(ConnectionId id, control::Goodbye::Reason reason, const std::string& detail,
                             std::uint32_t restart_in_ms) {
  const auto it = connections_.find(id);
  if (it == connections_.end() || it->second->doomed) return;
  it->second->doomed = true;
  control::Envelope e;
  e.mutable_goodbye()->set_reason(reason);
  e.mutable_goodbye()->set_detail(detail);
  e.mutable_goodbye()->set_restart_in_ms(restart_in_ms);
  (void)outside_.send(id, wire::serialize_envelope(e));
  outside_.close(id, detail);
}

void ControlHub::lose(Client& client) {
  if (const auto it = connections_.find(client.connection); it != connections_.end()) it->second->client = 0;
  client.connection = ConnectionId{0};
  client.lost_at = clock_.now();
  client.reliable.disconnected();
  owing_ack_.erase(client.id);
  const std::vector<Seat> seats = client.seats;
  const ClientId id = client.id;
  for (const Seat& seat : seats) {
    const auto* session = book_.find(seat.session_id);
    if (session == nullptr || session->leg(seat.side).client != id) continue;
    book_.set_absent(seat.session_id, seat.side);
    log(seat.session_id, "leave", std::string(seat.side == Side::Operator ? "operator" : "customer") + " connection lost");
    tell_peer_state(seat.session_id, seat.side, false);
  }
}

void ControlHub::closed(ConnectionId id) {
  const auto it = connections_.find(id);
  if (it == connections_.end()) return;
  if (Client* client = find(it->second->client)) lose(*client);
  connections_.erase(id);
  Metrics::sub(metrics_.control_connections);
}

void ControlHub::forget(ClientId id) {
  Client* client = find(id);
  if (client == nullptr) return;
  if (client->op) Metrics::sub(metrics_.signed_in);
  by_token_.erase(client->token_sha256);
  owing_ack_.erase(id);
  clients_.erase(id);
}

void ControlHub::tick() {
  const LocalTime now = clock_.now();
  const std::vector<ClientId> owing(owing_ack_.begin(), owing_ack_.end());
  for (ClientId id : owing) {
    Client* client = find(id);
    if (client != nullptr && client->reliable.next_deadline() <= now) flush(*client);
  }
  if (now < next_sweep_) return;
  next_sweep_ = now + 1s;
  for (const auto& ended : book_.expire()) announce_end(ended.session, ended.reason);
  for (const auto& [id, connection] : connections_) {
    if (connection->client == 0 && !connection->doomed && now - connection->opened >= config_.hello_within) {
      metrics_.violation(Violation::NoHello);
      connection->doomed = true;
      outside_.close(id, "no Hello");
    }
  }
  std::vector<ClientId> gone;
  std::size_t lost = 0;
  for (const auto& [id, client] : clients_) {
    if (client->lost_at == kNever) continue;
    const nanoseconds keep = client->seats.empty() ? config_.keep_lost : config_.sessions.keep_absent;
    if (now - client->lost_at >= keep || ++lost > config_.most_lost) gone.push_back(id);
  }
  for (ClientId id : gone) forget(id);
  joins_.sweep(now);
  logins_.sweep(now);
  if (now >= next_disabled_check_) {   // a question to the store: not every second for the life of each session
    next_disabled_check_ = now + 5s;
    check_disabled();
  }
  flush_log();
  if (now < next_purge_) return;
  next_purge_ = now + 1h;
  const std::int64_t wall = clock_.unix_ms();
  (void)outside_.db([wall](SessionRecords& records, AccountRecords&) -> Continuation {
    const auto done = records.purge(wall - 30 * kDayMs, wall - kDayMs, wall);
    if (!done) BS_LOG_LIMITED(Error, "db", "{}", dump_error(done.error()));
    return {};
  });
}

LocalTime ControlHub::next_deadline() const {
  // Nothing to look after and nothing to write: only the hourly purge.
  const bool busy = !connections_.empty() || !clients_.empty() || !log_.empty() || book_.size() != 0;
  LocalTime next = busy ? std::min(next_sweep_, next_purge_) : next_purge_;
  for (ClientId id : owing_ack_) {
    if (const auto it = clients_.find(id); it != clients_.end()) {
      next = std::min(next, it->second->reliable.next_deadline());
    }
  }
  return next;
}

void ControlHub::shut_down(std::uint32_t restart_in_ms) {
  shutting_down_ = true;
  std::vector<ConnectionId> all;
  for (const auto& [id, connection] : connections_) all.push_back(id);
  for (ConnectionId id : all) say_goodbye(id, control::Goodbye::SHUTTING_DOWN, "the relay stops", restart_in_ms);
  flush_log();
}

void ControlHub::log(std::string session_id, std::string event, std::string detail, std::uint64_t bytes) {
  if (log_.size() >= kMostLogRows) {
    Metrics::add(metrics_.log_rows_lost);
    return;
  }
  const std::int64_t at = clock_.unix_ms();
  log_.push_back({new_record_id(at), at, std::move(session_id), std::move(event), std::move(detail), bytes});
}

void ControlHub::flush_log() {
  if (log_.empty()) return;
  const std::size_t count = log_.size();
  const bool taken = outside_.db([rows = std::exchange(log_, {})](SessionRecords& records, AccountRecords&) -> Continuation {
    const auto done = records.log(rows);
    if (!done) BS_LOG_LIMITED(Error, "db", "{}", dump_error(done.error()));
    return {};
  });
  if (!taken) Metrics::add(metrics_.log_rows_lost, count);
}

}  // namespace beside::relay
