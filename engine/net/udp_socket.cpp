// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/udp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "engine/net/socket_address.h"

namespace beside::net {
namespace {

constexpr int kBufferBytes = 1024 * 1024;
constexpr std::size_t kMaxDatagram = 2048;
constexpr std::size_t kBatch = 32;
// So many batches before other things on the loop get their turn; the descriptor is still readable then.
constexpr int kBatchesPerWake = 4;

class Socket final : public UdpSocket {
 public:
  Socket(Loop& loop, int fd, int family, OnDatagram on) : fd_(fd), family_(family), on_(std::move(on)), store_(kBatch * kMaxDatagram) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
    setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
    watch_ = watch_fd(loop, fd_, [this] { receive(); });
  }
  ~Socket() override {
    if (destroyed_ != nullptr) *destroyed_ = true;
    watch_.reset();
    ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  UdpEndpoint local() const override { return local_endpoint(fd_); }
  bool send(ByteSpan data) override { return sent(::send(fd_, data.data(), data.size(), MSG_NOSIGNAL)); }
  bool send_to(const UdpEndpoint& to, ByteSpan data) override {
    const SocketAddress address = to_socket_address(to, family_);
    return sent(::sendto(fd_, data.data(), data.size(), MSG_NOSIGNAL, address.get(), address.length));
  }

  std::size_t send_many(std::span<const Outgoing> datagrams) override {
    std::size_t total = 0;
    while (total < datagrams.size()) {
      const std::size_t count = std::min(kBatch, datagrams.size() - total);
      std::array<mmsghdr, kBatch> headers{};
      std::array<iovec, kBatch> vectors{};
      std::array<SocketAddress, kBatch> addresses{};
      for (std::size_t i = 0; i < count; ++i) {
        const Outgoing& out = datagrams[total + i];
        vectors[i] = {const_cast<std::uint8_t*>(out.data.data()), out.data.size()};
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
        if (connected_) continue;
        addresses[i] = to_socket_address(out.to, family_);
        headers[i].msg_hdr.msg_name = addresses[i].get();
        headers[i].msg_hdr.msg_namelen = addresses[i].length;
      }
      const int taken = ::sendmmsg(fd_, headers.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
      if (taken < 0) {
        sent(-1);
        break;
      }
      counters_.sent += static_cast<std::uint64_t>(taken);
      total += static_cast<std::size_t>(taken);
      if (static_cast<std::size_t>(taken) < count) break;
    }
    return total;
  }
  const Counters& counters() const override { return counters_; }
  void set_connected() { connected_ = true; }

 private:
  bool sent(ssize_t result) {
    if (result >= 0) {
      ++counters_.sent;
      return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) ++counters_.send_would_block;
    else ++counters_.send_errors;
    return false;
  }

  void receive() {
    bool destroyed = false;
    destroyed_ = &destroyed;
    for (int batch = 0; batch < kBatchesPerWake; ++batch) {
      std::array<mmsghdr, kBatch> headers{};
      std::array<iovec, kBatch> vectors{};
      std::array<SocketAddress, kBatch> from{};
      for (std::size_t i = 0; i < kBatch; ++i) {
        vectors[i] = {store_.data() + i * kMaxDatagram, kMaxDatagram};
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
        headers[i].msg_hdr.msg_name = from[i].get();
        headers[i].msg_hdr.msg_namelen = sizeof from[i].storage;
      }
      const int got = ::recvmmsg(fd_, headers.data(), kBatch, MSG_DONTWAIT, nullptr);
      if (got < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
          ++counters_.receive_errors;  // an ICMP answer, as of a port that nobody listens on
          continue;
        }
        break;
      }
      for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
        if ((headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
          ++counters_.truncated;
          continue;
        }
        ++counters_.received;
        on_(ByteSpan(store_.data() + i * kMaxDatagram, headers[i].msg_len), from_socket_address(from[i]));
        if (destroyed) return;
      }
      if (static_cast<std::size_t>(got) < kBatch) break;
    }
    destroyed_ = nullptr;
  }

  int fd_;
  int family_;
  OnDatagram on_;
  Bytes store_;
  FdWatch watch_;
  Counters counters_;
  bool connected_ = false;
  bool* destroyed_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<UdpSocket>> UdpSocket::create_bound(Loop& loop, const std::string& ip, std::uint16_t port, OnDatagram on) {
  int family = AF_INET6;
  const auto fd = open_bound(SOCK_DGRAM, ip, port, &family);
  if (!fd) return fail(fd);
  return std::unique_ptr<UdpSocket>(std::make_unique<Socket>(loop, *fd, family, std::move(on)));
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::create_connected(Loop& loop, const UdpEndpoint& remote, OnDatagram on) {
  const int family = remote.is_v4() ? AF_INET : AF_INET6;
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorKind::Environment, "net/udp: socket", std::strerror(errno));
  const SocketAddress address = to_socket_address(remote, family);
  if (::connect(fd, address.get(), address.length) != 0) {
    const int why = errno;
    ::close(fd);
    return fail(ErrorKind::Environment, "net/udp: connect", std::strerror(why));
  }
  auto made = std::make_unique<Socket>(loop, fd, family, std::move(on));
  made->set_connected();
  return std::unique_ptr<UdpSocket>(std::move(made));
}

}  // namespace beside::net
