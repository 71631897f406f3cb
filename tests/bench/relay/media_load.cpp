// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/relay/media_load.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "engine/crypto/random.h"
#include "engine/flow/stun_client_leg.h"
#include "tests/bench/relay/turn.h"

namespace beside::bench {
namespace {

constexpr std::size_t kBatch = 32, kBuffer = 65'536;
constexpr std::uint64_t kMark = 0x6265736964652121ull;

std::int64_t real_ns() {  // the clock of SO_TIMESTAMPNS
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

int open_udp(std::uint16_t to) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return ::close(fd), -1;
  at.sin_port = htons(to);
  if (to != 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return ::close(fd), -1;
  const int on = 1, size = 1 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);  // as our clients do
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return fd;
}

struct End {
  int fd = -1;
  std::size_t head = 0;                    // bytes before the datagram proper when sending (TURN's channel header)
  std::array<std::uint8_t, 4> channel{};
  std::unique_ptr<flow::StunClientLeg> stun;
  LocalTime due{};
};

class Load final : public MediaLoad {
 public:
  Load() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), noise_(65'536) { crypto::random_bytes(noise_); }
  ~Load() override {
    for (auto& end : ends_) ::close(end.fd);
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void add(End end) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = ends_.size();
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, end.fd, &event);
    ends_.push_back(std::move(end));
  }
  std::size_t pairs() const override { return ends_.size() / 2; }

  Result<void> bind() {
    const LocalTime until = local_now() + 30s;
    for (auto& end : ends_) end.stun->start(local_now());
    for (;;) {
      // Some at a time: a socket buffer of the relay holds only so many requests.
      std::size_t waiting = 0;
      for (auto& end : ends_) {
        if (end.stun->state() == flow::StunClientLeg::State::Bound) continue;
        if (++waiting > 256) break;
        ask(end);
      }
      if (waiting == 0) return {};
      if (local_now() > until) return fail(ErrorKind::Environment, "bench", "the relay bound not all legs");
      receive(5ms);
    }
  }
  void refresh() override {
    for (auto& end : ends_) {
      if (end.stun) ask(end);
    }
    receive(0ns);
  }

  Count run(const Traffic& traffic) override {
    Count out;
    count_ = &out;
    out.delay_us.reserve(1u << 20);
    const std::size_t step = traffic.both_ways ? 1 : 2;
    const bool naps = traffic.per_second > 0 && traffic.catch_up > Traffic::kNaps;
    batch_ = naps ? 1 : kBatch;   // many slow senders: one waits at a socket, and asking for a second would be a call in vain
    const double senders = static_cast<double>(ends_.size() / step);
    const LocalTime began = local_now(), end = began + nanoseconds(static_cast<std::int64_t>(traffic.seconds * 1e9));
    LocalTime refreshed = began, accrued = began;
    double allowance = 0;
    std::size_t at = 0, in_row = 0;
    for (LocalTime now = began; now < end; now = local_now()) {
      std::uint64_t may = 0;
      if (traffic.per_second > 0) {
        // What this program missed while others had its core is not made up for in one heap, but as far as the order says.
        allowance += std::chrono::duration<double>(now - accrued).count() * traffic.per_second * senders;
        accrued = now;
        allowance = std::min(allowance, std::max(static_cast<double>(traffic.burst), traffic.per_second * senders * traffic.catch_up));
        may = static_cast<std::uint64_t>(allowance);
      } else {
        const std::uint64_t under_way = out.sent - out.received;
        may = under_way < traffic.window ? traffic.window - under_way : 0;
        // Lost ones never come: the window must not shut for ever.
        if (may < traffic.burst && now - last_heard_ > 20ms) may = traffic.burst, last_heard_ = now;
      }
      for (std::size_t many = 0; may >= traffic.burst && many < 64; ++many) {
        may -= traffic.burst;
        allowance -= static_cast<double>(traffic.burst);
        out.sent += send(ends_[at], traffic);
        if (++in_row < traffic.row) continue;
        in_row = 0;
        at = (at + step) % ends_.size();
      }
      receive(naps ? nanoseconds(100us) : nanoseconds(0));
      if (now - refreshed > 2s) {
        refreshed = now;
        for (auto& each : ends_) if (each.stun && each.due <= now) ask(each);
      }
    }
    out.seconds = std::chrono::duration<double>(local_now() - began).count();
    for (LocalTime quiet = local_now(); local_now() - quiet < 200ms && out.received < out.sent;) {
      const auto before = out.received;
      receive(10ms);
      if (out.received != before) quiet = local_now();
    }
    count_ = nullptr;
    std::sort(out.delay_us.begin(), out.delay_us.end());
    return out;
  }

 private:
  void ask(End& end) {
    while (auto request = end.stun->poll(local_now())) (void)!::send(end.fd, request->data(), request->size(), 0);
    end.due = end.stun->next_deadline();
  }

  std::uint64_t send(End& end, const Traffic& traffic) {
    static std::array<std::uint8_t, 65'536> buffer;
    const std::size_t each = traffic.bytes + end.head;
    const std::size_t count = std::min(traffic.burst, 65'000 / each);
    const std::int64_t now = real_ns();
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t* at = buffer.data() + i * each;
      if (end.head != 0) {  // ChannelData (RFC 8656 section 12.4)
        std::memcpy(at, end.channel.data(), 2);
        at[2] = static_cast<std::uint8_t>(traffic.bytes >> 8), at[3] = static_cast<std::uint8_t>(traffic.bytes);
      }
      at += end.head;
      std::memcpy(at, noise_.data() + (serial_ * 31) % (noise_.size() - 2048), traffic.bytes);
      at[0] = 0x90, at[1] = 96;  // RTP with an extension (RFC 3550 5.1); what follows is sealed and means nothing
      std::memcpy(at + 12, &kMark, 8);
      std::memcpy(at + 20, &now, 8);
      ++serial_;
    }
    iovec vector{buffer.data(), count * each};
    union {
      cmsghdr align;
      std::array<std::uint8_t, CMSG_SPACE(2)> bytes;
    } control{};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    if (count > 1) {
      header.msg_control = control.bytes.data();
      header.msg_controllen = control.bytes.size();
      cmsghdr* c = CMSG_FIRSTHDR(&header);
      c->cmsg_level = IPPROTO_UDP;
      c->cmsg_type = UDP_SEGMENT;
      c->cmsg_len = CMSG_LEN(2);
      const auto segment = static_cast<std::uint16_t>(each);
      std::memcpy(CMSG_DATA(c), &segment, 2);
    }
    return ::sendmsg(end.fd, &header, MSG_DONTWAIT) > 0 ? count : 0;
  }

  void receive(nanoseconds patience) {
    std::array<epoll_event, 256> events{};
    const timespec limit{0, patience.count()};
    const int ready = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
    for (int i = 0; i < ready; ++i) drain(ends_[events[static_cast<std::size_t>(i)].data.u64]);
  }

  void drain(End& end) {
    static std::array<std::array<std::uint8_t, kBuffer>, kBatch> store;
    union Space {
      cmsghdr align;
      std::array<std::uint8_t, CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(int))> bytes;
    };
    static std::array<Space, kBatch> control;
    static std::array<mmsghdr, kBatch> headers{};
    static std::array<iovec, kBatch> vectors{};
    if (headers[0].msg_hdr.msg_iov == nullptr) {
      for (std::size_t i = 0; i < kBatch; ++i) {
        vectors[i] = {store[i].data(), kBuffer};
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
        headers[i].msg_hdr.msg_control = control[i].bytes.data();
        headers[i].msg_hdr.msg_controllen = control[i].bytes.size();
      }
    }
    const int got = ::recvmmsg(end.fd, headers.data(), batch_, MSG_DONTWAIT, nullptr);
    for (int n = 0; n < got; ++n) {
      const auto i = static_cast<std::size_t>(n);
      ByteSpan rest(store[i].data(), headers[i].msg_len);
      std::size_t segment = rest.size();
      std::int64_t stamp_ns = 0;
      for (cmsghdr* c = CMSG_FIRSTHDR(&headers[i].msg_hdr); c != nullptr; c = CMSG_NXTHDR(&headers[i].msg_hdr, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
          int value = 0;
          std::memcpy(&value, CMSG_DATA(c), sizeof value);
          if (value > 0) segment = static_cast<std::size_t>(value);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
          timespec stamp{};
          std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
          stamp_ns = static_cast<std::int64_t>(stamp.tv_sec) * 1'000'000'000 + stamp.tv_nsec;
        }
      }
      headers[i].msg_hdr.msg_controllen = control[i].bytes.size();  // the kernel wrote here what it used
      while (!rest.empty()) {
        const std::size_t size = std::min(segment, rest.size());
        take(end, rest.first(size), stamp_ns);
        rest = rest.subspan(size);
      }
    }
  }

  void take(End& end, ByteSpan one, std::int64_t stamp_ns) {
    if (end.stun && one[0] <= 3) {
      (void)end.stun->receive(one, local_now());
      return ask(end);
    }
    std::uint64_t mark = 0;
    std::int64_t sent = 0;
    if (count_ == nullptr || one.size() < end.head + 28) return;
    std::memcpy(&mark, one.data() + end.head + 12, 8);
    std::memcpy(&sent, one.data() + end.head + 20, 8);
    if (mark != kMark) return;
    ++count_->received;
    last_heard_ = local_now();
    if (stamp_ns == 0 || count_->delay_us.size() == count_->delay_us.capacity()) return;
    count_->delay_us.push_back(static_cast<std::uint32_t>(std::max<std::int64_t>(stamp_ns - sent, 0) / 1000));
  }

  unsigned batch_ = kBatch;
  int epoll_;
  Bytes noise_;
  std::vector<End> ends_;
  Count* count_ = nullptr;
  std::uint64_t serial_ = 0;
  LocalTime last_heard_{};
};

}  // namespace

Result<std::unique_ptr<MediaLoad>> bind_beside(const std::vector<SessionTickets>& sessions) {
  auto load = std::make_unique<Load>();
  for (const auto& session : sessions) {
    for (const LegTicket& leg : session.legs) {
      End end;
      end.fd = open_udp(leg.port);
      if (end.fd < 0) return fail(ErrorKind::Environment, "bench: socket", std::strerror(errno));
      end.stun = std::make_unique<flow::StunClientLeg>(flow::StunCredentials{leg.ufrag, SecretText(leg.password)},
                                                       [](MutableByteSpan out) { crypto::random_bytes(out); });
      load->add(std::move(end));
    }
  }
  if (auto bound = load->bind(); !bound) return fail(bound);
  return std::unique_ptr<MediaLoad>(std::move(load));
}

Result<std::unique_ptr<MediaLoad>> allocate_turn(std::uint16_t port, std::size_t pairs) {
  auto load = std::make_unique<Load>();
  for (std::size_t i = 0; i < pairs; ++i) {
    End client, peer;
    client.fd = open_udp(port);
    peer.fd = open_udp(0);
    if (client.fd < 0 || peer.fd < 0) return fail(ErrorKind::Environment, "bench: socket", std::strerror(errno));
    client.head = 4;
    const auto channel = turn_channel(client.fd, peer.fd);
    if (!channel) return fail(channel);
    client.channel = {static_cast<std::uint8_t>(*channel >> 8), static_cast<std::uint8_t>(*channel), 0, 0};
    load->add(std::move(client));
    load->add(std::move(peer));
  }
  return std::unique_ptr<MediaLoad>(std::move(load));
}

}  // namespace beside::bench
