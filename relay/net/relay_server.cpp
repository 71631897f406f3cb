// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/net/relay_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <unordered_map>

#include "engine/base/channels.h"
#include "engine/base/log.h"
#include "engine/base/thread_role.h"
#include "engine/crypto/random.h"
#include "engine/net/http_text_server.h"
#include "engine/net/loop.h"
#include "engine/net/websocket_server.h"
#include "relay/net/media_thread.h"
#include "relay/net/workers.h"

namespace beside::relay {
namespace {

constexpr std::size_t kOwnDescriptors = 128;      // of the database, media, metrics and timers: connections never take these
constexpr std::size_t kMostConnections = 50'000;  // about 1.5 GB when all are idle
constexpr std::size_t kToWebSocketQueue = 4096;
constexpr nanoseconds kBindWithin = 15s;    // a media WebSocket that never proves itself is closed
constexpr nanoseconds kDrain = 700ms;       // for Goodbye to leave the sockets
constexpr double kMediaBytesPerSecond = 64e6;

// A connection is a descriptor. Those who call when all are taken are refused at once and counted (too_many).
std::size_t connection_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return kMostConnections;
  const auto allowed = static_cast<std::size_t>(files.rlim_cur);
  const std::size_t left = allowed > 2 * kOwnDescriptors ? allowed - kOwnDescriptors : allowed / 2;
  if (left < kMostConnections) BS_LOG(Info, "net", "this process may open {} descriptors: {} connections at most", allowed, left);
  return std::min(left, kMostConnections);
}

struct ToWebSocket {
  ConnectionId connection;
  Bytes datagram;
};

}  // namespace

struct RelayServer::Impl final : HubOutside {
  struct MediaConnection {
    LocalTime opened{};
    bool heard = false;       // something came back from the media thread: it was authenticated
    TokenBucket bytes{kMediaBytesPerSecond, 16e6};
  };

  SystemClock clock;
  Metrics metrics;
  net::Loop loop;
  Inbox<ToWebSocket> to_websocket{kToWebSocketQueue};
  std::atomic<bool> websocket_wake{false};
  std::unique_ptr<DbThread> db_thread;
  std::unique_ptr<AuthPool> auth;
  std::unique_ptr<MediaThread> media;
  std::unique_ptr<ControlHub> hub;
  std::unique_ptr<net::WsServer> server;
  std::unique_ptr<net::HttpTextServer> metrics_server;
  std::unique_ptr<net::Timer> timer;
  std::unique_ptr<net::Timer> media_timer;
  LocalTime armed_for = kNever;
  std::unordered_map<ConnectionId, MediaConnection> media_connections;
  std::uint16_t control_port = 0;
  bool stopped = false;
  LocalTime drain_until{};
  std::thread control;

  // HubOutside, on the control thread
  bool send(ConnectionId to, Bytes message) override { return server->send(to, std::move(message)); }
  void close(ConnectionId connection, const std::string& reason) override { server->close(connection, 1000, reason); }
  bool db(DbJob job) override { return db_thread->run(std::move(job)); }
  bool hash(const std::string& source, LoginGuard::Standing standing, HashJob job) override {
    return auth->run(source, standing, std::move(job));
  }
  void media_put(MediaLeg leg) override { media->put_leg(std::move(leg)); }
  void media_remove(const std::string& session_id) override { media->remove_session(session_id); }

  PostFn poster() {
    return [this](Continuation task) {
      loop.post([this, task = std::move(task)] {
        task();
        arm();
      });
    };
  }
  void arm();
  void on_open(ConnectionId id, const std::string& path, const net::PeerAddress& peer);
  void on_message(ConnectionId id, ByteSpan message);
  void on_close(ConnectionId id);
  std::string metrics_text() const;
  void drain_websocket();
  void sweep_media();
  void drain();
  void on_media_event(const MediaThread::Event& event);
};

void RelayServer::Impl::arm() {
  if (drain_until != LocalTime{}) return;  // the timer serves the drain now
  const LocalTime next = hub->next_deadline();
  if (next == armed_for && timer->armed()) return;
  armed_for = next;
  timer->at(next, [this] {
    armed_for = kNever;
    hub->tick();
    arm();
  });
}

void RelayServer::Impl::on_open(ConnectionId id, const std::string& path, const net::PeerAddress& peer) {
  if (path == "/v1/media") {
    media_connections.emplace(id, MediaConnection{loop.now(), false, TokenBucket{kMediaBytesPerSecond, 16e6}});
    Metrics::add(metrics.media_connections);
    if (!media_timer->armed()) media_timer->after(5s, [this] { sweep_media(); });
    return;
  }
  hub->opened(id, peer.ip);
  arm();
}

void RelayServer::Impl::on_message(ConnectionId id, ByteSpan message) {
  const auto it = media_connections.find(id);
  if (it == media_connections.end()) {
    hub->received(id, message);
    return arm();
  }
  if (message.size() > 2048) return metrics.drop(DropReason::Oversized);
  if (!it->second.bytes.take(static_cast<double>(message.size()), loop.now())) return metrics.drop(DropReason::OverBudget);
  (void)media->from_websocket(id, to_bytes(message));
}

void RelayServer::Impl::on_close(ConnectionId id) {
  if (media_connections.erase(id) != 0) {
    Metrics::sub(metrics.media_connections);
    return media->websocket_closed(id);
  }
  hub->closed(id);
  arm();
}

std::string RelayServer::Impl::metrics_text() const {
  std::string out = metrics.text();
  const auto counters = server->counters();
  out += "# TYPE beside_relay_tcp_accepted_total counter\nbeside_relay_tcp_accepted_total " + std::to_string(counters.accepted) + "\n";
  out += "# TYPE beside_relay_connections_closed_total counter\n";
  for (std::size_t i = 0; i < counters.closed.size(); ++i) {
    out += "beside_relay_connections_closed_total{reason=\"" + std::string(net::to_string(static_cast<net::CloseKind>(i))) + "\"} " +
           std::to_string(counters.closed[i]) + "\n";
  }
  return out;
}

void RelayServer::Impl::drain_websocket() {
  websocket_wake.store(false, std::memory_order_release);
  for (int budget = 1024; budget > 0; --budget) {
    auto out = to_websocket.take();
    if (!out) return;
    if (const auto it = media_connections.find(out->connection); it != media_connections.end()) it->second.heard = true;
    if (!server->send_datagram(out->connection, out->datagram)) metrics.drop(DropReason::SlowLeg);
  }
  if (!websocket_wake.exchange(true)) loop.post([this] { drain_websocket(); });
}

void RelayServer::Impl::sweep_media() {
  std::vector<ConnectionId> late;
  for (const auto& [id, connection] : media_connections) {
    if (!connection.heard && loop.now() - connection.opened >= kBindWithin) late.push_back(id);
  }
  for (ConnectionId id : late) {
    metrics.violation(Violation::MediaNotBound);
    server->close(id, 1008, "no valid Binding request");
  }
  if (!media_connections.empty()) media_timer->after(5s, [this] { sweep_media(); });
}

// While stopping: until all have gone, or kDrain is over, whatever they do.
void RelayServer::Impl::drain() {
  if (server->connection_count() == 0 || loop.now() >= drain_until) return loop.stop();
  timer->after(20ms, [this] { drain(); });
}

void RelayServer::Impl::on_media_event(const MediaThread::Event& event) {
  const std::string who = event.side == Side::Operator ? "operator" : "customer";
  switch (event.kind) {
    case MediaThread::Event::Kind::Bound:
      hub->log(event.session_id, "path", who + (event.udp ? " over UDP" : " over TLS"));
      break;
    case MediaThread::Event::Kind::Unbound:
      hub->log(event.session_id, "path", who + " fell silent");
      break;
    case MediaThread::Event::Kind::Removed:
      hub->log(event.session_id, "bytes", "from the operator", event.totals.bytes[0]);
      hub->log(event.session_id, "bytes", "from the customer", event.totals.bytes[1]);
      break;
  }
  arm();
}

RelayServer::RelayServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<RelayServer>> RelayServer::create(const Config& config, const net::TlsIdentity& identity,
                                                         SessionRecords& sessions, AccountRecords& accounts) {
  auto open = sessions.open_sessions();
  if (!open) return fail(open);
  auto impl = std::make_unique<Impl>();
  Impl* self = impl.get();

  net::WsServer::Config ws;
  ws.bind_address = config.bind_address;
  ws.port = config.port;
  ws.max_connections = connection_limit();
  // A tunnel may have 4 MiB on its way to one who reads slowly, and the sequenced messages must still fit.
  ws.limits.send_backlog_bytes = 6u << 20;
  auto server = net::WsServer::create(
      self->loop, ws, identity,
      {[self](ConnectionId id, const std::string& path, const net::PeerAddress& peer) { self->on_open(id, path, peer); },
       [self](ConnectionId id, ByteSpan message) { self->on_message(id, message); },
       [self](ConnectionId id, const net::CloseReason&) { self->on_close(id); }});
  if (!server) return fail(server);
  self->server = std::move(*server);
  self->control_port = self->server->port();

  MediaThread::Config media;
  media.bind_address = config.bind_address;
  media.port = config.media_port != 0 ? config.media_port : self->control_port;
  media.limits = config.media;
  auto thread = MediaThread::create(
      media, self->metrics,
      {[self](ConnectionId id, Bytes datagram) {
         const bool taken = self->to_websocket.put({id, std::move(datagram)});
         if (!self->websocket_wake.exchange(true)) self->loop.post([self] { self->drain_websocket(); });
         return taken;
       },
       [self](MediaThread::Event event) {
         self->loop.post([self, event = std::move(event)] { self->on_media_event(event); });
       }});
  if (!thread) return fail(thread);
  self->media = std::move(*thread);

  if (config.metrics_port >= 0) {
    auto made = net::HttpTextServer::create(self->loop, static_cast<std::uint16_t>(config.metrics_port),
                                            [self] { return self->metrics_text(); });
    if (!made) return fail(made);
    self->metrics_server = std::move(*made);
  }
  self->db_thread = std::make_unique<DbThread>(sessions, accounts, self->poster());
  self->auth = std::make_unique<AuthPool>(self->poster());
  self->timer = std::make_unique<net::Timer>(self->loop);
  self->media_timer = std::make_unique<net::Timer>(self->loop);
  ControlHub::Config hub = config.hub;
  hub.udp_port = self->media->port();
  self->hub = std::make_unique<ControlHub>(
      std::move(hub), self->clock, [](MutableByteSpan out) { crypto::random_bytes(out); }, *self, self->metrics);
  self->hub->restore(*open);
  self->control = std::thread([self] {
    name_this_thread("control");
    self->arm();
    self->loop.run();
  });
  return std::unique_ptr<RelayServer>(new RelayServer(std::move(impl)));
}

RelayServer::~RelayServer() { stop(0); }

void RelayServer::stop(std::uint32_t restart_in_ms) {
  Impl* self = impl_.get();
  if (self->stopped) return;
  self->stopped = true;
  self->loop.post([self, restart_in_ms] {
    self->server->stop_accepting();
    self->hub->shut_down(restart_in_ms);
    // As soon as all have gone, or after kDrain, whatever they do.
    self->drain_until = self->loop.now() + kDrain;
    self->drain();
  });
  self->control.join();
  self->auth.reset();
  self->db_thread->finish();  // commits what was taken
  self->media.reset();
}

std::uint16_t RelayServer::port() const { return impl_->control_port; }
std::uint16_t RelayServer::media_port() const { return impl_->media->port(); }
std::uint16_t RelayServer::metrics_port() const { return impl_->metrics_server ? impl_->metrics_server->port() : 0; }

}  // namespace beside::relay
