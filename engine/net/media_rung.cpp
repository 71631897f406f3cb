// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/media_rung.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <utility>
#include <vector>

#include "engine/crypto/random.h"
#include "engine/net/address_watch.h"
#include "engine/net/dialer.h"
#include "engine/net/udp_socket.h"
#include "engine/net/websocket_connection.h"
#include "engine/net/websocket_error.h"

namespace beside::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using flow::StunClientLeg;

// So long one address is asked before the next of the relay's addresses has its turn.
constexpr auto kPerAddress = 400ms;
constexpr std::size_t kMaxMessage = 2048;
// What passes everywhere over UDP, IPv6 and tunnels included; and what an Ethernet carries, which is what there is between two
// networks. Over TCP a larger datagram would only wait longer for its end.
constexpr std::size_t kUsualDatagram = 1200, kLargestDatagram = 1472, kLeastDatagram = 548;
constexpr nanoseconds kMovedPace = 20ms;    // this machine has another address: the relay is asked so often, and slower, until it answers
constexpr nanoseconds kDialAgain = 300ms;   // somebody waits for a picture: after a hole nobody waits for TCP's timers

flow::StunCredentials credentials_of(const MediaTicket& ticket) {
  return {ticket.ufrag, SecretText(ticket.password)};
}

// What both kinds share: the leg, its timer, and who is told what.
class Runner : public MediaRungRunner {
 public:
  Runner(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket, MediaPath::Counters& counters, Handlers handlers)
      : loop_(loop), config_(config), ticket_(ticket), counters_(counters), handlers_(std::move(handlers)), timer_(loop) {}

  void start(bool held) final {
    if (running_) {
      if (!held && std::exchange(held_, false) && carrying_) ask();
      return;
    }
    running_ = true;
    was_bound_ = false;
    config_.control.ways->tried(way());
    held_ = held;
    make_leg();
    connect();
  }
  void stop() final {
    running_ = false;
    was_bound_ = false;
    held_ = false;
    timer_.cancel();
    leg_.reset();
    disconnect();
  }
  void linger() final {
    timer_.cancel();
    leg_.reset();
  }
  void probe(nanoseconds pace) final {
    if (!leg_ || !carrying_) return;
    leg_->probe(loop_.now(), pace);
    pump();
  }
  void give_up() final {
    if (running_ && !was_bound_ && !held_) config_.control.ways->failed(way(), WayFailure::NoAnswer);
    stop();
  }
  void renew() final {
    if (leg_) leg_->renew(credentials_of(ticket_));
  }
  bool running() const final { return running_; }
  bool held() const final { return held_; }
  bool bound() const final { return leg_ && leg_->state() == StunClientLeg::State::Bound; }
  nanoseconds rtt() const final { return leg_ ? leg_->rtt().value_or(0ns) : 0ns; }
  LocalTime last_answer() const final { return leg_ ? leg_->last_answer() : LocalTime::min(); }

 protected:
  virtual void connect() = 0;
  virtual void disconnect() = 0;
  virtual void carry(ByteSpan stun) = 0;

  void make_leg() {
    leg_ = std::make_unique<StunClientLeg>(credentials_of(ticket_), [](MutableByteSpan out) { crypto::random_bytes(out); });
  }
  // The carrier is there: the first message is a Binding request.
  void carrier_up() {
    carrying_ = true;
    if (!held_) ask();
  }
  void ask() {
    leg_->start(loop_.now());
    pump();
  }
  void carrier_down() { carrying_ = false; }

  void pump() {
    if (!leg_ || !carrying_) return;
    while (auto datagram = leg_->poll(loop_.now())) carry(*datagram);
    if (leg_->state() == StunClientLeg::State::Lost) return fail_now(WayFailure::NoAnswer);
    timer_.at(leg_->next_deadline(), [this] { pump(); });
  }

  void receive(ByteSpan datagram) {
    if (!wire::is_stun(datagram)) {
      if (!was_bound_) return;
      ++counters_.received;
      return handlers_.datagram(datagram);
    }
    if (!leg_) return;
    if (!leg_->receive(datagram, loop_.now())) {
      ++counters_.bad_stun;
      return;
    }
    pump();
    if (!bound()) return;
    if (!std::exchange(was_bound_, true)) config_.control.ways->came_up(way());
    handlers_.bound();
  }

  Way way() const {
    return kind() == MediaRung::Udp ? Way::Udp : kind() == MediaRung::Tls ? Way::Tls : Way::TlsProxy;
  }
  void fail_now(WayFailure why) {
    config_.control.ways->failed(way(), why);
    stop();
    handlers_.failed();
  }

  Loop& loop_;
  const MediaPathConfig& config_;
  const MediaTicket& ticket_;
  MediaPath::Counters& counters_;
  Handlers handlers_;
  Timer timer_;
  std::unique_ptr<StunClientLeg> leg_;
  bool running_ = false, held_ = false, carrying_ = false, was_bound_ = false;
};

class UdpRunner final : public Runner {
 public:
  UdpRunner(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket, MediaPath::Counters& counters, Handlers handlers)
      : Runner(loop, config, ticket, counters, std::move(handlers)), next_(loop) {}
  ~UdpRunner() override { *alive_ = false; }
  UdpRunner(const UdpRunner&) = delete;
  UdpRunner& operator=(const UdpRunner&) = delete;
  MediaRung kind() const override { return MediaRung::Udp; }
  std::size_t max_datagram() const override {
    return socket_ ? std::clamp(socket_->largest(), kLeastDatagram, kLargestDatagram) : kUsualDatagram;
  }

  LocalTime arrived() const override { return socket_ ? socket_->arrived() : LocalTime::min(); }
  bool send(std::span<const ByteSpan> datagrams) override {
    if (!socket_) return false;
    std::array<UdpSocket::Outgoing, 64> batch{};
    while (!datagrams.empty()) {
      const std::size_t count = std::min(batch.size(), datagrams.size());
      for (std::size_t i = 0; i < count; ++i) batch[i].data = datagrams[i];
      const std::size_t taken = socket_->send_many(std::span(batch).first(count));
      counters_.sent += taken;
      if (taken < count) {
        // An address that this machine has no longer, a route that is gone: known at the first packet that cannot leave.
        if (socket_->counters().send_errors != errors_seen_) moved();
        counters_.dropped_backlog += datagrams.size() - taken;
        return false;
      }
      datagrams = datagrams.subspan(count);
    }
    return true;
  }

 private:
  void connect() override {
    const std::string& host = ticket_.host.empty() ? config_.control.address.host : ticket_.host;
    const std::uint64_t mine = ++round_;
    // The resolver's object must outlive its own call only; the round says whether anybody still waits.
    auto resolver = std::make_shared<asio::ip::udp::resolver>(loop_.context());
    resolver->async_resolve(host, std::to_string(ticket_.udp_port), asio::ip::udp::resolver::numeric_service,
                            [this, resolver, mine, alive = alive_](error_code error, const asio::ip::udp::resolver::results_type& found) {
                              if (!*alive || mine != round_ || !running_) return;
                              // While the line is down no name is found: the addresses of before are still the best guess.
                              if (error && addresses_.empty()) return fail_now(WayFailure::Resolve);
                              if (!error) addresses_.clear();
                              for (const auto& entry : found)
                                if (auto endpoint = parse_endpoint(entry.endpoint().address().to_string(), entry.endpoint().port()))
                                  addresses_.push_back(*endpoint);
                              at_ = 0;
                              try_address();
                            });
  }

  // Each of the addresses gets a turn, over and over, until one answers or somebody stops us.
  void try_address() {
    std::size_t failures = 0;
    carrier_down();
    socket_.reset();
    while (!socket_ && failures < addresses_.size()) {
      const UdpEndpoint& to = addresses_[at_];
      at_ = (at_ + 1) % addresses_.size();
      if (open(to)) break;
      ++failures;
    }
    if (!socket_) return fail_now(WayFailure::Connect);
    if (addresses_.size() > 1)
      next_.after(kPerAddress, [this] {
        if (leg_ && leg_->state() == StunClientLeg::State::Probing && leg_->last_answer() == LocalTime::min()) try_address();
      });
    if (!addresses_watch_) addresses_watch_ = AddressWatch::create(loop_, [this] { look_whether_moved(); });
    carrier_up();
  }
  bool open(const UdpEndpoint& to) {
    auto opened = UdpSocket::create_connected(loop_, to, [this](ByteSpan datagram, const UdpEndpoint&) { receive(datagram); });
    if (!opened) return false;
    socket_ = std::move(*opened);
    to_ = to;
    return true;
  }
  // A connected socket keeps the address that it began with, also when this machine has moved to another network and nothing
  // comes back to the old one. With each request the kernel is asked which address it would take now; the relay then sees a new
  // tuple and the leg moves there with its two-step proof, without any handshake of the ends.
  void roam() {
    const auto would = UdpSocket::local_towards(to_);
    if (!would) return;  // no way out at all now
    const UdpEndpoint is = socket_->local();
    const bool broken = socket_->counters().send_errors != errors_seen_;
    errors_seen_ = socket_->counters().send_errors;
    if (is.address == would->address && is.scope == would->scope && !broken) return;
    if (!open(to_)) return;
    errors_seen_ = 0;
    ++counters_.roamed;
  }

  void look_whether_moved() {
    if (!socket_) return;
    const auto would = UdpSocket::local_towards(to_);
    const UdpEndpoint is = socket_->local();
    if (would && (is.address != would->address || is.scope != would->scope)) moved();
  }
  // The relay is asked from where we are now. Not from within: whoever sends may not meet a rung that fails meanwhile.
  void moved() {
    if (!leg_ || leg_->asking()) return;
    leg_->probe(loop_.now(), kMovedPace);
    timer_.at(leg_->next_deadline(), [this] { pump(); });
  }

  void disconnect() override {
    ++round_;
    next_.cancel();
    addresses_watch_.reset();
    carrier_down();
    socket_.reset();
  }
  void carry(ByteSpan stun) override {
    roam();
    socket_->send(stun);
  }

  Timer next_;
  UdpEndpoint to_;
  std::uint64_t errors_seen_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::uint64_t round_ = 0;
  std::vector<UdpEndpoint> addresses_;
  std::size_t at_ = 0;
  std::unique_ptr<UdpSocket> socket_;
  std::unique_ptr<AddressWatch> addresses_watch_;
};

class TlsRunner final : public Runner {
 public:
  TlsRunner(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket, MediaPath::Counters& counters,
            std::optional<ProxySetting> proxy, Handlers handlers)
      : Runner(loop, config, ticket, counters, std::move(handlers)), proxy_(std::move(proxy)) {}
  ~TlsRunner() override { disconnect(); }
  TlsRunner(const TlsRunner&) = delete;
  TlsRunner& operator=(const TlsRunner&) = delete;
  std::size_t max_datagram() const override { return kUsualDatagram; }
  MediaRung kind() const override { return proxy_ ? MediaRung::TlsProxy : MediaRung::Tls; }

  bool send(std::span<const ByteSpan> datagrams) override {
    bool all = true;
    for (const ByteSpan datagram : datagrams) {
      const bool taken = connection_ && connection_->send_datagram(datagram);
      ++(taken ? counters_.sent : counters_.dropped_backlog);
      all = all && taken;
    }
    return all;
  }

 private:
  void connect() override {
    const auto& address = config_.control.address;
    DialTarget target{address.host, address.port, proxy_};
    target.again = kDialAgain;
    dialer_ = Dialer::start(loop_, std::move(target), [this](Result<int> fd) {
      if (!fd) return fail_now(way_failure_of(fd.error()));
      secure(*fd);
    });
  }
  void secure(int fd) {
    const auto& address = config_.control.address;
    const auto tls = TlsContext::make_client({address.pin, config_.control.extra_ca_file});
    if (!tls) {
      ::close(fd);
      return fail_now(WayFailure::Untrusted);
    }
    WebSocketConnection::Limits limits;
    limits.max_message_bytes = kMaxMessage;
    WebSocketConnection::Handlers handlers;
    handlers.on_open = [this](const std::string&) { carrier_up(); };
    handlers.on_message = [this](ByteSpan datagram) { receive(datagram); };
    handlers.on_close = [this, pinned = tls->pinned()](const CloseReason& reason) {
      fail_now(way_failure_of(to_error(reason, pinned, config_.control.address)));
    };
    connection_ = WebSocketConnection::make_client(loop_, fd, *tls, limits, address.host, address.port, config_.path, std::move(handlers));
  }
  void disconnect() override {
    carrier_down();
    dialer_.reset();
    if (const auto gone = std::exchange(connection_, nullptr)) {
      gone->forget_handlers();
      gone->close(1000, "");
    }
  }
  void carry(ByteSpan stun) override { connection_->send_datagram(stun); }

  std::optional<ProxySetting> proxy_;
  std::unique_ptr<Dialer> dialer_;
  std::shared_ptr<WebSocketConnection> connection_;
};

}  // namespace

std::unique_ptr<MediaRungRunner> MediaRungRunner::make_udp(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket,
                                                           MediaPath::Counters& counters, Handlers handlers) {
  return std::make_unique<UdpRunner>(loop, config, ticket, counters, std::move(handlers));
}

std::unique_ptr<MediaRungRunner> MediaRungRunner::make_tls(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket,
                                                           MediaPath::Counters& counters, std::optional<ProxySetting> proxy,
                                                           Handlers handlers) {
  return std::make_unique<TlsRunner>(loop, config, ticket, counters, std::move(proxy), std::move(handlers));
}

}  // namespace beside::net
