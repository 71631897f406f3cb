// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/net/net_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace beside::net {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}
int connect_local(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) return fd;
  ::close(fd);
  return -1;
}
SSL* tls(void* ssl) { return static_cast<SSL*>(ssl); }

std::string hash(bool sha, const std::string& text) {
  std::array<unsigned char, 64> out{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), out.data(), &length, sha ? EVP_sha256() : EVP_md5(), nullptr);
  return to_hex(ByteSpan(out.data(), length));
}
std::string field(const std::string& head, const std::string& name) {
  std::size_t at = head.find(name + "=");
  if (at == std::string::npos) return {};
  at += name.size() + 1;
  const bool quoted = head[at] == '"';
  if (quoted) ++at;
  return head.substr(at, head.find_first_of(quoted ? "\"" : ",\r", at) - at);
}

}  // namespace

const TlsIdentity& test_identity() {
  static const TlsIdentity identity = TlsIdentity::create_self_signed("127.0.0.1", unix_now_ms()).value();
  return identity;
}
RelayRoute local_route(std::uint16_t port, std::optional<SpkiPin> pin) {
  RelayRoute route;
  route.address.host = "127.0.0.1";
  route.address.port = port;
  route.address.pin = pin;
  route.use_environment_proxy = false;
  return route;
}
WsServer::Config local_server(std::uint16_t port) {
  WsServer::Config config;
  config.bind_address = "127.0.0.1";
  config.port = port;
  return config;
}

RawClient::RawClient(std::uint16_t port) : fd_(connect_local(port)) {
  const timeval patience{8, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL's own socket BIO writes without MSG_NOSIGNAL
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  context_ = context;
  ssl_ = SSL_new(context);
  SSL_set_fd(tls(ssl_), fd_);
}
RawClient::~RawClient() {
  SSL_shutdown(tls(ssl_));
  SSL_free(tls(ssl_));
  SSL_CTX_free(static_cast<SSL_CTX*>(context_));
  if (fd_ >= 0) ::close(fd_);
}
bool RawClient::secure() { return SSL_connect(tls(ssl_)) == 1; }
std::string RawClient::request(const std::string& text) {
  write(text);
  std::string out;
  while (out.find("\r\n\r\n") == std::string::npos) {
    const std::string more = read();
    if (more.empty()) break;
    out += more;
  }
  return out;
}
std::string RawClient::upgrade(const std::string& path) {
  return request("GET " + path +
                 " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
}
void RawClient::write(const std::string& bytes) { SSL_write(tls(ssl_), bytes.data(), static_cast<int>(bytes.size())); }
std::string RawClient::read() {
  std::array<char, 4096> piece{};
  const int got = SSL_read(tls(ssl_), piece.data(), static_cast<int>(piece.size()));
  return got > 0 ? std::string(piece.data(), static_cast<std::size_t>(got)) : std::string();
}

TestProxy::TestProxy(ProxyMode mode, std::uint16_t target) : mode_(mode), target_(target) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t length = sizeof at;
  ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at);
  ::listen(listener_, 8);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length);
  port_ = ntohs(at.sin_port);
  acceptor_ = std::thread([this] {
    while (!stop_) {
      pollfd one{listener_, POLLIN, 0};
      if (::poll(&one, 1, 20) <= 0) continue;
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd >= 0) workers_.emplace_back([this, fd] { serve(fd); });
    }
  });
}
TestProxy::~TestProxy() {
  stop_ = true;
  acceptor_.join();
  for (auto& worker : workers_) worker.join();
  ::close(listener_);
}
ProxySetting TestProxy::setting(const std::string& password) const { return {"127.0.0.1", port_, "kim", password}; }

std::string TestProxy::answer(const std::string& head) {
  const std::string go = "HTTP/1.1 200 Connection established\r\n\r\n";
  const bool sha = mode_ == ProxyMode::DigestSha256;
  if (mode_ == ProxyMode::Open) return go;
  if (mode_ == ProxyMode::Nonsense) return "SSH-2.0-OpenSSH_9.2\r\n";
  if (mode_ == ProxyMode::Silent || mode_ == ProxyMode::Closes) return {};
  if (mode_ == ProxyMode::EarlyBytes) return go + "hello from the proxy";
  if (mode_ == ProxyMode::Endless) return "HTTP/1.1 200 " + std::string(kProxyHeadLimit + 1, 'x');
  if (mode_ == ProxyMode::Garbage) return go;
  if (mode_ == ProxyMode::Interim) {
    std::string out;
    for (int i = 0; i < 20; ++i) out += "HTTP/1.1 100 Continue\r\n\r\n";
    return out;
  }
  if (mode_ == ProxyMode::Forbid) return "HTTP/1.1 403 Not from here\r\n\r\n";
  if (mode_ == ProxyMode::Basic) {
    // "kim:pa:ss"
    if (head.find("Proxy-Authorization: Basic a2ltOnBhOnNz\r\n") != std::string::npos) return go;
    return "HTTP/1.1 407 Who\r\nProxy-Authenticate: Negotiate, Basic realm=\"test\"\r\n\r\n";
  }
  const std::string target = head.substr(8, head.find(' ', 8) - 8);
  const std::string a1 = hash(sha, "kim:test:pa:ss"), a2 = hash(sha, "CONNECT:" + target);
  const std::string expected =
      hash(sha, a1 + ":n0nce:" + field(head, "nc") + ":" + field(head, "cnonce") + ":auth:" + a2);
  if (field(head, "response") == expected && field(head, "uri") == target) return go;
  return std::string("HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"test\", nonce=\"n0nce\", qop=\"auth\", algorithm=") +
         (sha ? "SHA-256" : "MD5") + "\r\n\r\n";
}

void TestProxy::serve(int fd) {
  std::string head;
  std::array<char, 8192> piece{};
  std::array<pollfd, 2> both{pollfd{fd, POLLIN, 0}, pollfd{-1, POLLIN, 0}};
  int out = -1;
  bool asked = false;
  while (!stop_) {
    if (::poll(both.data(), 2, 20) <= 0) continue;
    bool ended = false;
    for (std::size_t i = 0; i < 2; ++i) {
      if (both[i].fd < 0 || both[i].revents == 0) continue;
      const ssize_t got = ::recv(both[i].fd, piece.data(), piece.size(), 0);
      if (got <= 0) {
        ended = true;
        continue;
      }
      if (out >= 0) {
        ::send(i == 0 ? out : fd, piece.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
        continue;
      }
      head.append(piece.data(), static_cast<std::size_t>(got));
      if (asked && mode_ == ProxyMode::Garbage) ::send(fd, "220 mail.example ESMTP\r\n", 24, MSG_NOSIGNAL);
      if (asked || head.find("\r\n\r\n") == std::string::npos) continue;
      asked = true;
      const std::string reply = answer(head);
      ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
      if (mode_ == ProxyMode::Closes) ended = true;
      if (mode_ == ProxyMode::Garbage) continue;
      if (reply.rfind("HTTP/1.1 200", 0) != 0) continue;
      out = connect_local(target_);
      both[1].fd = out;
      ++tunnels_;
    }
    if (ended) break;
  }
  ::close(fd);
  if (out >= 0) ::close(out);
}

}  // namespace beside::net
