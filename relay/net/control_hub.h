// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.h"
#include "engine/flow/reliable_control.h"
#include "relay/core/join_guard.h"
#include "relay/core/metrics.h"
#include "relay/core/session_book.h"
#include "relay/net/hub_outside.h"

namespace beside::relay {

// What every control message does (PROTOCOL 1, 2, 3, 5, 7, 8). No socket, no SQL, no clock of its own.
// Invariants: 1. What a request changed is in the store before it is answered. 2. A connection speaks only after a good
// Hello. 3. A client (one resume token) has at most one connection; the newest wins. 4. Tunnel and chat bytes are passed
// on and never looked into. 5. A violation closes the connection it came on and touches no other.
//   client: Connected --connection lost--> Lost --Hello with its token--> Connected
//           Lost --60 s, or 5 min while in a session--> forgotten
// Thread: control.
class ControlHub {
 public:
  struct Config {
    std::string relay_name = "beside-relay";
    std::string organisation;
    std::string minimum_version;          // empty: any
    std::string ticket_host;              // empty: the host that the client came by
    std::uint16_t udp_port = 0;
    SessionBook::Limits sessions;
    JoinGuard::Limits joins;
    nanoseconds keep_lost = 60s;
    nanoseconds hello_within = 10s;
    std::size_t most_lost = 20'000;
  };
  ControlHub(Config config, const TimeSource& clock, RandomFn random, HubOutside& outside, Metrics& metrics);
  ~ControlHub();
  // Before the first connection: the sessions that the store kept. Gives their legs to the media thread.
  void restore(const std::vector<SessionRecord>& sessions);

  void opened(ConnectionId connection, const std::string& ip);
  void received(ConnectionId connection, ByteSpan message);
  void closed(ConnectionId connection);
  // Call when next_deadline() passes, and at least every few seconds.
  void tick();
  LocalTime next_deadline() const;
  // Says Goodbye{SHUTTING_DOWN} to everybody; the caller then lets the sockets drain and closes them.
  void shut_down(std::uint32_t restart_in_ms);
  // A network event for the log, from here or from the media thread.
  void log(std::string session_id, std::string event, std::string detail, std::uint64_t bytes = 0);
  // Hands what was logged to the db thread now.
  void flush_log();
  const SessionBook& sessions() const { return book_; }

 private:
  struct Connection;
  struct Client;
  struct Seat {
    std::string session_id;
    Side side;
    bool operator==(const Seat&) const = default;
  };
  using ClientId = std::uint64_t;

  // hub_connection.cpp
  void hello(Connection& connection, ByteSpan message);
  void dispatch(Client& client, const control::Envelope& envelope);
  void violate(ConnectionId connection, Violation kind, control::Goodbye::Reason reason, const std::string& detail);
  void say_goodbye(ConnectionId connection, control::Goodbye::Reason reason, const std::string& detail,
                   std::uint32_t restart_in_ms);
  void lose(Client& client);
  void forget(ClientId id);
  bool within_rate(Connection& connection, ByteSpan message);
  void flush(Client& client);
  void note_acknowledged(Client& client);
  // The client may be gone by the time an answer is ready: nullptr then.
  Client* find(ClientId id);
  void send(Client& client, control::Envelope envelope, std::optional<Seat> chat_seat = std::nullopt,
            std::uint64_t chat_seq = 0);
  void refuse(Client& client, std::uint64_t request_id, control::Refused::Reason reason, nanoseconds retry = {},
              const std::string& detail = {});
  // hub_accounts.cpp
  void sign_in(Client& client, const control::SignIn& request);
  void sign_in_with_token(Client& client, const control::SignIn& request);
  void redeem(Client& client, const control::RedeemInvitation& request);
  void sign_out(Client& client);
  void signed_in(ClientId id, std::uint64_t request_id, OperatorRecord op);
  void auth_failed(ClientId id, std::uint64_t request_id, const std::string& login, const std::string& source);
  void check_disabled();
  // hub_sessions.cpp
  void new_session(Client& client, const control::NewSession& request);
  void join(Client& client, const control::JoinSession& request);
  void rejoin(Client& client, const control::RejoinSession& request);
  void leave(Client& client, const control::LeaveSession& request);
  void renew_ticket(Client& client, const control::RenewTicket& request);
  void tunnel(Client& client, const control::Tunnel& piece, const control::Envelope& envelope);
  void read_log(Client& client, const control::ReadLog& request);
  void end_session(const std::string& session_id, EndReason reason);
  void announce_end(const SessionBook::Session& session, EndReason reason);
  void set_ticket(control::Ticket& out, const LegRecord& leg) const;
  void give_media(const SessionBook::Session& session, Side side);
  void tell_peer_state(const std::string& session_id, Side about, bool present);
  std::optional<Side> seat_of(const Client& client, const std::string& session_id) const;
  Client* client_in(const std::string& session_id, Side side);
  // hub_chat.cpp
  void chat(Client& client, const control::Chat& message);
  void chat_fetch(Client& client, const control::ChatFetch& request);
  void deliver_chat(const std::string& session_id, const ChatRecord& chat, Side to);

  Config config_;
  const TimeSource& clock_;
  RandomFn random_;
  HubOutside& outside_;
  Metrics& metrics_;
  SessionBook book_;
  JoinGuard joins_;
  LoginGuard logins_;
  std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
  std::unordered_map<ClientId, std::unique_ptr<Client>> clients_;
  std::unordered_map<std::string, ClientId> by_token_;  // SHA-256 of the resume token
  std::set<ClientId> owing_ack_;
  ClientId next_client_ = 1;
  std::vector<LogEntry> log_;
  LocalTime next_sweep_{}, next_disabled_check_{};
  LocalTime next_purge_{};
  bool shutting_down_ = false;
};

}  // namespace beside::relay
