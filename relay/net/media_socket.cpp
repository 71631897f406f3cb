// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/net/media_socket.h"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace beside::relay {
namespace {

// 70 ms of 100,000 datagrams a second, as the kernel counts them. More than net.core.rmem_max needs a right that the service
// may have; then also a stall of this thread by others on a full machine loses nothing.
constexpr int kBufferBytes = 16 << 20;
constexpr std::int64_t kImplausible = 10'000'000'000;  // ns; the wall clock was set meanwhile

tl::unexpected<Error> os_error(std::string_view where) { return fail(ErrorKind::Environment, where, std::strerror(errno)); }

std::int64_t real_ns() {  // the clock of SO_TIMESTAMPNS
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

MediaSocket::MediaSocket(Metrics& metrics) : metrics_(metrics), store_(kBatch * kStride) {
  for (std::size_t i = 0; i < kBatch; ++i) in_vectors_[i] = {store_.data() + i * kStride, kBuffer};
}

MediaSocket::~MediaSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<MediaSocket>> MediaSocket::create(const std::string& bind_address, std::uint16_t port, bool share_port,
                                                         Metrics& metrics) {
  std::unique_ptr<MediaSocket> made(new MediaSocket(metrics));
  if (auto opened = made->open(bind_address, port, share_port); !opened) return fail(opened);
  return made;
}

Result<void> MediaSocket::open(const std::string& bind_address, std::uint16_t port, bool share_port) {
  const int on = 1, off = 0;
  sockaddr_in6 a6{};
  a6.sin6_family = AF_INET6;
  a6.sin6_port = htons(port);
  sockaddr_in a4{};
  a4.sin_family = AF_INET;
  a4.sin_port = htons(port);
  const bool is4 = inet_pton(AF_INET, bind_address.c_str(), &a4.sin_addr) == 1;
  if (!is4 && inet_pton(AF_INET6, bind_address.c_str(), &a6.sin6_addr) != 1) {
    return fail(ErrorKind::Environment, "relay/media: address", "not an IP address: " + bind_address);
  }
  const auto try_bind = [&](int family, const sockaddr* at, socklen_t size) {
    fd_ = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return false;
    if (family == AF_INET6) (void)::setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (share_port) (void)::setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd_, at, size) == 0) return true;
    const int why = errno;
    ::close(fd_);
    fd_ = -1;
    errno = why;
    return false;
  };
  if (!is4 && !try_bind(AF_INET6, reinterpret_cast<const sockaddr*>(&a6), sizeof a6)) {
    const bool no_v6 = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL;
    if (!no_v6 || bind_address != "::") return os_error("relay/media: bind");
  }
  if (fd_ < 0) {
    v4_only_ = true;
    if (!try_bind(AF_INET, reinterpret_cast<const sockaddr*>(&a4), sizeof a4)) return os_error("relay/media: bind");
  }
  for (const auto& [forced, usual] : {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, {SO_SNDBUFFORCE, SO_SNDBUF}}) {
    if (::setsockopt(fd_, SOL_SOCKET, forced, &kBufferBytes, sizeof kBufferBytes) == 0) continue;
    (void)::setsockopt(fd_, SOL_SOCKET, usual, &kBufferBytes, sizeof kBufferBytes);
  }
  // Never cut into fragments, and no router's word believed: what is too large is lost, so that the ends find out what fits.
  const int whole4 = IP_PMTUDISC_PROBE, whole6 = IPV6_PMTUDISC_PROBE;
  (void)::setsockopt(fd_, IPPROTO_IP, IP_MTU_DISCOVER, &whole4, sizeof whole4);
  if (!v4_only_) (void)::setsockopt(fd_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &whole6, sizeof whole6);
  (void)::setsockopt(fd_, IPPROTO_UDP, UDP_GRO, &on, sizeof on);              // without it each datagram comes alone
  (void)::setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);        // without it the delay is not measured
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &length) != 0) return os_error("relay/media: name");
  port_ = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                                           : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  return {};
}

void MediaSocket::expect_receivers(std::size_t count) {
  if (open_.size() < count) open_.resize(std::max(count, open_.size() * 2));
}

std::size_t MediaSocket::receive() {
  for (std::size_t i = 0; i < kBatch; ++i) {
    msghdr& header = in_headers_[i].msg_hdr;
    header.msg_name = &in_from_[i];
    header.msg_namelen = sizeof(sockaddr_in6);
    header.msg_iov = &in_vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = in_control_[i].bytes.data();
    header.msg_controllen = in_control_[i].bytes.size();
    header.msg_flags = 0;
  }
  const int got = ::recvmmsg(fd_, in_headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
  received_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  for (std::size_t i = 0; i < received_; ++i) read_message(i, in_headers_[i].msg_len);
  return received_;
}

void MediaSocket::read_message(std::size_t i, std::size_t size) {
  msghdr& header = in_headers_[i].msg_hdr;
  Received& out = in_[i];
  out.data = {};
  out.segment = size;
  stamps_ns_[i] = 0;
  forwarded_[i] = 0;
  if ((header.msg_flags & MSG_TRUNC) != 0) return metrics_.drop(DropReason::Oversized);
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
      int value = 0;
      std::memcpy(&value, CMSG_DATA(c), sizeof value);
      if (value > 0) out.segment = std::min<std::size_t>(static_cast<std::size_t>(value), size);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
      stamps_ns_[i] = static_cast<std::int64_t>(stamp.tv_sec) * 1'000'000'000 + stamp.tv_nsec;
    }
  }
  out.data = MutableByteSpan(store_).subspan(i * kStride, size);
  if (!v4_only_) {
    out.from = in_from_[i];
    return;
  }
  sockaddr_in a4{};
  std::memcpy(&a4, &in_from_[i], sizeof a4);
  out.from = {};
  out.from.sin6_family = AF_INET6;
  out.from.sin6_port = a4.sin_port;
  out.from.sin6_addr.s6_addr[10] = out.from.sin6_addr.s6_addr[11] = 0xff;
  std::memcpy(out.from.sin6_addr.s6_addr + 12, &a4.sin_addr, 4);
}

socklen_t MediaSocket::fill(const Address& to, sockaddr_storage& out) const {
  if (!v4_only_) {
    std::memcpy(&out, &to, sizeof to);
    return sizeof to;
  }
  sockaddr_in a4{};
  a4.sin_family = AF_INET;
  a4.sin_port = to.sin6_port;
  std::memcpy(&a4.sin_addr, to.sin6_addr.s6_addr + 12, 4);
  std::memcpy(&out, &a4, sizeof a4);
  return sizeof a4;
}

void MediaSocket::send_now(ByteSpan datagram, const Address& to) {
  sockaddr_storage address{};
  const socklen_t size = fill(to, address);
  if (::sendto(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address), size) < 0) failed_send(1);
}

void MediaSocket::failed_send(std::size_t datagrams) {
  metrics_.drop(errno == EAGAIN || errno == ENOBUFS ? DropReason::SendBufferFull : DropReason::SendFailed, datagrams);
}

void MediaSocket::send_later(std::size_t message, MutableByteSpan data, std::size_t segment, std::uint32_t receiver, const Address& to) {
  if (out_count_ == kMostOut || piece_count_ == kMostPieces) write_out();
  const std::size_t count = (data.size() + segment - 1) / segment;
  if (message != kNoMessage) forwarded_[message] += static_cast<std::uint32_t>(count);
  const auto piece = static_cast<std::uint16_t>(piece_count_++);
  pieces_[piece] = {data, kEnd};
  Open* open = receiver < open_.size() ? &open_[receiver] : nullptr;
  if (open != nullptr && open->batch == batch_) {
    Out& out = out_[open->out];
    // One shorter datagram may end a super-packet; equal ones may follow each other.
    const bool equal = segment == out.segment && !out.closed, last = count == 1 && data.size() < out.segment && !out.closed;
    if ((equal || last) && out.segments + count <= kMostSegments && out.bytes + data.size() <= kMostBytes) {
      pieces_[out.last].next = piece;
      out.last = piece;
      ++out.pieces;
      out.segments = static_cast<std::uint16_t>(out.segments + count);
      out.bytes += data.size();
      out.closed = data.size() % out.segment != 0;
      return;
    }
  }
  const auto at = static_cast<std::uint16_t>(out_count_++);
  Out& out = out_[at];
  out.to_size = fill(to, out.to);
  out.first = out.last = piece;
  out.pieces = 1;
  out.segments = static_cast<std::uint16_t>(count);
  out.segment = static_cast<std::uint16_t>(segment);
  out.bytes = data.size();
  out.closed = data.size() % segment != 0;
  if (open != nullptr) *open = {batch_, at};
}

// Datagram by datagram: where the kernel or the interface cannot cut a super-packet.
void MediaSocket::send_apart(const Out& out) {
  for (std::uint16_t p = out.first; p != kEnd; p = pieces_[p].next) {
    const MutableByteSpan data = pieces_[p].data;
    for (std::size_t at = 0; at < data.size(); at += out.segment) {
      const std::size_t size = std::min<std::size_t>(out.segment, data.size() - at);
      if (::sendto(fd_, data.data() + at, size, MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&out.to), out.to_size) < 0) failed_send(1);
    }
  }
}

void MediaSocket::write_out() {
  std::size_t vector = 0;
  for (std::size_t i = 0; i < out_count_; ++i) {
    const Out& out = out_[i];
    msghdr& header = out_headers_[i].msg_hdr;
    header = msghdr{};
    header.msg_name = &out_[i].to;
    header.msg_namelen = out.to_size;
    header.msg_iov = &out_vectors_[vector];
    header.msg_iovlen = out.pieces;
    for (std::uint16_t p = out.first; p != kEnd; p = pieces_[p].next) out_vectors_[vector++] = {pieces_[p].data.data(), pieces_[p].data.size()};
    if (out.segments == 1) continue;
    header.msg_control = out_control_[i].bytes.data();
    header.msg_controllen = out_control_[i].bytes.size();
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    std::memcpy(CMSG_DATA(c), &out.segment, sizeof out.segment);
  }
  for (std::size_t at = 0; at < out_count_;) {
    if (!gso_ && out_[at].segments > 1) {
      send_apart(out_[at++]);
      continue;
    }
    std::size_t end = at + 1;
    while (end < out_count_ && (gso_ || out_[end].segments == 1)) ++end;
    const int sent = ::sendmmsg(fd_, out_headers_.data() + at, static_cast<unsigned>(end - at), MSG_DONTWAIT);
    if (sent > 0) {
      at += static_cast<std::size_t>(sent);
      continue;
    }
    if (out_[at].segments > 1 && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOPROTOOPT || errno == EMSGSIZE)) {
      // EIO: no checksums by this interface; EINVAL, EMSGSIZE: a segment is larger than the path's MTU and wants fragments.
      if (errno == ENOPROTOOPT || errno == EOPNOTSUPP) gso_ = false;
      send_apart(out_[at++]);
      continue;
    }
    failed_send(out_[at].segments);
    ++at;
  }
  out_count_ = piece_count_ = 0;
  ++batch_;
}

void MediaSocket::flush() {
  if (out_count_ != 0) write_out();
  if (received_ == 0) return;
  const std::int64_t now = real_ns();
  for (std::size_t i = 0; i < received_; ++i) {
    const std::int64_t delay = now - stamps_ns_[i];
    if (forwarded_[i] == 0 || stamps_ns_[i] == 0 || delay < 0 || delay > kImplausible) continue;
    metrics_.forwarded_in(static_cast<std::uint64_t>(delay / 1000), forwarded_[i]);
  }
  received_ = 0;
}

}  // namespace beside::relay
