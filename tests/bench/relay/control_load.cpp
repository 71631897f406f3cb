// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/relay/control_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>

#include "engine/flow/reliable_control.h"
#include "engine/net/websocket_connection.h"

namespace beside::bench {
namespace {

constexpr std::size_t kSeatsPerOperator = 60, kCustomersPerAddress = 3, kWaitingAtOnce = 12, kHandshakesAtOnce = 64;
constexpr nanoseconds kPatience = 60s;

// A blocking connect on loopback is over at once; the source says who we are to the relay's limits.
int connect_from(std::uint32_t source, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(source);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd);
    return -1;
  }
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

struct Peer {
  control::Role role = control::ROLE_CUSTOMER;
  flow::ReliableControl reliable;
  std::shared_ptr<net::WebSocketConnection> wire;
  std::function<void(Peer&)> welcomed;
  std::function<void(Peer&, const control::Envelope&)> heard;
  bool up = false, gone = false;
  std::size_t sessions = 0;  // of an operator

  void flush() {
    for (Bytes& m : reliable.take_outgoing(local_now())) (void)wire->send(std::move(m));
  }
  void send(control::Envelope e) {
    (void)reliable.send(std::move(e), local_now());
    flush();
  }
};

LegTicket leg_of(const control::Ticket& ticket) {
  return {static_cast<std::uint16_t>(ticket.udp_port()), ticket.ufrag(), ticket.password()};
}

class Load final : public ControlLoad {
 public:
  Load(net::Loop& loop, wire::RelayAddress relay, net::TlsContext tls) : loop_(loop), relay_(std::move(relay)), tls_(std::move(tls)), beat_(loop) { beat(); }
  ~Load() override {
    for (auto& peer : peers_)
      if (peer->wire) peer->wire->drop();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  Result<std::vector<SessionTickets>> make_sessions(std::size_t count, const std::vector<std::string>& tokens) override {
    if (tokens.size() * kSeatsPerOperator < count) return fail(ErrorKind::Environment, "bench", "too few tokens");
    std::vector<SessionTickets> out(count);
    std::size_t asked = 0, joined = 0, waiting = 0;
    std::string why;
    std::vector<Peer*> operators;
    for (std::size_t i = 0; i * kSeatsPerOperator < count; ++i) {
      Peer* op = add(control::ROLE_OPERATOR, 0x7f400001u + static_cast<std::uint32_t>(i));
      if (op == nullptr) return fail(ErrorKind::Environment, "bench", "connect");
      op->welcomed = [token = tokens[i]](Peer& self) {
        control::Envelope e;
        e.mutable_sign_in()->set_request_id(1);
        e.mutable_sign_in()->set_token(token);
        self.send(std::move(e));
      };
      op->heard = [&](Peer& self, const control::Envelope& e) {
        if (e.has_signed_in()) operators.push_back(&self);
        if (e.has_refused() && e.refused().reason() != control::Refused::BUSY) why = "an operator was refused: " + std::to_string(e.refused().reason());
        if (e.has_refused()) --self.sessions, --asked, --waiting;
        if (!e.has_session_created()) return;
        const std::size_t at = e.session_created().request_id() - 100;
        out[at].legs[0] = leg_of(e.session_created().ticket());
        Peer* customer = add(control::ROLE_CUSTOMER, 0x7f480001u + static_cast<std::uint32_t>(at / kCustomersPerAddress));
        if (customer == nullptr) {
          why = "connect";
          return;
        }
        customer->welcomed = [locator = e.session_created().locator()](Peer& other) {
          control::Envelope join;
          join.mutable_join_session()->set_request_id(1);
          join.mutable_join_session()->set_locator(locator);
          other.send(std::move(join));
        };
        customer->heard = [&, at](Peer&, const control::Envelope& got) {
          if (got.has_refused()) why = "a customer was refused: " + std::to_string(got.refused().reason());
          if (!got.has_joined()) return;
          out[at].legs[1] = leg_of(got.joined().ticket());
          ++joined, --waiting;
        };
      };
    }
    LocalTime until = local_now() + kPatience;
    for (std::size_t before = 0; joined < count && why.empty();) {
      for (Peer* op : operators) {
        // The relay takes ten requests a second of one connection after the first sixty.
        if (asked >= count || waiting >= kWaitingAtOnce || op->sessions >= kSeatsPerOperator) continue;
        control::Envelope e;
        e.mutable_new_session()->set_request_id(100 + asked++);
        ++op->sessions, ++waiting;
        op->send(std::move(e));
      }
      (void)loop_.run_one(20ms);
      if (joined != before) until = local_now() + kPatience;
      before = joined;
      if (local_now() > until) why = "the relay made only " + std::to_string(joined) + " sessions";
    }
    for (auto& peer : peers_) peer->heard = nullptr, peer->welcomed = nullptr;
    if (!why.empty()) return fail(ErrorKind::Environment, "bench", why);
    return out;
  }

  std::size_t make_idle(std::size_t count, nanoseconds within, const std::function<void()>& meanwhile) override {
    std::size_t begun = 0, up = 0, failed = 0;
    const LocalTime until = local_now() + within;
    while (up + failed < count && local_now() < until) {
      for (; begun < count && begun - up - failed < kHandshakesAtOnce; ++begun) {
        Peer* peer = add(control::ROLE_CUSTOMER, 0x7f600001u + static_cast<std::uint32_t>(begun));
        if (peer == nullptr) ++failed;
        else peer->welcomed = [&up](Peer&) { ++up; };
      }
      (void)loop_.run_one(20ms);
      meanwhile();
    }
    for (auto& peer : peers_) peer->welcomed = nullptr;
    return up;
  }
  std::size_t open_connections() const override {
    std::size_t open = 0;
    for (const auto& peer : peers_) open += peer->up && !peer->gone;
    return open;
  }

 private:
  Peer* add(control::Role role, std::uint32_t source) {
    const int fd = connect_from(source, relay_.port);
    if (fd < 0) return nullptr;
    peers_.push_back(std::make_unique<Peer>());
    Peer* peer = peers_.back().get();
    peer->role = role;
    net::WebSocketConnection::Handlers handlers;
    handlers.on_open = [peer](const std::string&) {
      peer->reliable.connected();
      control::Envelope e;
      auto& h = *e.mutable_hello();
      h.set_protocol_min(1);
      h.set_protocol_max(1);
      h.set_program("relay-load");
      h.set_version("1");
      h.set_build_id(std::string(32, 'b'));
      h.set_role(peer->role);
      peer->send(std::move(e));
    };
    handlers.on_message = [peer](ByteSpan message) {
      auto got = peer->reliable.receive(message, local_now());
      if (got && *got) {
        if ((*got)->has_welcome()) {
          peer->reliable.restart(local_now(), false);
          peer->up = true;
          if (peer->welcomed) peer->welcomed(*peer);
        } else if (peer->heard) {
          peer->heard(*peer, **got);
        }
      }
      peer->flush();
    };
    handlers.on_close = [peer](const net::CloseReason&) { peer->gone = true; };
    peer->wire = net::WebSocketConnection::make_client(loop_, fd, tls_, {}, relay_.host, relay_.port, "/v1/control", std::move(handlers));
    return peer;
  }
  // Acknowledgements that wait for their delay go out some time.
  void beat() {
    for (auto& peer : peers_)
      if (peer->up && !peer->gone && peer->reliable.next_deadline() <= local_now()) peer->flush();
    beat_.after(100ms, [this] { beat(); });
  }

  net::Loop& loop_;
  wire::RelayAddress relay_;
  net::TlsContext tls_;
  net::Timer beat_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace

std::unique_ptr<ControlLoad> ControlLoad::create(net::Loop& loop, const wire::RelayAddress& relay) {
  auto tls = net::TlsContext::make_client({relay.pin, {}});
  if (!tls) return nullptr;
  return std::make_unique<Load>(loop, relay, std::move(*tls));
}

}  // namespace beside::bench
