// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/udp_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include "engine/net/socket_address.h"

namespace beside::net {
namespace {

constexpr int kBufferBytes = 1024 * 1024;
constexpr std::size_t kMaxDatagram = 2048;
constexpr int kHeaders4 = 20 + 8, kHeaders6 = 40 + 8;   // IP without options or extensions, and UDP
constexpr std::size_t kBatch = 32;                 // messages in one sendmmsg
constexpr std::size_t kReceiveBatch = 8, kSuperPacket = 65'536;  // with UDP_GRO one message holds many datagrams
constexpr std::size_t kMostSegments = 64, kMostSegmentedBytes = 65'000;
// So many batches before other things on the loop get their turn; the descriptor is still readable then.
constexpr int kBatchesPerWake = 4;
constexpr nanoseconds kMostWait = 5s;              // in the kernel's buffer; longer: the clock was set

class Socket final : public UdpSocket {
 public:
  Socket(Loop& loop, int fd, int family, OnDatagram on)
      : fd_(fd), family_(family), on_(std::move(on)),
        store_(std::make_unique_for_overwrite<std::uint8_t[]>(kReceiveBatch * kSuperPacket)) {
    const int yes = 1;
    setsockopt(fd_, IPPROTO_UDP, UDP_GRO, &yes, sizeof yes);  // without it each datagram comes alone
    setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);  // without it a datagram arrives when it is read
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

  // Equal datagrams to one receiver in a row, the last perhaps shorter, leave as one super-packet: the relay then forwards it
  // whole, for a fifth of what each alone would cost it.
  std::size_t send_many(std::span<const Outgoing> datagrams) override {
    std::size_t total = 0;
    while (total < datagrams.size()) {
      std::array<mmsghdr, kBatch> headers{};
      std::array<iovec, kBatch * 2> vectors;
      std::array<SocketAddress, kBatch> addresses{};
      std::array<SegmentControl, kBatch> controls{};
      std::array<std::size_t, kBatch> counts{};
      std::size_t messages = 0, used = 0, at = total;
      while (at < datagrams.size() && messages < kBatch && used < vectors.size()) {
        const std::size_t many = run_of(datagrams.subspan(at), vectors.size() - used);
        msghdr& header = headers[messages].msg_hdr;
        header.msg_iov = &vectors[used];
        header.msg_iovlen = many;
        for (std::size_t i = 0; i < many; ++i) {
          const ByteSpan data = datagrams[at + i].data;
          vectors[used++] = {const_cast<std::uint8_t*>(data.data()), data.size()};
        }
        if (!connected_) {
          addresses[messages] = to_socket_address(datagrams[at].to, family_);
          header.msg_name = addresses[messages].get();
          header.msg_namelen = addresses[messages].length;
        }
        if (many > 1) {
          const auto segment = static_cast<std::uint16_t>(datagrams[at].data.size());
          header.msg_control = controls[messages].bytes.data();
          header.msg_controllen = controls[messages].bytes.size();
          cmsghdr* c = CMSG_FIRSTHDR(&header);
          c->cmsg_level = IPPROTO_UDP;
          c->cmsg_type = UDP_SEGMENT;
          c->cmsg_len = CMSG_LEN(sizeof segment);
          std::memcpy(CMSG_DATA(c), &segment, sizeof segment);
        }
        counts[messages++] = many;
        at += many;
      }
      const int taken = ::sendmmsg(fd_, headers.data(), static_cast<unsigned>(messages), MSG_NOSIGNAL);
      if (taken < 0) {
        // This interface or path cannot cut them apart: from now on each goes alone.
        if (gso_ && counts[0] > 1 && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOPROTOOPT || errno == EMSGSIZE)) {
          gso_ = false;
          continue;
        }
        sent(-1);
        break;
      }
      for (std::size_t i = 0; i < static_cast<std::size_t>(taken); ++i) {
        counters_.sent += counts[i];
        total += counts[i];
      }
      if (static_cast<std::size_t>(taken) < messages) break;
    }
    return total;
  }
  std::size_t largest() const override {
    int mtu = 0;
    socklen_t length = sizeof mtu;
    const bool v4 = family_ == AF_INET;
    if (::getsockopt(fd_, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu, &length) != 0) return 0;
    return static_cast<std::size_t>(std::max(0, mtu - (v4 ? kHeaders4 : kHeaders6)));
  }
  const Counters& counters() const override { return counters_; }
  LocalTime arrived() const override { return arrived_; }
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

  union SegmentControl {
    std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
    cmsghdr align;
  };
  union ReceiveControl {
    cmsghdr align;
    std::array<std::uint8_t, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec))> bytes;
  };
  // The kernel's stamp is of the clock that people set; how long ago it was is all that counts.
  static LocalTime arrival(const timespec& stamp) {
    timespec real{};
    (void)::clock_gettime(CLOCK_REALTIME, &real);
    const nanoseconds ago = std::chrono::seconds(real.tv_sec - stamp.tv_sec) + nanoseconds(real.tv_nsec - stamp.tv_nsec);
    const LocalTime now = local_now();
    return ago > 0ns && ago < kMostWait ? now - ago : now;
  }

  // How many from the front may go as one super-packet.
  std::size_t run_of(std::span<const Outgoing> datagrams, std::size_t room) const {
    const std::size_t segment = datagrams[0].data.size(), most = std::min({datagrams.size(), room, kMostSegments});
    std::size_t many = 1, bytes = segment;
    if (!gso_ || segment == 0) return 1;
    while (many < most) {
      const Outgoing& next = datagrams[many];
      if (next.data.empty() || next.data.size() > segment || bytes + next.data.size() > kMostSegmentedBytes) break;
      if (!connected_ && next.to != datagrams[0].to) break;
      bytes += next.data.size();
      ++many;
      if (next.data.size() < segment) break;
    }
    return many;
  }

  void receive() {
    bool destroyed = false;
    destroyed_ = &destroyed;
    for (int batch = 0; batch < kBatchesPerWake; ++batch) {
      std::array<mmsghdr, kReceiveBatch> headers{};
      std::array<iovec, kReceiveBatch> vectors{};
      std::array<SocketAddress, kReceiveBatch> from{};
      std::array<ReceiveControl, kReceiveBatch> controls;
      for (std::size_t i = 0; i < kReceiveBatch; ++i) {
        msghdr& header = headers[i].msg_hdr;
        vectors[i] = {store_.get() + i * kSuperPacket, kSuperPacket};
        header.msg_iov = &vectors[i];
        header.msg_iovlen = 1;
        header.msg_name = from[i].get();
        header.msg_namelen = sizeof from[i].storage;
        header.msg_control = controls[i].bytes.data();
        header.msg_controllen = controls[i].bytes.size();
      }
      const int got = ::recvmmsg(fd_, headers.data(), kReceiveBatch, MSG_DONTWAIT, nullptr);
      if (got < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
          ++counters_.receive_errors;  // an ICMP answer, as of a port that nobody listens on
          continue;
        }
        break;
      }
      for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
        ByteSpan rest(store_.get() + i * kSuperPacket, headers[i].msg_len);
        std::size_t segment = rest.size();
        arrived_ = local_now();
        for (cmsghdr* c = CMSG_FIRSTHDR(&headers[i].msg_hdr); c != nullptr; c = CMSG_NXTHDR(&headers[i].msg_hdr, c)) {
          if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            timespec stamp{};
            std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            arrived_ = arrival(stamp);
            continue;
          }
          if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO) continue;
          int value = 0;
          std::memcpy(&value, CMSG_DATA(c), sizeof value);
          if (value > 0) segment = static_cast<std::size_t>(value);
        }
        const UdpEndpoint sender = from_socket_address(from[i]);
        do {
          const ByteSpan one = rest.first(std::min(segment, rest.size()));
          rest = rest.subspan(one.size());
          if (one.size() > kMaxDatagram) {
            ++counters_.truncated;
            continue;
          }
          ++counters_.received;
          on_(one, sender);
          if (destroyed) return;
        } while (!rest.empty());
      }
      if (static_cast<std::size_t>(got) < kReceiveBatch) break;
    }
    destroyed_ = nullptr;
  }

  int fd_;
  int family_;
  OnDatagram on_;
  std::unique_ptr<std::uint8_t[]> store_;  // not zeroed: what is never used costs no memory
  FdWatch watch_;
  Counters counters_;
  LocalTime arrived_{};
  bool connected_ = false, gso_ = true;
  bool* destroyed_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<UdpSocket>> UdpSocket::create_bound(Loop& loop, const std::string& ip, std::uint16_t port, OnDatagram on) {
  int family = AF_INET6;
  const auto fd = open_bound(SOCK_DGRAM, ip, port, &family);
  if (!fd) return fail(fd);
  return std::unique_ptr<UdpSocket>(std::make_unique<Socket>(loop, *fd, family, std::move(on)));
}

namespace {

Result<int> open_connected(const UdpEndpoint& remote) {
  const int family = remote.is_v4() ? AF_INET : AF_INET6;
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorKind::Environment, "net/udp: socket", std::strerror(errno));
  const SocketAddress address = to_socket_address(remote, family);
  if (::connect(fd, address.get(), address.length) == 0) return fd;
  const int why = errno;
  ::close(fd);
  return fail(ErrorKind::Environment, "net/udp: connect", std::strerror(why));
}

}  // namespace

Result<UdpEndpoint> UdpSocket::local_towards(const UdpEndpoint& remote) {
  const auto fd = open_connected(remote);
  if (!fd) return fail(fd);
  const UdpEndpoint out = local_endpoint(*fd);
  ::close(*fd);
  return out;
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::create_connected(Loop& loop, const UdpEndpoint& remote, OnDatagram on) {
  const auto fd = open_connected(remote);
  if (!fd) return fail(fd);
  auto made = std::make_unique<Socket>(loop, *fd, remote.is_v4() ? AF_INET : AF_INET6, std::move(on));
  made->set_connected();
  return std::unique_ptr<UdpSocket>(std::move(made));
}

}  // namespace beside::net
