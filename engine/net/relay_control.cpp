// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/relay_control.h"

#include <algorithm>
#include <utility>

#include "engine/crypto/random.h"
#include "engine/net/dialer.h"
#include "engine/net/websocket_connection.h"
#include "engine/net/websocket_error.h"

namespace beside::net {
namespace {

constexpr nanoseconds kFirstBackOff = 250ms;
constexpr nanoseconds kSteady = 10s;   // a connection that held so long was a good one
constexpr nanoseconds kLongestBackOff = 15s;
constexpr nanoseconds kEagerBackOff = 250ms;
constexpr nanoseconds kEagerDial = 300ms;
constexpr nanoseconds kEagerFor = 60s;

// States: Closed -> open() -> Trying (dialing, TLS, upgrade) -> Up -> (lost) Waiting -> Trying ...; close() from any.
class Control final : public ports::RelayControl {
 public:
  Control(Loop& loop, RelayControlConfig config) : loop_(loop), config_(std::move(config)), retry_(loop) {}
  ~Control() override { close(); }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  void open(Handlers handlers) override {
    handlers_ = std::move(handlers);
    closed_ = false;
    lost_at_ = loop_.now();
    retry_.after(0ns, [this] { attempt(); });
  }
  bool send(Bytes message) override { return up_ && connection_->send(std::move(message)); }
  void close() override {
    closed_ = true;
    retry_.cancel();
    dialer_.reset();
    up_ = false;
    if (!connection_) return;
    // What was sent before (a Goodbye) still goes out; the connection keeps itself alive for that.
    connection_->forget_handlers();
    connection_->close(1000, "bye");
    connection_.reset();
  }
  void reconnect_now() override {
    if (closed_) return;
    drop_current();
    back_off_ = kFirstBackOff;
    lost_at_ = loop_.now();
    retry_.after(0ns, [this] { attempt(); });
  }
  void reconnect_later() override {
    if (closed_) return;
    drop_current();
    retry_.after(next_delay(), [this] { attempt(); });
  }
  void set_eager(bool in_session) override {
    if (eager_ == in_session) return;
    eager_ = in_session;
    // A long wait that began while idle is not waited out once it is urgent.
    if (eager_ && !closed_ && retry_.armed()) retry_.after(0ns, [this] { attempt(); });
  }
  std::string describe() const override {
    std::string out = wire::format_relay_address({config_.route.address.host, config_.route.address.port, std::nullopt});
    if (up_) out += ", " + connection_->tls_version();
    out += config_.route.address.pin ? ", pinned" : ", system trust";
    return via_proxy_ ? out + ", through a proxy" : out;
  }

 private:
  void drop_current() {
    dialer_.reset();
    up_ = false;
    if (auto gone = std::exchange(connection_, nullptr)) gone->drop();
  }

  void attempt() {
    drop_current();
    config_.route.ways->tried(Way::Control);
    const auto proxy = proxy_of(config_.route);
    if (!proxy) return lost(proxy.error());
    via_proxy_ = proxy->has_value();
    auto tls = TlsContext::make_client({config_.route.address.pin, config_.route.extra_ca_file});
    if (!tls) return lost(tls.error());
    DialTarget target{config_.route.address.host, config_.route.address.port, *proxy};
    if (eager_) target.again = kEagerDial;
    dialer_ = Dialer::start(loop_, std::move(target), [this, context = *tls](Result<int> fd) {
      if (!fd) return lost(fd.error());
      secure(*fd, context);
    });
  }

  void secure(int fd, const TlsContext& context) {
    WebSocketConnection::Handlers handlers;
    handlers.on_open = [this](const std::string&) {
      up_ = true;
      up_since_ = loop_.now();
      config_.route.ways->came_up(Way::Control);
      if (handlers_.up) handlers_.up();
    };
    handlers.on_message = [this](ByteSpan message) {
      if (handlers_.message) handlers_.message(to_bytes(message));
    };
    handlers.on_close = [this, pinned = context.pinned()](const CloseReason& reason) {
      lost(to_error(reason, pinned, config_.route.address));
    };
    const auto& address = config_.route.address;
    connection_ = WebSocketConnection::make_client(loop_, fd, context, {}, address.host, address.port, config_.path,
                                                   std::move(handlers));
  }

  void lost(const Error& error) {
    config_.route.ways->failed(Way::Control, way_failure_of(error));
    const bool was_up = std::exchange(up_, false);
    connection_.reset();
    if (was_up) lost_at_ = loop_.now();
    // One that takes connections only to close them is not asked faster for it.
    if (was_up && lost_at_ - up_since_ >= kSteady) back_off_ = kFirstBackOff;
    // Armed before the handler speaks, which may close() or reconnect_now().
    retry_.after(next_delay(), [this] { attempt(); });
    if (handlers_.down) handlers_.down(error);
  }

  nanoseconds next_delay() {
    if (eager_ && loop_.now() - lost_at_ < kEagerFor) return kEagerBackOff;
    const nanoseconds base = back_off_;
    back_off_ = std::min(back_off_ * 2, kLongestBackOff);
    // Between half and all of it, so that a relay's restart is not met by everybody at once.
    const auto half = static_cast<std::uint32_t>(std::chrono::duration_cast<milliseconds>(base / 2).count());
    return base / 2 + milliseconds(crypto::random_u32_below(half + 1));
  }

  Loop& loop_;
  RelayControlConfig config_;
  Handlers handlers_;
  Timer retry_;
  std::unique_ptr<Dialer> dialer_;
  std::shared_ptr<WebSocketConnection> connection_;
  nanoseconds back_off_ = kFirstBackOff;
  LocalTime up_since_{};
  LocalTime lost_at_{};
  bool closed_ = true, up_ = false, eager_ = false, via_proxy_ = false;
};

}  // namespace

Result<std::optional<ProxySetting>> proxy_of(const RelayRoute& route) {
  if (route.proxy) return std::optional<ProxySetting>(route.proxy);
  if (!route.use_environment_proxy) return std::optional<ProxySetting>();
  return proxy_from_environment(route.address.host);
}

Error to_error(const CloseReason& reason, bool pinned, const wire::RelayAddress& address) {
  const std::string who = wire::format_host_port(address);
  switch (reason.kind) {
    case CloseKind::Untrusted:
      if (pinned)
        return {ErrorKind::Refused, "net/pin", who + " shows another certificate than the one that its address names"};
      return {ErrorKind::Refused, "net/trust", who + " shows a certificate that this computer does not trust: " + reason.text};
    case CloseKind::NotWebSocket:
    case CloseKind::WrongPath:
      return {ErrorKind::PeerFault, "net/websocket", who + " is not a Beside relay: " + reason.text};
    case CloseKind::TextFrame:
    case CloseKind::Oversized:
    case CloseKind::Protocol:
      return {ErrorKind::PeerFault, "net/websocket", who + " broke the protocol: " + reason.text};
    case CloseKind::Tls: return {ErrorKind::Environment, "net/tls", "no secure connection to " + who + ": " + reason.text};
    case CloseKind::Timeout: return {ErrorKind::Environment, "net/timeout", who + " does not answer"};
    case CloseKind::PeerClosed: return {ErrorKind::Environment, "net/closed", who + " closed the connection: " + reason.text};
    default: return {ErrorKind::Environment, "net/connect", "the connection to " + who + " was lost: " + reason.text};
  }
}

std::unique_ptr<ports::RelayControl> make_relay_control(Loop& loop, RelayControlConfig config) {
  return std::make_unique<Control>(loop, std::move(config));
}

}  // namespace beside::net
