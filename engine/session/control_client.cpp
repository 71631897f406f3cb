// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/control_client.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"

namespace beside::session {
namespace {

constexpr std::uint32_t kProtocol = 1;
constexpr auto kSessionPing = 1s;
constexpr auto kSessionSilence = 2s;
constexpr auto kCheckAfter = 700ms, kCheckPatience = 250ms;
constexpr auto kWelcomePatience = 10s, kSessionWelcomePatience = 3s;

// "host:443" of "beside://host:443, TLS 1.3, pinned": what a person needs of it.
std::string host_of(std::string described) {
  constexpr std::string_view kScheme = "beside://";
  described.resize(std::min(described.find(','), described.size()));
  return described.starts_with(kScheme) ? described.substr(kScheme.size()) : described;
}

Notice notice_for(const Error& error, const std::string& address) {
  if (error.where == "net/pin") return {NoticeKind::RelayWrongPin, {address}};
  if (error.where == "net/trust") return {NoticeKind::RelayUntrusted, {address, error.detail}};
  return {NoticeKind::RelayUnreachable, {address, error.detail}};
}

Notice notice_for(const control::Goodbye& goodbye) {
  switch (goodbye.reason()) {
    case control::Goodbye::NO_COMMON_VERSION: return {NoticeKind::RelayOtherVersion, {goodbye.detail()}};
    case control::Goodbye::BELOW_MINIMUM_VERSION: return {NoticeKind::RelayTooOld, {goodbye.detail()}};
    case control::Goodbye::SHUTTING_DOWN: return {NoticeKind::RelayRestarting, {}};
    default: return {NoticeKind::RelayUnreachable, {"", goodbye.detail()}};
  }
}

}  // namespace

ControlClient::ControlClient(std::unique_ptr<ports::RelayControl> relay, const TimeSource& clock, Identity identity,
                             Handlers handlers)
    : relay_(std::move(relay)), clock_(clock), identity_(std::move(identity)), handlers_(std::move(handlers)) {}

ControlClient::~ControlClient() = default;

void ControlClient::open() {
  if (opened_) return;
  opened_ = true;
  relay_->open({[this] { on_up(); }, [this](Bytes bytes) { on_message(bytes); }, [this](Error e) { on_down(e); }});
}

void ControlClient::close() {
  if (!opened_) return;
  control::Envelope out;
  out.mutable_goodbye()->set_reason(control::Goodbye::LEAVING);
  (void)send(out);
  relay_->close();
  opened_ = ready_ = false;
}

void ControlClient::on_up() {
  last_heard_ = clock_.now();
  checked_at_ = asked_at_ = kNever;
  ping_due_ = last_heard_ + (in_session_ ? kSessionWelcomePatience : kWelcomePatience);  // a relay that never says Welcome is not waited for
  reliable_.connected();
  control::Envelope out;
  control::Hello& hello = *out.mutable_hello();
  hello.set_protocol_min(kProtocol);
  hello.set_protocol_max(kProtocol);
  hello.set_program(identity_.program);
  hello.set_version(identity_.version);
  hello.set_build_id(as_text(identity_.build_id).data(), identity_.build_id.size());
  hello.set_role(identity_.role);
  hello.set_locale(identity_.locale);
  hello.set_resume_token(as_text(resume_token_).data(), resume_token_.size());
  hello.set_last_seq(reliable_.last_received());
  (void)send(out);
}

bool ControlClient::send(const control::Envelope& message) {
  const auto sent = reliable_.send(message, clock_.now());
  if (!sent) BS_LOG_LIMITED(Warn, "control", "not sent: {}", dump_error(sent.error()));
  flush();
  return static_cast<bool>(sent);
}

void ControlClient::flush() {
  for (Bytes& bytes : reliable_.take_outgoing(clock_.now())) {
    if (!relay_->send(std::move(bytes))) break;  // what was not sent is kept by reliable_ and goes again after resume
  }
}

void ControlClient::on_message(const Bytes& bytes) {
  const LocalTime now = clock_.now();
  last_heard_ = now;
  checked_at_ = kNever;
  auto received = reliable_.receive(bytes, now);
  if (!received) {
    BS_LOG_LIMITED(Warn, "control", "the relay broke the protocol: {}", dump_error(received.error()));
    lost({NoticeKind::RelayUnreachable, {"", dump_error(received.error())}});
    relay_->reconnect_later();
    return;
  }
  if (!*received) {
    flush();
    return;
  }
  const control::Envelope& in = **received;
  switch (in.body_case()) {
    case control::Envelope::kWelcome: {
      const control::Welcome& welcome = in.welcome();
      if (welcome.protocol() != kProtocol) {
        lost({NoticeKind::RelayOtherVersion, {std::to_string(welcome.protocol())}});
        relay_->close();
        return;
      }
      resume_token_ = to_bytes(as_bytes(welcome.resume_token()));
      relay_name_ = welcome.relay_name();
      organisation_ = welcome.organisation();
      if (welcome.ping_interval_ms() > 0) idle_ping_ = std::clamp<nanoseconds>(milliseconds(welcome.ping_interval_ms()), 1s, 60s);
      if (!welcome.resumed()) {
        reliable_.restart(now, false);  // the roles ask anew, in the order that a relay without memory needs
      } else if (auto resumed = reliable_.resume(welcome.last_seq(), now); !resumed) {
        lost({NoticeKind::RelayUnreachable, {"", dump_error(resumed.error())}});
        relay_->reconnect_later();
        return;
      }
      ready_ = true;
      ping_due_ = now + (in_session_ ? nanoseconds(kSessionPing) : idle_ping_);
      handlers_.ready(welcome);
      break;
    }
    case control::Envelope::kGoodbye: {
      const Notice notice = notice_for(in.goodbye());
      never_again_ = notice.kind == NoticeKind::RelayOtherVersion || notice.kind == NoticeKind::RelayTooOld;
      lost(notice);
      if (never_again_) relay_->close();
      return;
    }
    case control::Envelope::kPing: {
      control::Envelope out;
      out.mutable_pong()->set_nonce(in.ping().nonce());
      (void)send(out);
      break;
    }
    case control::Envelope::kPong:
      if (asked_at_ != kNever) rtt_ = now - std::exchange(asked_at_, kNever);
      break;
    default: handlers_.message(in); break;
  }
  flush();
}

void ControlClient::lost(Notice notice) {
  reliable_.disconnected();
  ready_ = false;
  ping_due_ = checked_at_ = kNever;
  handlers_.down(std::move(notice));
}

void ControlClient::on_down(const Error& error) {
  if (never_again_) return;  // its own Goodbye said more than the broken connection does
  lost(notice_for(error, host_of(relay_->describe())));
}

void ControlClient::set_in_session(bool in_session) {
  if (in_session_ == in_session) return;
  in_session_ = in_session;
  relay_->set_eager(in_session);
  if (ready_) ping_due_ = clock_.now() + (in_session ? nanoseconds(kSessionPing) : idle_ping_);
}

void ControlClient::reconnect_now() {
  reliable_.disconnected();
  ready_ = false;
  relay_->reconnect_now();
}

void ControlClient::check() {
  const LocalTime now = clock_.now();
  if (!ready_ || asked_at_ == kNever || now - asked_at_ < kCheckAfter + rtt_ || checked_at_ != kNever) return;
  checked_at_ = ping_due_ = now;
}

nanoseconds ControlClient::silence() const { return in_session_ ? nanoseconds(kSessionSilence) : idle_ping_ * 2 + 5s; }

bool ControlClient::mute(LocalTime now) const {
  if (!ready_) return ping_due_ <= now;
  return now - last_heard_ >= silence() || (checked_at_ != kNever && now - checked_at_ >= kCheckPatience + 2 * rtt_);
}

void ControlClient::poll(LocalTime now) {
  if (mute(now)) {
    lost({NoticeKind::Reconnecting, {}});
    relay_->reconnect_now();
    return;
  }
  if (ready_ && ping_due_ <= now) {
    control::Envelope out;
    out.mutable_ping()->set_nonce(static_cast<std::uint64_t>(to_us(now)));
    (void)send(out);
    if (asked_at_ == kNever) asked_at_ = now;
    ping_due_ = now + (in_session_ ? nanoseconds(kSessionPing) : idle_ping_);
  }
  flush();
}

LocalTime ControlClient::next_deadline() const {
  LocalTime next = std::min(ping_due_, reliable_.next_deadline());
  if (ready_) next = std::min(next, last_heard_ + silence());
  if (ready_ && checked_at_ != kNever) next = std::min(next, checked_at_ + kCheckPatience + 2 * rtt_);
  return next;
}

}  // namespace beside::session
