// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/websocket_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "engine/base/log.h"
#include "engine/net/socket_address.h"

namespace beside::net {

const char* to_string(CloseKind kind) {
  switch (kind) {
    case CloseKind::Local: return "local";
    case CloseKind::PeerClosed: return "peer_closed";
    case CloseKind::Network: return "network";
    case CloseKind::Tls: return "tls";
    case CloseKind::Untrusted: return "untrusted";
    case CloseKind::Timeout: return "timeout";
    case CloseKind::NotWebSocket: return "not_websocket";
    case CloseKind::WrongPath: return "wrong_path";
    case CloseKind::TextFrame: return "text_frame";
    case CloseKind::Oversized: return "oversized";
    case CloseKind::SlowReader: return "slow_reader";
    case CloseKind::TooMany: return "too_many";
    case CloseKind::NoDescriptors: return "no_descriptors";
    case CloseKind::Protocol: return "protocol";
    case CloseKind::kCount: break;
  }
  return "unknown";
}

namespace {

constexpr int kAcceptsPerWake = 64;

PeerAddress peer_of(const SocketAddress& address) {
  const UdpEndpoint endpoint = from_socket_address(address);
  std::string text = dump_endpoint(endpoint);
  text.resize(text.rfind(':'));
  if (!text.empty() && text.front() == '[') text = text.substr(1, text.size() - 2);
  return {text, endpoint.port};
}

class Server final : public WsServer {
 public:
  Server(Loop& loop, Config config, TlsContext tls, int fd, Handlers handlers)
      : loop_(loop), config_(std::move(config)), tls_(std::move(tls)), fd_(fd), handlers_(std::move(handlers)), pause_(loop), spare_(open_spare()) {
    watch();
  }
  ~Server() override {
    stop_accepting();
    for (auto& [id, held] : connections_) held.connection->drop();
    if (spare_ >= 0) ::close(spare_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const override { return fd_ >= 0 ? local_endpoint(fd_).port : 0; }
  bool send(ConnectionId id, Bytes message) override {
    const auto found = connections_.find(id);
    return found != connections_.end() && found->second.connection->send(std::move(message));
  }
  bool send_datagram(ConnectionId id, ByteSpan message) override {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return false;
    const bool taken = found->second.connection->send_datagram(message);
    if (!taken) ++counters_.datagrams_dropped;
    return taken;
  }
  void close(ConnectionId id, std::uint16_t code, const std::string& reason) override {
    if (const auto found = connections_.find(id); found != connections_.end()) found->second.connection->close(code, reason);
  }
  void stop_accepting() override {
    pause_.cancel();
    watch_.reset();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  std::size_t connection_count() const override { return connections_.size(); }
  Counters counters() const override { return counters_; }

 private:
  struct Held {
    std::shared_ptr<WebSocketConnection> connection;
    PeerAddress peer;
    bool open = false;
  };

  void watch() {
    watch_ = watch_fd(loop_, fd_, [this] { accept_some(); });
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsPerWake && fd_ >= 0; ++i) {
      SocketAddress address;
      address.length = sizeof address.storage;
      const int fd = ::accept4(fd_, address.get(), &address.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if ((errno == EMFILE || errno == ENFILE) && refuse_one()) continue;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) rest();
        if (errno == ECONNABORTED || errno == EINTR) continue;
        return;
      }
      ++counters_.accepted;
      if (connections_.size() >= config_.max_connections) {
        ++counters_.closed[static_cast<std::size_t>(CloseKind::TooMany)];
        BS_LOG_LIMITED(Warn, "net", "{} connections are open and no more are taken: {} refused so far", connections_.size(),
                       counters_.closed_as(CloseKind::TooMany));
        ::close(fd);
        continue;
      }
      adopt(fd, peer_of(address));
    }
  }

  static int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
  // Out of descriptors nobody can be taken, not even to be refused: one that is kept for this makes room, so that who calls is told at
  // once by a closed connection and does not wait in the kernel's queue. False: somebody else took it.
  bool refuse_one() {
    if (spare_ < 0) return false;
    ::close(std::exchange(spare_, -1));
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      ++counters_.accepted;
      ++counters_.closed[static_cast<std::size_t>(CloseKind::NoDescriptors)];
      ::close(fd);
    }
    spare_ = open_spare();
    BS_LOG_LIMITED(Warn, "net", "no descriptors left with {} connections open: {} refused so far", connections_.size(),
                   counters_.closed_as(CloseKind::NoDescriptors));
    return fd >= 0;
  }

  // Without the spare the listener stays readable: turning at once would burn a core for nothing.
  void rest() {
    BS_LOG_LIMITED(Warn, "net", "new connections have to wait: {}", std::strerror(errno));
    watch_.reset();
    pause_.after(100ms, [this] {
      if (spare_ < 0) spare_ = open_spare();
      watch();
    });
  }

  void adopt(int fd, PeerAddress peer) {
    const ConnectionId id{next_id_++};
    WebSocketConnection::Handlers handlers;
    handlers.on_open = [this, id](const std::string& path) {
      auto& held = connections_.at(id);
      held.open = true;
      ++counters_.opened;
      if (handlers_.on_open) handlers_.on_open(id, path, PeerAddress(held.peer));
    };
    handlers.on_message = [this, id](ByteSpan message) {
      if (handlers_.on_message) handlers_.on_message(id, message);
    };
    handlers.on_close = [this, id](const CloseReason& reason) { forget(id, reason); };
    connections_[id] = {WebSocketConnection::make_server(loop_, fd, tls_, config_.limits, config_.paths, std::move(handlers)),
                        std::move(peer), false};
  }

  void forget(ConnectionId id, const CloseReason& reason) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    ++counters_.closed[static_cast<std::size_t>(reason.kind)];
    const bool was_open = found->second.open;
    connections_.erase(found);
    if (was_open && handlers_.on_close) handlers_.on_close(id, reason);
  }

  Loop& loop_;
  Config config_;
  TlsContext tls_;
  int fd_;
  Handlers handlers_;
  Timer pause_;
  int spare_ = -1;   // a descriptor that is given up for refuse_one()
  FdWatch watch_;
  std::unordered_map<ConnectionId, Held> connections_;
  std::uint64_t next_id_ = 1;
  Counters counters_;
};

}  // namespace

Result<std::unique_ptr<WsServer>> WsServer::create(Loop& loop, Config config, const TlsIdentity& identity, Handlers handlers) {
  auto tls = TlsContext::make_server(identity);
  if (!tls) return fail(tls);
  int family = AF_INET6;
  const auto fd = open_bound(SOCK_STREAM, config.bind_address, config.port, &family);
  if (!fd) return fail(fd);
  if (::listen(*fd, SOMAXCONN) != 0) {
    const int why = errno;
    ::close(*fd);
    return fail(ErrorKind::Environment, "net/listen", std::strerror(why));
  }
  return std::unique_ptr<WsServer>(std::make_unique<Server>(loop, std::move(config), std::move(*tls), *fd, std::move(handlers)));
}

}  // namespace beside::net
