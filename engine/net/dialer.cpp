// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/dialer.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <list>
#include <utility>
#include <vector>

#include "engine/crypto/random.h"

namespace beside::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kStagger = 250ms;
constexpr std::size_t kMostAtOnce = 6;   // attempts under way
constexpr int kProxyRounds = 4;  // first try, one answer to a challenge, one to a stale nonce, one to spare

std::string named(const std::string& host, std::uint16_t port) {
  return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// What one dial owns; handlers of Asio keep it alive, `alive` says whether anybody still wants the result.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  Dial(Loop& loop, DialTarget target, Dialer::Done done)
      : loop_(loop), target_(std::move(target)), done_(std::move(done)), resolver_(loop.context()), stagger_(loop),
        deadline_(loop) {}

  void start() {
    deadline_.after(target_.timeout, [this] { fail_with(timeout_error()); });
    look_up();
  }
  void abandon() {
    done_ = {};
    end();
  }

 private:
  const std::string& next_host() const { return target_.proxy ? target_.proxy->host : target_.host; }
  std::uint16_t next_port() const { return target_.proxy ? target_.proxy->port : target_.port; }
  std::string what() const {
    return target_.proxy ? "the proxy " + named(next_host(), next_port()) : named(next_host(), next_port());
  }
  Error timeout_error() const {
    const bool asking = proxy_socket_ != nullptr;
    return {ErrorKind::Environment, asking ? "net/proxy" : "net/connect", what() + " does not answer"};
  }

  void look_up() {
    resolver_.async_resolve(next_host(), std::to_string(next_port()), tcp::resolver::numeric_service,
                            [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
                              if (!self->done_) return;
                              if (error)
                                return self->fail_with({ErrorKind::Environment, "net/resolve",
                                                        "no address is known for " + self->what()});
                              self->order(found);
                              self->try_next();
                            });
  }

  // The families take turns, beginning with the one that the resolver put first (RFC 8305 4).
  void order(const tcp::resolver::results_type& found) {
    std::vector<tcp::endpoint> first, second;
    for (const auto& entry : found) {
      const bool same = first.empty() || entry.endpoint().protocol() == first.front().protocol();
      (same ? first : second).push_back(entry.endpoint());
    }
    for (std::size_t i = 0; i < first.size() || i < second.size(); ++i) {
      if (i < first.size()) waiting_.push_back(first[i]);
      if (i < second.size()) waiting_.push_back(second[i]);
    }
    all_ = waiting_;
  }

  void try_next() {
    if (waiting_.empty()) {
      if (under_way_ == 0)
        fail_with({ErrorKind::Environment, "net/connect", what() + " cannot be reached: " + last_error_.message()});
      return;
    }
    const tcp::endpoint endpoint = waiting_.front();
    waiting_.pop_front();
    if (under_way_ >= kMostAtOnce) {   // the oldest has had its time
      error_code ignored;
      const auto oldest = std::find_if(trying_.begin(), trying_.end(), [](const tcp::socket& s) { return s.is_open(); });
      if (oldest != trying_.end()) oldest->close(ignored);
    }
    const auto socket = trying_.emplace(trying_.end(), loop_.context());
    ++under_way_;
    if (!waiting_.empty()) {
      stagger_.after(kStagger, [this] { try_next(); });
    } else if (target_.again > 0ns) {
      stagger_.after(target_.again, [this] {
        waiting_ = all_;
        try_next();
      });
    }
    socket->async_connect(endpoint, [self = shared_from_this(), socket, mine = round_](error_code error) {
      if (!self->done_ || mine != self->round_) return;
      --self->under_way_;
      if (!error) {
        tcp::socket won = std::move(*socket);
        return self->connected(std::move(won));
      }
      if (error != asio::error::operation_aborted) self->last_error_ = error;
      self->trying_.erase(socket);
      self->try_next();
    });
  }

  void connected(tcp::socket socket) {
    stagger_.cancel();
    waiting_.clear();
    close_all();
    if (!target_.proxy) return succeed(socket);
    proxy_socket_ = std::make_unique<tcp::socket>(std::move(socket));
    ask_proxy();
  }

  void ask_proxy() {
    head_.clear();
    request_ = make_connect_request(target_.host, target_.port, authorization_);
    asio::async_write(*proxy_socket_, asio::buffer(request_), [self = shared_from_this()](error_code error, std::size_t) {
      if (!self->done_) return;
      if (error) return self->proxy_gone(error);
      self->read_proxy();
    });
  }
  void read_proxy() {
    proxy_socket_->async_read_some(asio::buffer(piece_), [self = shared_from_this()](error_code error, std::size_t bytes) {
      if (!self->done_) return;
      if (error) return self->proxy_gone(error);
      self->head_.insert(self->head_.end(), self->piece_.begin(), self->piece_.begin() + static_cast<long>(bytes));
      self->judge();
    });
  }
  void proxy_gone(error_code error) {
    fail_with({ErrorKind::Environment, "net/proxy", what() + " closed the connection: " + error.message()});
  }

  void judge() {
    auto parsed = parse_proxy_answer(head_);
    if (!parsed) {
      Error error = parsed.error();
      error.detail = what() + " does not answer like an HTTP proxy: " + error.detail;
      return fail_with(std::move(error));
    }
    if (!*parsed) return read_proxy();
    const ProxyAnswer& answer = **parsed;
    if (answer.status >= 100 && answer.status < 200) {  // RFC 9110 15.2: interim answers may come first
      head_.erase(head_.begin(), head_.begin() + static_cast<long>(answer.head_bytes));
      if (++interim_ > 8) return fail_with({ErrorKind::PeerFault, "net/proxy: interim", what() + " never comes to the point"});
      return head_.empty() ? read_proxy() : judge();
    }
    if (answer.status >= 200 && answer.status < 300) {
      // Nobody speaks in the tunnel before the client's first TLS byte.
      if (head_.size() != answer.head_bytes)
        return fail_with({ErrorKind::PeerFault, "net/proxy: early bytes", what() + " sent bytes of its own into the tunnel"});
      return succeed(*proxy_socket_);
    }
    if (answer.status == 407) return answer_challenge(answer);
    fail_with({ErrorKind::Refused, "net/proxy",
               what() + " refused the way to " + named(target_.host, target_.port) + ": " + std::to_string(answer.status) +
                   " " + answer.reason});
  }

  void answer_challenge(const ProxyAnswer& answer) {
    const ProxyChallenge* challenge = choose_challenge(answer);
    if (challenge == nullptr)
      return fail_with({ErrorKind::Refused, "net/proxy",
                        what() + (answer.other_challenge ? " asks for a sign-in that Beside does not speak (only Basic and Digest)"
                                                         : " asks for a sign-in without saying which")});
    if (target_.proxy->user.empty())
      return fail_with({ErrorKind::Refused, "net/proxy", what() + " asks for a user name and password"});
    if ((!authorization_.empty() && !challenge->stale) || ++rounds_ >= kProxyRounds)
      return fail_with({ErrorKind::Refused, "net/proxy", what() + " does not accept the user name or password"});
    const auto random = crypto::random_array<16>();
    authorization_ = proxy_authorization(*target_.proxy, *challenge, named(target_.host, target_.port), to_hex(random), 1);
    // A fresh connection: whether the old one can be used again depends on a body that nobody needs to read.
    proxy_socket_.reset();
    look_up();
  }

  void succeed(tcp::socket& socket) {
    error_code error;
    socket.non_blocking(true, error);
    const int fd = socket.release(error);
    if (error) return fail_with({ErrorKind::Environment, "net/connect", error.message()});
    settle(Result<int>(fd));
  }
  void fail_with(Error error) { settle(tl::unexpected<Error>(std::move(error))); }
  void settle(Result<int> result) {
    const auto done = std::exchange(done_, {});
    end();
    if (done) done(std::move(result));
  }
  void end() {
    const auto keep = shared_from_this();
    stagger_.cancel();
    deadline_.cancel();
    resolver_.cancel();
    close_all();
    if (proxy_socket_) {
      error_code ignored;
      proxy_socket_->close(ignored);
    }
  }
  // The nodes stay: handlers under way hold iterators to them.
  void close_all() {
    ++round_;
    under_way_ = 0;
    error_code ignored;
    for (auto& socket : trying_) socket.close(ignored);
  }

  Loop& loop_;
  DialTarget target_;
  Dialer::Done done_;
  tcp::resolver resolver_;
  Timer stagger_, deadline_;
  std::list<tcp::endpoint> waiting_, all_;
  std::size_t under_way_ = 0;   // of those in trying_, of this round
  std::uint64_t round_ = 0;     // handlers of an earlier one have nothing to say any more
  std::list<tcp::socket> trying_;
  std::unique_ptr<tcp::socket> proxy_socket_;
  std::string request_, authorization_;
  std::array<std::uint8_t, 2048> piece_{};
  Bytes head_;
  error_code last_error_;
  int rounds_ = 0, interim_ = 0;
};

class DialerImpl final : public Dialer {
 public:
  explicit DialerImpl(std::shared_ptr<Dial> dial) : dial_(std::move(dial)) {}
  ~DialerImpl() override { dial_->abandon(); }

 private:
  std::shared_ptr<Dial> dial_;
};

}  // namespace

std::unique_ptr<Dialer> Dialer::start(Loop& loop, DialTarget target, Done done) {
  auto dial = std::make_shared<Dial>(loop, std::move(target), std::move(done));
  dial->start();
  return std::make_unique<DialerImpl>(std::move(dial));
}

}  // namespace beside::net
