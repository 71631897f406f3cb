// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/http_text_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <array>
#include <string_view>
#include <utility>

namespace beside::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kHeadLimit = 4096;
constexpr auto kPatience = 5s;
constexpr int kMostAtOnce = 16;

struct Shared {
  std::function<std::string()> text;
  int busy = 0;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Loop& loop, tcp::socket socket, std::shared_ptr<Shared> shared)
      : socket_(std::move(socket)), shared_(std::move(shared)), patience_(loop) {
    ++shared_->busy;
  }
  ~Exchange() { --shared_->busy; }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  void start() {
    patience_.after(kPatience, [this] {
      error_code ignored;
      socket_.close(ignored);
    });
    read();
  }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(piece_), [self = shared_from_this()](error_code error, std::size_t bytes) {
      if (error) return;
      self->head_.append(self->piece_.data(), bytes);
      if (self->head_.find("\r\n\r\n") != std::string::npos) return self->answer();
      if (self->head_.size() < kHeadLimit) self->read();
    });
  }
  void answer() {
    const std::string_view line = std::string_view(head_).substr(0, head_.find("\r\n"));
    const bool asked = (line.substr(0, 13) == "GET /metrics " || line.substr(0, 13) == "GET /metrics?") && shared_->text;
    const std::string body = asked ? shared_->text() : "only GET /metrics is here\n";
    reply_ = std::string("HTTP/1.1 ") + (asked ? "200 OK" : "404 Not Found") +
             "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nConnection: close\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body;
    asio::async_write(socket_, asio::buffer(reply_), [self = shared_from_this()](error_code, std::size_t) {
      error_code ignored;
      self->socket_.shutdown(tcp::socket::shutdown_both, ignored);
    });
  }
  tcp::socket socket_;
  std::shared_ptr<Shared> shared_;
  Timer patience_;
  std::array<char, 1024> piece_{};
  std::string head_, reply_;
};

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(Loop& loop, std::function<std::string()> text)
      : loop_(loop), acceptor_(loop.context()), shared_(std::make_shared<Shared>()) {
    shared_->text = std::move(text);
  }
  error_code open(std::uint16_t port) {
    error_code error;
    const tcp::endpoint at(asio::ip::address_v4::loopback(), port);
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(16, error);
    return error;
  }
  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      if (!self->acceptor_.is_open() || error == asio::error::operation_aborted) return;
      if (!error && self->shared_->busy < kMostAtOnce)
        std::make_shared<Exchange>(self->loop_, std::move(socket), self->shared_)->start();
      self->accept();
    });
  }
  void close() {
    error_code ignored;
    acceptor_.close(ignored);
    shared_->text = {};
  }
  std::uint16_t port() const {
    error_code error;
    return acceptor_.local_endpoint(error).port();
  }

 private:
  Loop& loop_;
  tcp::acceptor acceptor_;
  std::shared_ptr<Shared> shared_;
};

class Server final : public HttpTextServer {
 public:
  explicit Server(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
  ~Server() override { listener_->close(); }
  std::uint16_t port() const override { return listener_->port(); }

 private:
  std::shared_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<HttpTextServer>> HttpTextServer::create(Loop& loop, std::uint16_t port, std::function<std::string()> text) {
  auto listener = std::make_shared<Listener>(loop, std::move(text));
  if (const error_code error = listener->open(port); error)
    return fail(ErrorKind::Environment, "net/metrics", "127.0.0.1:" + std::to_string(port) + ": " + error.message());
  listener->accept();
  return std::unique_ptr<HttpTextServer>(std::make_unique<Server>(std::move(listener)));
}

}  // namespace beside::net
