// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/net/media_thread.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <variant>
#include <vector>

#include "engine/base/channels.h"
#include "engine/base/log.h"
#include "engine/base/thread_role.h"
#include "engine/crypto/random.h"
#include "relay/net/media_socket.h"

namespace beside::relay {
namespace {

using Address = MediaSocket::Address;
constexpr std::uint64_t kWebSocketBit = 1ull << 63;
constexpr int kBatchesPerWake = 8;             // so many before commands get their turn
// Gathering: after a wake-up that brought so many messages the thread sleeps before it looks again. The next batch then holds
// several of each session, which leave as one super-packet (media_socket.h): a third less work for each datagram. Who sends slower
// than kGatherFrom messages in kGatherFor (160,000 a second) keeps nobody gathering, and what wakes the thread goes on at once.
constexpr std::size_t kGatherFrom = 16;
constexpr timespec kGatherFor{0, 100'000};

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

Error os_error(std::string_view where) { return {ErrorKind::Environment, where, std::strerror(errno)}; }

bool same_source(const Address& a, const Address& b) {
  return a.sin6_port == b.sin6_port && a.sin6_scope_id == b.sin6_scope_id &&
         std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof a.sin6_addr) == 0;
}

}  // namespace

struct MediaThread::Impl {
  Metrics& metrics;
  Handlers handlers;
  Forwarder forwarder;
  std::unique_ptr<MediaSocket> udp;
  int wake = -1;
  std::uint64_t seed = 0;
  std::atomic<bool> stopping{false};
  std::atomic<bool> woken{false};
  Inbox<Command> commands{1u << 20};      // from the control thread alone, a few per session
  Inbox<FromWebSocket> datagrams_in{4096};
  std::thread thread;

  std::vector<Address> address_of;       // by leg, valid while that leg's path is UDP

  Impl(Metrics& m, Handlers h, Forwarder::Limits limits)
      : metrics(m), handlers(std::move(h)), forwarder([](MutableByteSpan to) { crypto::random_bytes(to); }, limits) {
    const auto raw = crypto::random_array<8>();
    std::memcpy(&seed, raw.data(), raw.size());
  }
  ~Impl() {
    if (wake >= 0) ::close(wake);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open(const Config& config);
  void run();
  void ring() {
    if (woken.exchange(true, std::memory_order_acq_rel)) return;
    const std::uint64_t one = 1;
    (void)!::write(wake, &one, sizeof one);
  }
  std::uint64_t path_of(const Address& from) const;
  void drain_tasks(LocalTime now);
  std::size_t receive();
  void datagrams(std::size_t message, LocalTime now);
  void media_run(std::size_t message, MutableByteSpan data, std::size_t segment, std::uint64_t path, const Address* from, LocalTime now);
  void stun(ByteSpan datagram, std::uint64_t path, const Address* from, LocalTime now);
};

Result<void> MediaThread::Impl::open(const Config& config) {
  auto made = MediaSocket::create(config.bind_address, config.port, config.share_port, metrics);
  if (!made) return fail(made);
  udp = std::move(*made);
  wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake < 0) return tl::unexpected(os_error("relay/media: eventfd"));
  return {};
}

std::uint64_t MediaThread::Impl::path_of(const Address& from) const {
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

void MediaThread::Impl::stun(ByteSpan datagram, std::uint64_t path, const Address* from, LocalTime now) {
  auto result = forwarder.on_stun(path, datagram, now, metrics);
  if (result.leg != Forwarder::kNoLeg && result.path_changed) {
    if (from != nullptr) address_of[result.leg] = *from;
    handlers.event({Event::Kind::Bound, forwarder.session_of(result.leg), Forwarder::side_of(result.leg),
                    from != nullptr, {}});
  }
  if (result.reply.empty()) return;
  if (from != nullptr) {
    udp->send_now(result.reply, *from);
  } else if (!handlers.to_websocket(ConnectionId{path & ~kWebSocketBit}, std::move(result.reply))) {
    metrics.drop(DropReason::HandOverFull);
  }
}

void MediaThread::Impl::media_run(std::size_t message, MutableByteSpan data, std::size_t segment, std::uint64_t path,
                                  const Address* from, LocalTime now) {
  const std::size_t count = (data.size() + segment - 1) / segment;
  const auto leg = forwarder.leg_of(path);
  // The number stands for the tuple; the tuple itself decides.
  if (leg == Forwarder::kNoLeg || (from != nullptr && !same_source(address_of[leg], *from))) {
    return metrics.drop(DropReason::UnboundSource, count);
  }
  const auto route = forwarder.on_media(leg, data.size(), count, now);
  if (route.to == Forwarder::kNoLeg) return metrics.drop(route.reason, count);
  Metrics::add(metrics.datagrams, count);
  Metrics::add(metrics.bytes, data.size());
  if ((route.path & kWebSocketBit) == 0) return udp->send_later(message, data, segment, route.to, address_of[route.to]);
  for (std::size_t at = 0; at < data.size(); at += segment) {
    const ByteSpan one = ByteSpan(data).subspan(at, std::min(segment, data.size() - at));
    if (!handlers.to_websocket(ConnectionId{route.path & ~kWebSocketBit}, to_bytes(one))) metrics.drop(DropReason::HandOverFull);
  }
}

// A received super-packet: runs of media go on as they are, STUN requests among them are answered.
void MediaThread::Impl::datagrams(std::size_t message, LocalTime now) {
  const auto& in = udp->at(message);
  const std::size_t segment = in.segment;
  if (in.data.empty()) return;
  const std::uint64_t path = path_of(in.from);
  std::size_t run_from = 0, in_run = 0;
  for (std::size_t at = 0; at < in.data.size(); at += segment) {
    const bool is_stun = in.data[at] <= 3;  // RFC 7983 section 7
    if (!is_stun && in_run < MediaSocket::kMostSegments) {
      ++in_run;
      continue;
    }
    if (at > run_from) media_run(message, in.data.subspan(run_from, at - run_from), segment, path, &in.from, now);
    run_from = at;
    in_run = 1;
    if (!is_stun) continue;
    const std::size_t size = std::min(segment, in.data.size() - at);
    stun(ByteSpan(in.data).subspan(at, size), path, &in.from, now);
    run_from = at + size;
    in_run = 0;
  }
  if (run_from < in.data.size()) media_run(message, in.data.subspan(run_from), segment, path, &in.from, now);
}

// How many messages; fewer than a whole batch: nothing more for now.
std::size_t MediaThread::Impl::receive() {
  const std::size_t got = udp->receive();
  if (got == 0) return 0;
  const LocalTime now = local_now();
  for (std::size_t i = 0; i < got; ++i) datagrams(i, now);
  udp->flush();
  return got;
}

void MediaThread::Impl::drain_tasks(LocalTime now) {
  woken.store(false, std::memory_order_release);
  while (auto command = commands.take()) {
    if (auto* put = std::get_if<PutLeg>(&*command)) {
      const auto leg = forwarder.put_leg(put->leg, now);
      // Room for it now: nothing grows on the packet path.
      if (address_of.size() <= leg + 1) address_of.resize(std::max<std::size_t>(leg + 2, address_of.size() * 2));
      udp->expect_receivers(address_of.size());
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
      media_run(MediaSocket::kNoMessage, ws->datagram, ws->datagram.size(), path, nullptr, now);
      udp->flush();  // the bytes belong to this message
    }
  }
  ring();
}

void MediaThread::Impl::run() {
  name_this_thread("media");
  (void)::prctl(PR_SET_TIMERSLACK, 1'000UL);   // ns; the usual 50 us would be half of what it gathers for
  LocalTime next_poll = local_now() + 1s;
  while (!stopping.load(std::memory_order_acquire)) {
    const LocalTime before = local_now();
    // Silence is looked for at most once a second, and not at all while nobody is bound.
    int timeout = -1;
    if (forwarder.next_deadline() != kNever) {
      const LocalTime due = std::max(next_poll, forwarder.next_deadline());
      timeout = static_cast<int>(std::max<std::int64_t>(
          0, std::chrono::duration_cast<milliseconds>(due - before).count() + 1));
    }
    // poll() and not epoll: it waits on the socket only while it sleeps. An epoll that stands there all the time is woken, in
    // vain, by every datagram that leaves (3 % of the cost of forwarding).
    std::array<pollfd, 2> ready{{{udp->fd(), POLLIN, 0}, {wake, POLLIN, 0}}};
    (void)::poll(ready.data(), ready.size(), timeout);
    const LocalTime now = local_now();
    bool gather = false;
    if (ready[0].revents != 0) {
      std::size_t messages = 0;
      for (int batch = 0; batch < kBatchesPerWake; ++batch) {
        const std::size_t got = receive();
        messages += got;
        if (got < MediaSocket::kBatch) break;
      }
      gather = messages >= kGatherFrom;
    }
    if (ready[1].revents != 0) {
      std::uint64_t drained = 0;
      (void)!::read(wake, &drained, sizeof drained);
      drain_tasks(now);
    }
    if (now >= next_poll) {
      next_poll = now + 1s;
      for (auto& silent : forwarder.poll(now)) {
        handlers.event({Event::Kind::Unbound, silent.session_id, silent.side, false, {}});
      }
    }
    if (gather) (void)::clock_nanosleep(CLOCK_MONOTONIC, 0, &kGatherFor, nullptr);
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

std::uint16_t MediaThread::port() const { return impl_->udp->port(); }

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
