// SPDX-License-Identifier: GPL-3.0-or-later
// The one Beast translation unit. Every asynchronous call completes into the same small handler type (Op), so that each
// of Beast's composed operations is instantiated once: this file costs most of a minute, keep it from growing.
#include "engine/net/websocket_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <utility>

#include "engine/net/tls_stream.h"
#include "engine/net/websocket_setup.h"

#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif

namespace beside::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Socket = TlsStream::Socket;
using Tls = TlsStream;
using Ws = websocket::stream<Tls, false>;  // no permessage-deflate: what passes is sealed already

constexpr std::size_t kHeadLimit = 8 * 1024;
constexpr auto kCloseGrace = 2s;
constexpr int kLongestRetransmitMs = 1000;  // the least that the kernel takes

class Connection final : public WebSocketConnection, public std::enable_shared_from_this<Connection> {
 public:
  enum class Step { Handshake, Head, Refused, Shutdown, Opened, Read, Written, Closed };
  struct Op {
    std::shared_ptr<Connection> self;
    Step step;
    void operator()(error_code error, std::size_t bytes = 0) const { self->done(step, error, bytes); }
  };

  Connection(Loop& loop, int fd, SSL* ssl, const Limits& limits, Handlers handlers, bool server)
      : loop_(loop), ws_(Socket(loop.context().get_executor()), ssl), limits_(limits), handlers_(std::move(handlers)),
        guard_(loop), stall_(loop), server_(server) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    error_code error;
    socket().assign(address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd, error);
    if (error) ::close(fd);
    const int on = 1, low_water = 64 * 1024;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // What waits should wait in our queue, where it can be counted and dropped, not in the kernel's.
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, sizeof low_water);
    // After a hole in the line the kernel tries again within a second, not when a doubled timer runs out (Linux 6.15 and later;
    // others refuse the option, and there a new connection is dialled).
    setsockopt(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &kLongestRetransmitMs, sizeof kLongestRetransmitMs);
  }

  void start_server(std::vector<std::string> paths) {
    paths_ = std::move(paths);
    begin(asio::ssl::stream_base::server);
  }
  void start_client(const std::string& host, std::uint16_t port, const std::string& path) {
    const bool v6 = host.find(':') != std::string::npos;
    host_ = (v6 ? "[" + host + "]" : host) + (port == 443 ? "" : ":" + std::to_string(port));
    path_ = path;
    begin(asio::ssl::stream_base::client);
  }

  bool send(Bytes message) override {
    if (!open_ || closing_ || backlog_ + message.size() > limits_.send_backlog_bytes) return false;
    enqueue(std::move(message));
    return true;
  }
  bool send_datagram(ByteSpan message) override {
    if (!open_ || closing_ || backlog_ > limits_.datagram_backlog_bytes) {
      ++dropped_;
      return false;
    }
    enqueue(to_bytes(message));
    return true;
  }
  void close(std::uint16_t code, const std::string& reason) override {
    close_as(CloseKind::Local, code, reason);
  }
  // One of the handlers may be what called: it is destroyed later, when it has returned.
  void forget_handlers() override {
    loop_.post([old = std::exchange(handlers_, {})] {});
  }
  void drop() override {
    forget_handlers();
    finish(CloseKind::Local, "dropped");
  }
  std::size_t backlog_bytes() const override { return backlog_; }
  std::uint64_t datagrams_dropped() const override { return dropped_; }
  std::string tls_version() const override { return secured_ ? SSL_get_version(native()) : ""; }

 private:
  Tls& tls() { return ws_.next_layer(); }
  Socket& socket() { return ws_.next_layer().next_layer(); }
  SSL* native() const { return const_cast<Ws&>(ws_).next_layer().native_handle(); }
  Op op(Step step) { return Op{shared_from_this(), step}; }

  void begin(asio::ssl::stream_base::handshake_type role) {
    guard_.after(limits_.handshake_timeout, [this] { finish(CloseKind::Timeout, "the handshake took too long"); });
    tls().async_handshake(role, op(Step::Handshake));
  }

  void done(Step step, error_code error, std::size_t bytes) {
    if (finished_) return;
    switch (step) {
      case Step::Handshake: return on_handshake(error);
      case Step::Head: return on_head(error, bytes);
      case Step::Refused:
        guard_.after(kCloseGrace, [this] { finish_refusal(); });
        return error ? finish_refusal() : tls().async_shutdown(op(Step::Shutdown));
      case Step::Shutdown: return finish_refusal();
      case Step::Opened: return on_opened(error);
      case Step::Read: return on_read(error);
      case Step::Written: return on_written(error);
      case Step::Closed: return finish(close_kind_, close_text_);
    }
  }

  void on_handshake(error_code error) {
    if (error) {
      const long verdict = SSL_get_verify_result(native());
      if (!server_ && verdict != X509_V_OK) return finish(CloseKind::Untrusted, X509_verify_cert_error_string(verdict));
      return finish(error.category() == asio::error::get_ssl_category() ? CloseKind::Tls : CloseKind::Network,
                    error.message());
    }
    secured_ = true;
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = limits_.handshake_timeout;
    timeout.idle_timeout = limits_.idle_timeout;
    timeout.keep_alive_pings = true;
    ws_.set_option(timeout);
    // Ours is the limit (on_read): after Beast's own, a peer that resets the connection hides the reason.
    ws_.read_message_max(0);
    ws_.auto_fragment(false);
    ws_.binary(true);
    if (server_) return read_head();
    ws_.async_handshake(answer_, host_, path_, op(Step::Opened));
  }

  void read_head() { tls().async_read_some(head_.prepare(2048), op(Step::Head)); }

  void on_head(error_code error, std::size_t bytes) {
    if (error) return finish(CloseKind::Network, error.message());
    head_.commit(bytes);
    parser_.header_limit(kHeadLimit);
    parser_.eager(false);
    error_code bad;
    head_.consume(parser_.put(head_.data(), bad));
    if (bad == http::error::need_more && head_.size() < kHeadLimit) return read_head();
    if (bad) return refuse(CloseKind::NotWebSocket, "400 Bad Request", "not HTTP");
    const auto& request = parser_.get();
    const std::string target(request.target());
    const bool known = std::find(paths_.begin(), paths_.end(), target) != paths_.end();
    if (!known) return refuse(CloseKind::WrongPath, "404 Not Found", "a path that is not served");
    if (!websocket::is_upgrade(request))
      return refuse(CloseKind::NotWebSocket, "426 Upgrade Required\r\nUpgrade: websocket", "not a WebSocket handshake");
    // RFC 6455 4.1: a client sends nothing before it has the answer, so bytes that follow the head are a fault.
    if (head_.size() != 0) return refuse(CloseKind::NotWebSocket, "400 Bad Request", "bytes after the handshake");
    path_ = target;
    ws_.async_accept(request, op(Step::Opened));
  }

  void refuse(CloseKind kind, const std::string& status, const std::string& why) {
    close_kind_ = kind;
    close_text_ = why;
    refusal_ = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    asio::async_write(tls(), asio::buffer(refusal_), op(Step::Refused));
  }
  void finish_refusal() { finish(close_kind_, close_text_); }

  void on_opened(error_code error) {
    if (error == websocket::error::upgrade_declined)
      return finish(CloseKind::NotWebSocket, "HTTP " + std::to_string(answer_.result_int()));
    if (error) return finish(kind_of(error, CloseKind::NotWebSocket), error.message());
    guard_.cancel();
    open_ = true;
    parser_.release();
    if (handlers_.on_open) handlers_.on_open(path_);
    if (!finished_) read_more();
  }

  void on_read(error_code error) {
    if (error == websocket::error::closed) {
      if (closing_) return finish(close_kind_, close_text_);
      const auto& reason = ws_.reason();
      return finish(CloseKind::PeerClosed, std::to_string(reason.code) + " " + std::string(reason.reason.data(), reason.reason.size()));
    }
    if (error) {
      if (closing_) return finish(close_kind_, close_text_);
      return finish(kind_of(error, CloseKind::Network), error.message());
    }
    if (closing_) {
      inbox_.consume(inbox_.size());
    } else if (!ws_.got_binary()) {
      close_as(CloseKind::TextFrame, 1003, "binary messages only");
    } else if (inbox_.size() > limits_.max_message_bytes) {
      close_as(CloseKind::Oversized, 1009, "the message is too long");
    } else if (ws_.is_message_done()) {
      const auto data = inbox_.cdata();
      if (handlers_.on_message) handlers_.on_message({static_cast<const std::uint8_t*>(data.data()), data.size()});
      inbox_.consume(inbox_.size());
    }
    if (!finished_) read_more();
  }
  // At most one byte past the limit is ever held.
  void read_more() {
    const std::size_t room = limits_.max_message_bytes + 1 - std::min(inbox_.size(), limits_.max_message_bytes);
    ws_.async_read_some(inbox_, room, op(Step::Read));
  }

  static CloseKind kind_of(error_code error, CloseKind otherwise) {
    if (error == beast::error::timeout) return CloseKind::Timeout;
    if (error == websocket::condition::protocol_violation) return CloseKind::Protocol;
    if (error == asio::error::eof || error == asio::error::connection_reset || error == asio::ssl::error::stream_truncated)
      return CloseKind::Network;
    if (error.category() == asio::error::get_ssl_category()) return CloseKind::Tls;
    return otherwise;
  }

  void enqueue(Bytes message) {
    backlog_ += message.size();
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) write_next();
  }
  void write_next() {
    ++writes_;
    if (!stall_.armed()) watch_stall();
    ws_.async_write(asio::buffer(queue_.front()), op(Step::Written));
  }
  // One timer for many writes: it looks whether the write that it saw is still the one under way.
  void watch_stall() {
    stall_.after(limits_.write_stall, [this, seen = writes_] {
      if (queue_.empty()) return;
      if (seen == writes_) return finish(CloseKind::SlowReader, "the peer does not read");
      watch_stall();
    });
  }
  void on_written(error_code error) {
    if (error) {
      if (closing_) return finish(close_kind_, close_text_);
      // The read that is under way says better why; a write alone fails when the peer has gone.
      return finish(kind_of(error, CloseKind::Network), error.message());
    }
    backlog_ -= queue_.front().size();
    queue_.pop_front();
    if (!queue_.empty()) return write_next();
    if (closing_) send_close();
  }

  void close_as(CloseKind kind, std::uint16_t code, const std::string& reason) {
    if (finished_ || closing_) return;
    closing_ = true;
    close_kind_ = kind;
    close_code_ = code;
    close_text_ = reason;
    guard_.after(kCloseGrace, [this] { finish(close_kind_, close_text_); });
    if (!open_) return guard_.after(0ns, [this] { finish(close_kind_, close_text_); });
    if (queue_.empty()) send_close();
  }
  void send_close() {
    const std::string_view text = std::string_view(close_text_).substr(0, 120);
    ws_.async_close(websocket::close_reason(static_cast<websocket::close_code>(close_code_),
                                            beast::string_view(text.data(), text.size())),
                    op(Step::Closed));
  }

  void finish(CloseKind kind, const std::string& text) {
    if (finished_) return;
    finished_ = true;
    open_ = false;
    const auto keep = shared_from_this();
    const CloseReason reason{kind, text};
    guard_.cancel();
    stall_.cancel();
    error_code ignored;
    socket().close(ignored);
    const Handlers handlers = std::exchange(handlers_, {});
    if (handlers.on_close) handlers.on_close(reason);
  }

  Loop& loop_;
  Ws ws_;
  Limits limits_;
  Handlers handlers_;
  Timer guard_;  // handshake, later the closing handshake
  Timer stall_;
  const bool server_;
  bool secured_ = false, open_ = false, closing_ = false, finished_ = false;
  CloseKind close_kind_ = CloseKind::Local;
  std::uint16_t close_code_ = 1000;
  std::string close_text_, refusal_, host_, path_;
  std::vector<std::string> paths_;
  beast::flat_buffer head_, inbox_;
  http::request_parser<http::empty_body> parser_;
  websocket::response_type answer_;
  std::deque<Bytes> queue_;
  std::size_t backlog_ = 0;
  std::uint64_t writes_ = 0, dropped_ = 0;
};

}  // namespace

std::shared_ptr<WebSocketConnection> WebSocketConnection::make_server(Loop& loop, int fd, const TlsContext& tls,
                                                                      const Limits& limits, std::vector<std::string> paths,
                                                                      Handlers handlers) {
  auto made = std::make_shared<Connection>(loop, fd, new_ssl(tls), limits, std::move(handlers), true);
  made->start_server(std::move(paths));
  return made;
}

std::shared_ptr<WebSocketConnection> WebSocketConnection::make_client(Loop& loop, int fd, const TlsContext& tls,
                                                                      const Limits& limits, const std::string& host,
                                                                      std::uint16_t port, const std::string& path,
                                                                      Handlers handlers) {
  SSL* ssl = new_ssl(tls);
  expect_server_name(ssl, host);
  auto made = std::make_shared<Connection>(loop, fd, ssl, limits, std::move(handlers), false);
  made->start_client(host, port, path);
  return made;
}

}  // namespace beside::net
