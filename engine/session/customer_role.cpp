// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/customer_role.h"

#include <algorithm>

#include "engine/base/log.h"
#include "engine/wire/session_code.h"

namespace beside::session {
namespace {

constexpr auto kConnectPatience = 12s;

// What a fault of the exchange means to the person who typed the code.
NoticeKind notice_for(ports::ChannelFault fault) {
  switch (fault) {
    case ports::ChannelFault::WrongCode: return NoticeKind::CodeWrong;
    case ports::ChannelFault::Silent: return NoticeKind::CodeSilent;
    case ports::ChannelFault::Disconnected: return NoticeKind::PeerDisconnected;
    case ports::ChannelFault::NoCommonVersion: return NoticeKind::PeerOtherVersion;
    case ports::ChannelFault::WrongCertificate:
    case ports::ChannelFault::Malformed:
    case ports::ChannelFault::TlsError:
    case ports::ChannelFault::None: break;
  }
  return NoticeKind::CodeTampered;
}

}  // namespace

CustomerRole::CustomerRole(CustomerPorts ports, std::optional<wire::RelayAddress> address, std::string company,
                           std::string code_prefill, Published<CustomerSnapshot>& published)
    : ports_(std::move(ports)), published_(published), address_(std::move(address)), company_(std::move(company)),
      code_prefill_(std::move(code_prefill)) {
  if (!address_) stage_ = CustomerStage::NeedAddress;
  else connect();   // so that the person sees at once whether the company can be reached, and the code goes through quickly
  if (!ports_.screen_available) set_notice(NoticeKind::WaylandUnsupported);
  publish();
}

CustomerRole::~CustomerRole() = default;

void CustomerRole::set_notice(NoticeKind kind, std::vector<std::string> args) {
  notice_ = {kind, std::move(args), ++notice_id_};
  dirty_ = true;
}

void CustomerRole::handle(const CustomerCommand& command) {
  std::visit(
      [this](const auto& c) {
        using T = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<T, SetAddress>) {
          if (session_) return;   // a session stays with the relay that it began at
          SecretText code;
          auto parsed = wire::parse_relay_address(c.address, &code);
          if (!parsed) return set_notice(NoticeKind::AddressMalformed, {c.address});
          address_ = *parsed;
          if (!code.empty()) code_prefill_ = std::string(code.reveal());
          stage_ = CustomerStage::Start;
          set_notice(NoticeKind::None);
          control_.reset();
          connect();
        } else if constexpr (std::is_same_v<T, DismissNotice>) {
          if (c.id == notice_.id) set_notice(NoticeKind::None);
        } else if constexpr (std::is_same_v<T, Quit>) {
          wind_down();
          quit_ = true;
        } else if constexpr (std::is_same_v<T, EnterCode>) {
          enter_code(c.code);
        } else if constexpr (std::is_same_v<T, CancelConnecting>) {
          if (stage_ == CustomerStage::Connecting || (session_ && !session_->live())) back_to_start(NoticeKind::None);
        } else if constexpr (std::is_same_v<T, BackToStart>) {
          if (session_ && session_->live() && !session_->ended()) session_->end(EndView::Cause::CustomerStop);
          back_to_start(NoticeKind::None);
        } else if (session_) {
          if constexpr (std::is_same_v<T, DecideAsk>) session_->decide(c);
          else if constexpr (std::is_same_v<T, RevokeRight>) session_->revoke(c.rights);
          else if constexpr (std::is_same_v<T, HideParts>) session_->hide(c.parts);
          else if constexpr (std::is_same_v<T, StopSession>) session_->end(EndView::Cause::CustomerStop);
          else if constexpr (std::is_same_v<T, PanelClosed>) session_->end(EndView::Cause::PanelClosed);
          else if constexpr (std::is_same_v<T, PanelVisibility>) {
            session_->panel_visible(c.visible);
            if (!c.visible && session_->live()) dirty_ = true;
          } else if constexpr (std::is_same_v<T, ConfirmWords>) session_->words_confirmed(c.same);
          else if constexpr (std::is_same_v<T, SayToOperator>) (void)session_->link().say(c.text);
          else if constexpr (std::is_same_v<T, CustomerTyping>) session_->typing(c.typing);
        }
      },
      command);
  dirty_ = true;
  ports_.wake();
}

// ---- code ----

void CustomerRole::enter_code(const std::string& typed) {
  if (stage_ != CustomerStage::Start || session_) return;
  auto parsed = wire::parse_code(typed);
  if (!parsed) return set_notice(NoticeKind::CodeMistyped);
  if (dead_codes_.contains(wire::make_code(parsed->locator, parsed->secret))) return set_notice(NoticeKind::CodeUsed);
  code_ = std::move(*parsed);
  challenge_.clear();
  stage_ = CustomerStage::Connecting;
  connecting_since_ = ports_.clock->now();
  set_notice(NoticeKind::None);
  connect();
}

void CustomerRole::connect() {
  if (!control_) {
    ControlClient::Handlers handlers;
    handlers.ready = [this](const control::Welcome& w) { on_ready(w); };
    handlers.message = [this](const control::Envelope& m) {
      on_message(m);
      ports_.wake();
    };
    handlers.down = [this](Notice notice) {
      if (session_) session_->link().control_down();
      const bool final = notice.kind == NoticeKind::RelayWrongPin || notice.kind == NoticeKind::RelayOtherVersion ||
                         notice.kind == NoticeKind::RelayTooOld || notice.kind == NoticeKind::RelayUntrusted;
      if (final && !session_) control_dead_ = true;  // the next code starts with a new connection
      // What a person was just told of a code stays; a server out of reach is said where nothing else is.
      const bool free = notice_.kind == NoticeKind::None || notice_.kind == NoticeKind::RelayUnreachable;
      if (stage_ == CustomerStage::Start && (final || free)) set_notice(notice.kind, notice.args);
      if (stage_ == CustomerStage::Connecting && final) {
        back_to_start(notice.kind, notice.args);
      } else if (stage_ == CustomerStage::Connecting) {
        set_notice(notice.kind, notice.args);
      }
      dirty_ = true;
      ports_.wake();
    };
    control_ = std::make_unique<ControlClient>(ports_.make_relay(*address_), *ports_.clock, ports_.identity, std::move(handlers));
    control_->open();
  } else if (control_->ready() && stage_ == CustomerStage::Connecting) {
    join();
  }
}

void CustomerRole::join() {
  control::Envelope out;
  control::JoinSession& join = *out.mutable_join_session();
  join.set_request_id(++request_id_);
  join.set_locator(code_->locator);
  (void)control_->send(out);
}

void CustomerRole::on_ready(const control::Welcome& welcome) {
  if (company_.empty()) company_ = welcome.organisation();
  if (session_) {
    session_->link().control_up();
  } else {
    if (notice_.kind == NoticeKind::RelayUnreachable || notice_.kind == NoticeKind::RelayRestarting) set_notice(NoticeKind::None);
    if (stage_ == CustomerStage::Connecting) join();
  }
  dirty_ = true;
  ports_.wake();
}

void CustomerRole::on_message(const control::Envelope& message) {
  // What comes through an open tunnel says itself when it changes what people see; heartbeats do not.
  if (!message.has_tunnel() || !session_ || !session_->live()) dirty_ = true;
  switch (message.body_case()) {
    case control::Envelope::kRefused: on_refused(message.refused()); break;
    case control::Envelope::kJoined: on_joined(message.joined()); break;
    default: break;
  }
  if (!session_) return;
  PeerLink& link = session_->link();
  switch (message.body_case()) {
    case control::Envelope::kTunnel:
      if (message.tunnel().session_id() == link.session_id()) link.on_tunnel(message.tunnel());
      break;
    case control::Envelope::kChatDelivered:
      if (message.chat_delivered().session_id() == link.session_id()) link.on_chat(message.chat_delivered());
      break;
    case control::Envelope::kRejoined:
      if (message.rejoined().session_id() == link.session_id()) link.on_rejoined(message.rejoined());
      break;
    case control::Envelope::kTicketRenewed:
      if (message.ticket_renewed().session_id() == link.session_id()) link.on_ticket(message.ticket_renewed().ticket());
      break;
    case control::Envelope::kPeerState:
      if (message.peer_state().session_id() == link.session_id()) link.on_peer_state(message.peer_state().present());
      break;
    case control::Envelope::kSessionEnded:
      if (message.session_ended().session_id() != link.session_id()) break;
      if (!session_->live()) link.on_peer_gone();
      else session_->end(message.session_ended().reason() == control::SessionEnded::OPERATOR_ENDED ? EndView::Cause::OperatorEnded
                         : message.session_ended().reason() == control::SessionEnded::PEER_LOST    ? EndView::Cause::PeerLost
                                                                                                    : EndView::Cause::RelayEnded);
      if (session_ && !session_->live() && !session_dead_) on_fault(ports::ChannelFault::Disconnected);
      break;
    default: break;
  }
}

void CustomerRole::on_refused(const control::Refused& refused) {
  if (session_) {
    // A session that the relay does not know any more cannot be re-joined.
    if (refused.reason() == control::Refused::NO_SUCH_SESSION && session_->live()) session_->end(EndView::Cause::RelayEnded);
    return;
  }
  if (stage_ != CustomerStage::Connecting || refused.request_id() != request_id_) return;
  switch (refused.reason()) {
    case control::Refused::NEEDS_HASHCASH: {
      challenge_ = to_bytes(as_bytes(refused.challenge()));
      ports_.solve_hashcash(challenge_, [this, id = request_id_](Bytes answer) {
        if (stage_ != CustomerStage::Connecting || id != request_id_ || !code_) return;
        control::Envelope out;
        control::JoinSession& join = *out.mutable_join_session();
        join.set_request_id(++request_id_);
        join.set_locator(code_->locator);
        join.set_hashcash(as_text(answer).data(), answer.size());
        join.set_challenge(as_text(challenge_).data(), challenge_.size());
        (void)control_->send(out);
      });
      return;
    }
    case control::Refused::CODE_USED: return back_to_start(NoticeKind::CodeUsed);
    case control::Refused::CODE_EXPIRED: return back_to_start(NoticeKind::CodeExpired);
    case control::Refused::THROTTLED:
      return back_to_start(NoticeKind::CodeThrottled, {std::to_string((refused.retry_after_ms() + 999) / 1000)});
    default: return back_to_start(NoticeKind::CodeUnknown);
  }
}

void CustomerRole::on_joined(const control::Joined& joined) {
  if (stage_ != CustomerStage::Connecting || joined.request_id() != request_id_ || !code_ || session_) return;
  ChannelRequest request;
  request.role = ports::End::Customer;
  request.secret = SecretText(code_->secret.reveal());
  request.relay_name = control_->relay_name();
  request.locator = code_->locator;
  auto channel = ports_.make_channel(std::move(request));
  if (!channel) {
    BS_LOG(Error, "session", "{}", dump_error(channel.error()));
    return back_to_start(NoticeKind::CodeTampered);
  }
  CustomerSession::Events events;
  events.not_opened = [this](ports::ChannelFault fault) { on_fault(fault); };
  events.over = [this] { session_over_ = true; };
  events.line_returned = [this] {
    if (control_) control_->check();
    ports_.wake();
  };
  events.changed = [this] {
    dirty_ = true;
    ports_.wake();
  };
  events.notice = [this](NoticeKind kind, std::vector<std::string> args) { set_notice(kind, std::move(args)); };
  stage_ = CustomerStage::Securing;
  connecting_since_ = ports_.clock->now();
  session_over_ = session_dead_ = false;
  control_->set_in_session(true);
  session_ = std::make_unique<CustomerSession>(ports_, joined.session_id(), to_bytes(as_bytes(joined.leg_token())),
                                               std::move(*channel), [this](const control::Envelope& m) { return control_ && control_->send(m); },
                                               joined.ticket(), std::move(events));
}

void CustomerRole::on_fault(ports::ChannelFault fault) {
  if (!session_ || session_dead_) return;
  session_dead_ = true;  // destroyed in poll(), not from inside its own call
  if (code_ && session_->link().guess_spent()) dead_codes_.insert(wire::make_code(code_->locator, code_->secret));
  set_notice(notice_for(fault));
  control::Envelope leave;
  leave.mutable_leave_session()->set_session_id(session_->link().session_id());
  leave.mutable_leave_session()->set_reason(control::SessionEnded::CODE_BURNT);
  (void)control_->send(leave);
  ports_.wake();
}

void CustomerRole::back_to_start(NoticeKind kind, std::vector<std::string> args) {
  if (session_ && code_) {
    // Also when all went well: one use. A relay that let it in again would have another guess.
    if (session_->link().guess_spent()) dead_codes_.insert(wire::make_code(code_->locator, code_->secret));
    control::Envelope leave;   // harmless when the session has left already
    leave.mutable_leave_session()->set_session_id(session_->link().session_id());
    leave.mutable_leave_session()->set_reason(session_->live() ? control::SessionEnded::CUSTOMER_ENDED : control::SessionEnded::CODE_BURNT);
    (void)control_->send(leave);
  }
  if (session_) session_dead_ = true;
  code_.reset();
  ++request_id_;
  code_prefill_.clear();
  stage_ = address_ ? CustomerStage::Start : CustomerStage::NeedAddress;
  set_notice(kind, std::move(args));
}

bool CustomerRole::exchange_not_begun() const {
  return session_ && !session_dead_ && !session_->live() && !session_->ended() && !session_->link().guess_spent();
}

// ---- time ----

void CustomerRole::wind_down() {
  if (session_ && session_->live() && !session_->ended()) session_->end(EndView::Cause::PanelClosed);
}

bool CustomerRole::wound_down() const { return !session_ || !session_->ended() || session_->finished(); }

void CustomerRole::shut_down() {
  wind_down();
  if (session_) session_->poll(ports_.clock->now());
  if (session_ && session_->ended()) session_->finish();   // nobody stays to wait for the farewell
  if (control_) control_->close();
}

void CustomerRole::poll(LocalTime now) {
  if (control_dead_ && !session_) {
    control_dead_ = false;
    control_.reset();
  }
  if (control_) control_->poll(now);
  if (session_) session_->poll(now);
  // Before a share arrived the channel itself waits without end; a relay that passes nothing on may not keep a person there.
  if (exchange_not_begun() && now - connecting_since_ > kConnectPatience) on_fault(ports::ChannelFault::Disconnected);
  if (session_dead_) {
    session_dead_ = false;
    session_.reset();
    code_.reset();
    stage_ = address_ ? CustomerStage::Start : CustomerStage::NeedAddress;
    if (control_) control_->set_in_session(false);
    dirty_ = true;
  }
  if (session_over_ && control_) {
    session_over_ = false;
    control_->set_in_session(false);
  }
  if (stage_ == CustomerStage::Connecting && now - connecting_since_ > kConnectPatience) {
    if (notice_.kind != NoticeKind::None) back_to_start(notice_.kind, notice_.args);
    else back_to_start(NoticeKind::RelayUnreachable, {address_ ? wire::format_host_port(*address_) : "", "no answer"});
  }
  if (dirty_) publish();
}

LocalTime CustomerRole::next_deadline() const {
  LocalTime next = kNever;
  if (control_) next = std::min(next, control_->next_deadline());
  if (session_) next = std::min(next, session_->next_deadline());
  if (stage_ == CustomerStage::Connecting || exchange_not_begun()) next = std::min(next, connecting_since_ + kConnectPatience + 1ms);
  return next;
}

void CustomerRole::publish() {
  dirty_ = false;
  CustomerSnapshot s;
  s.stage = stage_;
  s.company = company_;
  if (address_) {
    s.relay = wire::format_host_port(*address_);
    s.relay_pinned = address_->pin.has_value();
  }
  s.relay_up = control_ && control_->ready();
  s.code_prefill = code_prefill_;
  s.screen_available = ports_.screen_available;
  if (session_ && !session_dead_) session_->fill(s);
  s.notice = notice_;
  published_.publish(std::move(s));
}

}  // namespace beside::session
