// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/net/media_thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <variant>
#include <vector>

#include "engine/base/channels.h"
#include "engine/base/log.h"
#include "engine/base/thread_role.h"
#include "engine/crypto/random.h"
#include "engine/wire/stun.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace beside::relay {
namespace {

constexpr std::size_t kBatch = 32;             // messages in one recvmmsg
constexpr std::size_t kBuffer = 65'536;        // one of them, with GRO up to 64 datagrams
constexpr std::size_t kMostSegments = 64;      // UDP_MAX_SEGMENTS of older kernels
constexpr std::uint64_t kWebSocketBit = 1ull << 63;

struct PutLeg {
  MediaLeg leg;
};
struct RemoveSession {
  std::string session_id;
};
struct FromWebSocket {
  ConnectionId connection;
  Bytes datagram;
};
struct WebSocketClosed {
  ConnectionId connection;
};
using Command = std::variant<PutLeg, RemoveSession, WebSocketClosed>;

union ControlSpace {
  cmsghdr align;
  std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> bytes;
};

Error os_error(std::string_view where) { return {ErrorKind::Environment, where, std::strerror(errno)}; }

bool same_source(const sockaddr_in6& a, const sockaddr_in6& b) {
  return a.sin6_port == b.sin6_port && a.sin6_scope_id == b.sin6_scope_id &&
         std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof a.sin6_addr) == 0;
}

}  // namespace

struct MediaThread::Impl {
  Metrics& metrics;
  Handlers handlers;
  Forwarder forwarder;
  int udp = -1, wake = -1, epoll = -1;
  std::uint16_t port = 0;
  bool v4_only = false;
  bool gso = true;
  std::uint64_t seed = 0;
  std::atomic<bool> stopping{false};
  std::atomic<bool> woken{false};
  Inbox<Command> commands{1u << 20};      // from the control thread alone, a few per session
  Inbox<FromWebSocket> datagrams_in{4096};
  std::thread thread;

  std::vector<std::uint8_t> buffers;
  std::array<mmsghdr, kBatch> in{};
  std::array<iovec, kBatch> in_iov{};
  std::array<sockaddr_in6, kBatch> in_from{};
  std::array<ControlSpace, kBatch> in_control{};
  std::vector<sockaddr_in6> address_of;  // by leg, valid while that leg's path is UDP

  // Sends that wait for the end of the batch.
  static constexpr std::size_t kMostOut = 256;
  std::array<mmsghdr, kMostOut> out{};
  std::array<iovec, kMostOut> out_iov{};
  std::array<sockaddr_in6, kMostOut> out_to{};
  std::array<ControlSpace, kMostOut> out_control{};
  std::array<std::uint16_t, kMostOut> out_segment{};
  std::size_t out_count = 0;

  Impl(Metrics& m, Handlers h, Forwarder::Limits limits)
      : metrics(m), handlers(std::move(h)), forwarder([](MutableByteSpan to) { crypto::random_bytes(to); }, limits),
        buffers(kBatch * kBuffer) {
    const auto raw = crypto::random_array<8>();
    std::memcpy(&seed, raw.data(), raw.size());
  }
  ~Impl() {
    for (int fd : {udp, wake, epoll}) {
      if (fd >= 0) ::close(fd);
    }
  }

  Result<void> open(const Config& config);
  void run();
  void ring() {
    if (woken.exchange(true, std::memory_order_acq_rel)) return;
    const std::uint64_t one = 1;
    (void)!::write(wake, &one, sizeof one);
  }
  std::uint64_t path_of(const sockaddr_in6& from) const;
  void drain_tasks(LocalTime now);
  void receive(LocalTime now);
  void datagrams(MutableByteSpan data, std::size_t segment, const sockaddr_in6& from, LocalTime now);
  void media_run(MutableByteSpan data, std::size_t segment, std::uint64_t path, const sockaddr_in6* from, LocalTime now);
  void stun(ByteSpan datagram, std::uint64_t path, const sockaddr_in6* from, LocalTime now);
  void queue_send(std::uint8_t* data, std::size_t size, std::size_t segment, const sockaddr_in6& to);
  void flush();
  void send_apart(std::size_t i);
  void send_now(ByteSpan datagram, const sockaddr_in6& to);
};

Result<void> MediaThread::Impl::open(const Config& config) {
  sockaddr_in6 a6{};
  a6.sin6_family = AF_INET6;
  a6.sin6_port = htons(config.port);
  sockaddr_in a4{};
  a4.sin_family = AF_INET;
  a4.sin_port = htons(config.port);
  const bool is4 = inet_pton(AF_INET, config.bind_address.c_str(), &a4.sin_addr) == 1;
  if (!is4 && inet_pton(AF_INET6, config.bind_address.c_str(), &a6.sin6_addr) != 1) {
    return fail(ErrorKind::Environment, "relay/media: address", "not an IP address: " + config.bind_address);
  }
  if (!is4) {
    udp = ::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int off = 0;
    if (udp >= 0) (void)::setsockopt(udp, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (udp < 0 || ::bind(udp, reinterpret_cast<const sockaddr*>(&a6), sizeof a6) != 0) {
      const bool no_v6 = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL;
      if (!no_v6 || config.bind_address != "::") return tl::unexpected(os_error("relay/media: bind"));
      if (udp >= 0) ::close(udp);
      udp = -1;
    }
  }
  if (udp < 0) {
    v4_only = true;
    udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp < 0 || ::bind(udp, reinterpret_cast<const sockaddr*>(&a4), sizeof a4) != 0) {
      return tl::unexpected(os_error("relay/media: bind"));
    }
  }
  const int size = 4 << 20, on = 1;
  (void)::setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  (void)::setsockopt(udp, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  (void)::setsockopt(udp, IPPROTO_UDP, UDP_GRO, &on, sizeof on);  // without it each datagram comes alone
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (::getsockname(udp, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    return tl::unexpected(os_error("relay/media: name"));
  }
  port = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                                          : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (wake < 0 || epoll < 0) return tl::unexpected(os_error("relay/media: epoll"));
  for (int fd : {udp, wake}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return tl::unexpected(os_error("relay/media: epoll"));
  }
  return {};
}

std::uint64_t MediaThread::Impl::path_of(const sockaddr_in6& from) const {
  // Who binds is compared address for address; this number only has to be well spread and not to be foreseen.
  std::uint64_t halves[2];
  std::memcpy(halves, &from.sin6_addr, sizeof halves);
  std::uint64_t h = seed;
  const std::uint64_t tail = (static_cast<std::uint64_t>(from.sin6_scope_id) << 16) ^ from.sin6_port;
  for (std::uint64_t word : {halves[0], halves[1], tail}) {
    h ^= word;
    h *= 0x9E3779B97F4A7C15ull;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9ull;
    h ^= h >> 32;
  }
  h &= ~kWebSocketBit;
  return h == 0 ? 1 : h;
}

void MediaThread::Impl::send_now(ByteSpan datagram, const sockaddr_in6& to) {
  sockaddr_in a4{};
  const sockaddr* address = reinterpret_cast<const sockaddr*>(&to);
  socklen_t size = sizeof to;
  if (v4_only) {
    a4.sin_family = AF_INET;
    a4.sin_port = to.sin6_port;
    std::memcpy(&a4.sin_addr, to.sin6_addr.s6_addr + 12, 4);
    address = reinterpret_cast<const sockaddr*>(&a4);
    size = sizeof a4;
  }
  if (::sendto(udp, datagram.data(), datagram.size(), MSG_DONTWAIT, address, size) < 0) {
    metrics.drop(DropReason::SendFailed);
  }
}

void MediaThread::Impl::stun(ByteSpan datagram, std::uint64_t path, const sockaddr_in6* from, LocalTime now) {
  auto result = forwarder.on_stun(path, datagram, now, metrics);
  if (result.leg != Forwarder::kNoLeg && result.path_changed) {
    if (address_of.size() <= result.leg) address_of.resize(result.leg + 1);
    if (from != nullptr) address_of[result.leg] = *from;
    handlers.event({Event::Kind::Bound, forwarder.session_of(result.leg), Forwarder::side_of(result.leg),
                    from != nullptr, {}});
  }
  if (result.reply.empty()) return;
  if (from != nullptr) {
    send_now(result.reply, *from);
  } else if (!handlers.to_websocket(ConnectionId{path & ~kWebSocketBit}, std::move(result.reply))) {
    metrics.drop(DropReason::HandOverFull);
  }
}

void MediaThread::Impl::queue_send(std::uint8_t* data, std::size_t size, std::size_t segment, const sockaddr_in6& to) {
  if (out_count == kMostOut) flush();
  const std::size_t i = out_count++;
  out_iov[i] = {data, size};
  out_to[i] = to;
  out_segment[i] = static_cast<std::uint16_t>(segment);
  msghdr& header = out[i].msg_hdr;
  header = msghdr{};
  header.msg_name = &out_to[i];
  header.msg_namelen = sizeof(sockaddr_in6);
  if (v4_only) {
    sockaddr_in a4{};
    a4.sin_family = AF_INET;
    a4.sin_port = to.sin6_port;
    std::memcpy(&a4.sin_addr, to.sin6_addr.s6_addr + 12, 4);
    std::memcpy(&out_to[i], &a4, sizeof a4);
    header.msg_namelen = sizeof a4;
  }
  header.msg_iov = &out_iov[i];
  header.msg_iovlen = 1;
  if (segment < size) {
    header.msg_control = out_control[i].bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(std::uint16_t));
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    std::memcpy(CMSG_DATA(c), &out_segment[i], sizeof(std::uint16_t));
  }
}

// One super-packet datagram by datagram: where the kernel or the interface cannot cut it.
void MediaThread::Impl::send_apart(std::size_t i) {
  const auto* data = static_cast<const std::uint8_t*>(out_iov[i].iov_base);
  for (std::size_t at = 0; at < out_iov[i].iov_len; at += out_segment[i]) {
    const std::size_t size = std::min<std::size_t>(out_segment[i], out_iov[i].iov_len - at);
    if (::sendto(udp, data + at, size, MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&out_to[i]),
                 out[i].msg_hdr.msg_namelen) < 0) {
      metrics.drop(DropReason::SendFailed);
    }
  }
}

void MediaThread::Impl::flush() {
  std::size_t at = 0;
  while (at < out_count) {
    if (!gso && out_segment[at] < out_iov[at].iov_len) {
      send_apart(at++);
      continue;
    }
    std::size_t end = at + 1;
    while (end < out_count && (gso || out_segment[end] >= out_iov[end].iov_len)) ++end;
    const int sent = ::sendmmsg(udp, out.data() + at, static_cast<unsigned>(end - at), MSG_DONTWAIT);
    if (sent > 0) {
      at += static_cast<std::size_t>(sent);
      continue;
    }
    const bool super = out_segment[at] < out_iov[at].iov_len;
    if (super && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOPROTOOPT)) {
      if (errno == EIO || errno == ENOPROTOOPT) gso = false;
      send_apart(at++);
      continue;
    }
    metrics.drop(DropReason::SendFailed);
    ++at;  // media is not queued by us: a full socket buffer drops, as a router would
  }
  out_count = 0;
}

void MediaThread::Impl::media_run(MutableByteSpan data, std::size_t segment, std::uint64_t path,
                                  const sockaddr_in6* from, LocalTime now) {
  const std::size_t count = (data.size() + segment - 1) / segment;
  if (from != nullptr) {
    const auto leg = forwarder.leg_of(path);
    if (leg == Forwarder::kNoLeg || leg >= address_of.size() || !same_source(address_of[leg], *from)) {
      metrics.drop(DropReason::UnboundSource, count);
      return;
    }
  }
  const auto route = forwarder.on_media(path, data.size(), count, now);
  if (route.to == Forwarder::kNoLeg) {
    metrics.drop(route.reason, count);
    return;
  }
  Metrics::add(metrics.datagrams, count);
  Metrics::add(metrics.bytes, data.size());
  if ((route.path & kWebSocketBit) == 0) {
    queue_send(data.data(), data.size(), segment, address_of[route.to]);
    return;
  }
  for (std::size_t at = 0; at < data.size(); at += segment) {
    const ByteSpan one = ByteSpan(data).subspan(at, std::min(segment, data.size() - at));
    if (!handlers.to_websocket(ConnectionId{route.path & ~kWebSocketBit}, to_bytes(one))) {
      metrics.drop(DropReason::HandOverFull);
    }
  }
}

// A received super-packet: runs of media go on as they are, STUN requests among them are answered.
void MediaThread::Impl::datagrams(MutableByteSpan data, std::size_t segment, const sockaddr_in6& from, LocalTime now) {
  const std::uint64_t path = path_of(from);
  std::size_t run_from = 0, at = 0, in_run = 0;
  for (; at < data.size(); at += segment) {
    const std::size_t size = std::min(segment, data.size() - at);
    const bool is_stun = data[at] <= 3;  // RFC 7983 section 7
    if (!is_stun && in_run < kMostSegments) {
      ++in_run;
      continue;
    }
    if (at > run_from) media_run(data.subspan(run_from, at - run_from), segment, path, &from, now);
    if (is_stun) {
      stun(ByteSpan(data).subspan(at, size), path, &from, now);
      run_from = at + size;
      in_run = 0;
    } else {
      run_from = at;
      in_run = 1;
    }
  }
  if (run_from < data.size()) media_run(data.subspan(run_from), segment, path, &from, now);
}

void MediaThread::Impl::receive(LocalTime now) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    in_iov[i] = {buffers.data() + i * kBuffer, kBuffer};
    msghdr& header = in[i].msg_hdr;
    header = msghdr{};
    header.msg_name = &in_from[i];
    header.msg_namelen = sizeof(sockaddr_in6);
    header.msg_iov = &in_iov[i];
    header.msg_iovlen = 1;
    header.msg_control = in_control[i].bytes.data();
    header.msg_controllen = in_control[i].bytes.size();
  }
  const int got = ::recvmmsg(udp, in.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int n = 0; n < got; ++n) {
    const auto i = static_cast<std::size_t>(n);
    const std::size_t size = in[i].msg_len;
    if (size == 0) continue;
    msghdr& header = in[i].msg_hdr;
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      metrics.drop(DropReason::Oversized);
      continue;
    }
    std::size_t segment = size;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO) continue;
      int value = 0;
      std::memcpy(&value, CMSG_DATA(c), sizeof value);
      if (value > 0) segment = std::min<std::size_t>(static_cast<std::size_t>(value), size);
    }
    if (v4_only) {  // one form of address inside: IPv4-mapped (RFC 4291 2.5.5.2)
      sockaddr_in a4{};
      std::memcpy(&a4, &in_from[i], sizeof a4);
      sockaddr_in6 a6{};
      a6.sin6_family = AF_INET6;
      a6.sin6_port = a4.sin_port;
      a6.sin6_addr.s6_addr[10] = a6.sin6_addr.s6_addr[11] = 0xff;
      std::memcpy(a6.sin6_addr.s6_addr + 12, &a4.sin_addr, 4);
      in_from[i] = a6;
    }
    datagrams(MutableByteSpan(buffers.data() + i * kBuffer, size), segment, in_from[i], now);
  }
  flush();
}

void MediaThread::Impl::drain_tasks(LocalTime now) {
  woken.store(false, std::memory_order_release);
  while (auto command = commands.take()) {
    if (auto* put = std::get_if<PutLeg>(&*command)) {
      forwarder.put_leg(put->leg, now);
    } else if (auto* remove = std::get_if<RemoveSession>(&*command)) {
      const auto totals = forwarder.remove_session(remove->session_id);
      if (totals) handlers.event({Event::Kind::Removed, remove->session_id, Side::Operator, false, *totals});
    } else if (auto* closed = std::get_if<WebSocketClosed>(&*command)) {
      forwarder.path_closed(kWebSocketBit | closed->connection.value);
    }
  }
  // No more than that at once, so that WebSocket media cannot starve UDP.
  for (int budget = 512; budget > 0; --budget) {
    auto ws = datagrams_in.take();
    if (!ws) return;
    const std::uint64_t path = kWebSocketBit | ws->connection.value;
    if (ws->datagram.empty()) continue;
    if (ws->datagram[0] <= 3) {
      stun(ws->datagram, path, nullptr, now);
    } else {
      media_run(ws->datagram, ws->datagram.size(), path, nullptr, now);
      flush();  // the bytes belong to this message
    }
  }
  ring();
}

void MediaThread::Impl::run() {
  name_this_thread("media");
  LocalTime next_poll = local_now() + 1s;
  while (!stopping.load(std::memory_order_acquire)) {
    std::array<epoll_event, 2> events{};
    const LocalTime before = local_now();
    // Silence is looked for at most once a second, and not at all while nobody is bound.
    int timeout = -1;
    if (forwarder.next_deadline() != kNever) {
      const LocalTime due = std::max(next_poll, forwarder.next_deadline());
      timeout = static_cast<int>(std::max<std::int64_t>(
          0, std::chrono::duration_cast<milliseconds>(due - before).count() + 1));
    }
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout);
    const LocalTime now = local_now();
    for (int i = 0; i < ready; ++i) {
      if (events[static_cast<std::size_t>(i)].data.fd == udp) {
        receive(now);
        metrics.forwarded_in(static_cast<std::uint64_t>(to_us(local_now()) - to_us(now)));
      } else {
        std::uint64_t drained = 0;
        (void)!::read(wake, &drained, sizeof drained);
        drain_tasks(now);
      }
    }
    if (now >= next_poll) {
      next_poll = now + 1s;
      for (auto& silent : forwarder.poll(now)) {
        handlers.event({Event::Kind::Unbound, silent.session_id, silent.side, false, {}});
      }
    }
  }
}

MediaThread::MediaThread(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<MediaThread>> MediaThread::create(const Config& config, Metrics& metrics, Handlers handlers) {
  auto impl = std::make_unique<Impl>(metrics, std::move(handlers), config.limits);
  auto opened = impl->open(config);
  if (!opened) return fail(opened);
  Impl* raw = impl.get();
  raw->thread = std::thread([raw] { raw->run(); });
  return std::unique_ptr<MediaThread>(new MediaThread(std::move(impl)));
}

MediaThread::~MediaThread() {
  impl_->stopping.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!::write(impl_->wake, &one, sizeof one);
  impl_->thread.join();
}

std::uint16_t MediaThread::port() const { return impl_->port; }

void MediaThread::put_leg(MediaLeg leg) {
  if (!impl_->commands.put(PutLeg{std::move(leg)})) BS_LOG_LIMITED(Error, "media", "inbox full: a leg was not taken");
  impl_->ring();
}

void MediaThread::remove_session(std::string session_id) {
  if (!impl_->commands.put(RemoveSession{std::move(session_id)})) {
    BS_LOG_LIMITED(Error, "media", "inbox full: a session was not removed");
  }
  impl_->ring();
}

bool MediaThread::from_websocket(ConnectionId connection, Bytes datagram) {
  const bool taken = impl_->datagrams_in.put(FromWebSocket{connection, std::move(datagram)});
  if (!taken) impl_->metrics.drop(DropReason::HandOverFull);
  impl_->ring();
  return taken;
}

void MediaThread::websocket_closed(ConnectionId connection) {
  (void)impl_->commands.put(WebSocketClosed{connection});
  impl_->ring();
}

}  // namespace beside::relay
