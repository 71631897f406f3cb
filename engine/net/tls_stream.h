// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <utility>

// For the Beast file only.
namespace beside::net {

// TLS on a TCP socket, with what Beast asks of a stream. asio::ssl::stream keeps 68 kB of buffers for each connection, which is
// twice what a whole idle control connection may cost the relay; this one keeps none: OpenSSL reads and writes the socket itself
// and gives its own record buffers back when they are empty.
// Thread: the loop's. At most one read and one write at a time. Lifetime: as asio's streams; operations hold a reference.
class TlsStream {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
  using executor_type = Socket::executor_type;
  using next_layer_type = Socket;
  using ErrorCode = boost::system::error_code;

  // Takes `ssl` over.
  TlsStream(Socket socket, SSL* ssl);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  Socket& next_layer() { return socket_; }
  const Socket& next_layer() const { return socket_; }
  SSL* native_handle() const { return ssl_.get(); }

  template <typename Handler>
  void async_handshake(boost::asio::ssl::stream_base::handshake_type role, Handler&& handler) {
    role == boost::asio::ssl::stream_base::client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    start(Act::Handshake, boost::asio::mutable_buffer(), std::forward<Handler>(handler));
  }
  template <typename Handler>
  void async_shutdown(Handler&& handler) {
    start(Act::Shutdown, boost::asio::mutable_buffer(), std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    start(Act::Read, buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    start(Act::Write, buffers, std::forward<Handler>(handler));
  }

 private:
  enum class Act { Handshake, Shutdown, Read, Write };
  enum class Want { Nothing, Readable, Writable };
  static constexpr std::size_t kGather = 8192;  // a message's head and body go into one record

  Want step(Act act, void* data, std::size_t size, ErrorCode& error, std::size_t& done);

  template <typename Buffers>
  Want step(Act act, const Buffers& buffers, ErrorCode& error, std::size_t& done) {
    namespace asio = boost::asio;
    if (act == Act::Read) {
      for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers); ++it) {
        const asio::const_buffer one(*it);
        if (one.size() != 0) return step(act, const_cast<void*>(one.data()), one.size(), error, done);
      }
      return Want::Nothing;
    }
    if (act == Act::Write) {
      asio::const_buffer first;
      std::size_t filled = 0;
      for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers); ++it) {
        const asio::const_buffer one(*it);
        if (one.size() == 0) continue;
        if (filled++ == 0) first = one;
      }
      if (filled == 0) return Want::Nothing;
      if (filled == 1 || first.size() >= kGather) return step(act, const_cast<void*>(first.data()), first.size(), error, done);
      std::array<std::uint8_t, kGather> gathered;
      const std::size_t size = asio::buffer_copy(asio::buffer(gathered), buffers);
      return step(act, gathered.data(), size, error, done);
    }
    return step(act, nullptr, 0, error, done);
  }

  template <typename Buffers>
  struct Operation {
    TlsStream& stream;
    Act act;
    Buffers buffers;
    bool started = false, over = false;
    ErrorCode error{};
    std::size_t done = 0;

    template <typename Self>
    void operator()(Self& self, ErrorCode waited = {}, std::size_t = 0) {
      TlsStream& on = stream;
      if (!over) {
        const Want want = waited ? Want::Nothing : on.step(act, buffers, error, done);
        if (waited) error = waited;
        if (want != Want::Nothing) {
          started = true;
          return on.socket_.async_wait(want == Want::Readable ? Socket::wait_read : Socket::wait_write, std::move(self));
        }
        over = true;
        // A handler never runs from within the call that started its operation.
        if (!started) return boost::asio::post(on.get_executor(), std::move(self));
      }
      self.complete(error, done);
    }
  };

  template <typename Buffers, typename Handler>
  void start(Act act, const Buffers& buffers, Handler&& handler) {
    boost::asio::async_compose<Handler, void(ErrorCode, std::size_t)>(Operation<Buffers>{*this, act, buffers}, handler, socket_);
  }

  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Socket socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

// What Beast's WebSocket calls when it ends a connection (RFC 6455 7.1.1).
void teardown(boost::beast::role_type role, TlsStream& stream, boost::system::error_code& error);
template <typename Handler>
void async_teardown(boost::beast::role_type, TlsStream& stream, Handler&& handler) {
  stream.async_shutdown([handler = std::forward<Handler>(handler)](boost::system::error_code error, std::size_t) mutable { handler(error); });
}

}  // namespace beside::net
