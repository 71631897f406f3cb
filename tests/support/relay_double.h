// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/flow/reliable_control.h"
#include "engine/ports/secure_channel.h"
#include "engine/wire/control.h"

namespace beside::test {

using ports::End;
inline End other(End end) { return end == End::Customer ? End::Operator : End::Customer; }

// A relay in memory: honest, until a test gives it lies to tell. It keeps all that it was told, as a curious relay would.
// No sockets, no clock of its own; pipes of any kind lead to it.
class RelayDouble {
 public:
  using Pipe = std::function<void(Bytes)>;   // to one client
  struct Leg {
    std::uint64_t client = 0;                // 0: nobody yet
    std::string token, ufrag;
    std::function<void(Bytes)> media;        // datagrams to this end
  };
  struct ChatRow {
    std::string client_id, sealed;
    End from = End::Customer;
  };
  struct Session {
    std::string id, locator;
    Leg customer, operator_;
    std::vector<ChatRow> chat;
    bool ended = false;
    Leg& leg(End end) { return end == End::Customer ? customer : operator_; }
  };
  // Each may change what it is given; false: the honest answer is not sent.
  struct Lies {
    std::function<bool(Session&, control::SessionCreated&)> created;
    std::function<bool(control::JoinSession&)> join;
    std::function<bool(Session&, control::Joined&)> joined;
    std::function<bool(Session&, End from, control::Tunnel&)> tunnel;
    std::function<bool(Session&, End to, control::ChatDelivered&)> chat;
    std::function<bool(Session&, End from, Bytes& datagram)> media;
    std::function<bool(Session&, End to, control::SessionEnded&)> ended;
  };

  explicit RelayDouble(const TimeSource& clock) : clock_(clock) {}
  Lies lies;
  bool keep_records = false;
  Bytes received, sent;                      // with keep_records: every byte of every message and datagram
  std::uint32_t code_valid_s = 600;
  std::string operator_name = "Olga from support";
  std::optional<control::Goodbye> turn_away; // the answer to every Hello, when set
  int sign_ins = 0;                          // with a password, an invitation or a token
  int leaves = 0;                            // how often a client said that it leaves a session

  std::uint64_t connect(Pipe pipe);
  void receive(std::uint64_t connection, ByteSpan message);
  void disconnect(std::uint64_t connection);
  // As after a restart without a word: connections and what was known of clients are gone; sessions were on disk.
  void forget_clients();
  void forget_sessions() { sessions_.clear(); }

  Session* find(const std::string& session_id);
  Session* by_locator(const std::string& locator);   // the newest of that name
  std::vector<std::unique_ptr<Session>>& sessions() { return sessions_; }
  // To the client that sits at this end now.
  void tell(Session& session, End to, control::Envelope message);
  void forward(Session& session, End from, const control::Tunnel& piece);
  void deliver_chat(Session& session, End to, const control::ChatDelivered& chat) ;
  void end(Session& session, control::SessionEnded::Reason reason);

  void attach_media(const std::string& ufrag, std::function<void(Bytes)> deliver);
  void detach_media(const std::string& ufrag);
  void datagram(const std::string& ufrag, Bytes bytes);
  void to_end(Session& session, End to, Bytes datagram);

 private:
  struct Client {
    std::uint64_t id = 0, connection = 0;
    std::string token;
    control::Role role = control::ROLE_UNSPECIFIED;
    bool signed_in = false;
    flow::ReliableControl reliable;
  };
  struct Connection {
    Pipe pipe;
    std::uint64_t client = 0;
  };
  Client* client(std::uint64_t id);
  void send(Client& client, control::Envelope message);
  void flush(Client& client);
  void hello(std::uint64_t connection, const control::Hello& hello);
  void handle(Client& client, const control::Envelope& message);
  void refuse(Client& client, std::uint64_t request, control::Refused::Reason reason);
  control::Ticket ticket(const Leg& leg) const;
  std::optional<End> side_of(Session& session, const Client& client) const;
  bool present(Session& session, End end);
  std::string fresh(std::size_t bytes);

  const TimeSource& clock_;
  std::map<std::uint64_t, Connection> connections_;
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::set<std::string> known_tokens_;       // sign-in tokens that were given out
  std::uint64_t next_ = 1;
  std::uint32_t next_locator_ = 482;
};

}  // namespace beside::test
