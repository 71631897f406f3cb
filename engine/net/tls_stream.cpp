// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <climits>

namespace beside::net {
namespace {

namespace asio = boost::asio;

// A BIO on the stream's descriptor. OpenSSL's own calls write(), which raises SIGPIPE when the peer has gone.
TlsStream::Socket* socket_of(BIO* bio) { return static_cast<TlsStream::Socket*>(BIO_get_data(bio)); }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int read_bio(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(socket_of(bio)->native_handle(), data, static_cast<std::size_t>(size), 0);
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}
int write_bio(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t put = ::send(socket_of(bio)->native_handle(), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (put < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(put);
}
long control_bio(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "beside socket");
    BIO_meth_set_read(m, read_bio);
    BIO_meth_set_write(m, write_bio);
    BIO_meth_set_ctrl(m, control_bio);
    return m;
  }();
  return made;
}

}  // namespace

TlsStream::TlsStream(Socket socket, SSL* ssl) : socket_(std::move(socket)), ssl_(ssl) {
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, &socket_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

TlsStream::~TlsStream() = default;

TlsStream::Want TlsStream::step(Act act, void* data, std::size_t size, ErrorCode& error, std::size_t& done) {
  SSL* ssl = ssl_.get();
  ERR_clear_error();
  errno = 0;
  const int length = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
  int result = 0;
  switch (act) {
    case Act::Handshake: result = SSL_do_handshake(ssl); break;
    case Act::Read: result = SSL_read(ssl, data, length); break;
    case Act::Write: result = SSL_write(ssl, data, length); break;
    case Act::Shutdown:
      result = SSL_shutdown(ssl);
      if (result == 0) result = SSL_shutdown(ssl);  // ours is out; now the peer's
      break;
  }
  const int system = errno;
  if (result > 0) {
    if (act == Act::Read || act == Act::Write) done = static_cast<std::size_t>(result);
    return Want::Nothing;
  }
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: return Want::Readable;
    case SSL_ERROR_WANT_WRITE: return Want::Writable;
    case SSL_ERROR_ZERO_RETURN: error = asio::error::eof; return Want::Nothing;
    case SSL_ERROR_SYSCALL:
      error = system != 0 ? ErrorCode(system, boost::system::system_category()) : ErrorCode(asio::ssl::error::stream_truncated);
      return Want::Nothing;
    default: break;
  }
  const unsigned long code = ERR_get_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) error = asio::ssl::error::stream_truncated;
  else error = ErrorCode(static_cast<int>(code), asio::error::get_ssl_category());
  return Want::Nothing;
}

void teardown(boost::beast::role_type, TlsStream& stream, boost::system::error_code& error) {
  SSL_shutdown(stream.native_handle());
  stream.next_layer().shutdown(boost::asio::socket_base::shutdown_both, error);
}

}  // namespace beside::net
