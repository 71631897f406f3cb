// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/operator_role.h"

#include <algorithm>

#include "engine/base/log.h"

namespace beside::session {
namespace {

constexpr milliseconds kLadderEvery{500};

}  // namespace

OperatorRole::OperatorRole(OperatorPorts ports, std::optional<wire::RelayAddress> address, std::string company,
                           Published<OperatorSnapshot>& published)
    : ports_(std::move(ports)), published_(published), address_(std::move(address)), company_(std::move(company)) {
  stage_ = address_ ? OperatorStage::SignIn : OperatorStage::NeedAddress;
  if (address_) connect();
  publish();
}

OperatorRole::~OperatorRole() = default;

void OperatorRole::set_notice(NoticeKind kind, std::vector<std::string> args) {
  notice_ = {kind, std::move(args), ++notice_id_};
  dirty_ = true;
}

OperatorSession* OperatorRole::find(std::uint32_t local_id) {
  for (auto& s : sessions_) {
    if (s->local_id() == local_id) return s.get();
  }
  return nullptr;
}

OperatorSession* OperatorRole::find(const std::string& session_id) {
  for (auto& s : sessions_) {
    if (!session_id.empty() && s->session_id() == session_id) return s.get();
  }
  return nullptr;
}

void OperatorRole::connect() {
  ControlClient::Handlers handlers;
  handlers.ready = [this](const control::Welcome& w) { on_ready(w); };
  handlers.message = [this](const control::Envelope& m) {
    on_message(m);
    ports_.wake();
  };
  handlers.down = [this](Notice notice) {
    for (auto& s : sessions_) {
      if (s->link()) s->link()->control_down();
    }
    if (stage_ == OperatorStage::SigningIn) stage_ = credentials_.invitation.empty() ? OperatorStage::SignIn : OperatorStage::Redeem;
    signed_in_ = false;
    set_notice(notice.kind, notice.args);
    ports_.wake();
  };
  control_ = std::make_unique<ControlClient>(ports_.make_relay(*address_), *ports_.clock, ports_.identity, std::move(handlers));
  control_->open();
}

void OperatorRole::sign_in() {
  if (!control_ || !control_->ready()) return;
  control::Envelope out;
  sign_in_request_ = ++request_id_;
  if (!credentials_.invitation.empty()) {
    control::RedeemInvitation& redeem = *out.mutable_redeem_invitation();
    redeem.set_request_id(sign_in_request_);
    redeem.set_token(as_text(credentials_.invitation).data(), credentials_.invitation.size());
    redeem.set_display_name(credentials_.display_name);
    redeem.set_password(std::string(credentials_.password.reveal()));
  } else {
    control::SignIn& in = *out.mutable_sign_in();
    in.set_request_id(sign_in_request_);
    in.set_login(credentials_.login);
    if (!credentials_.token.empty()) in.set_token(as_text(credentials_.token).data(), credentials_.token.size());
    else in.set_password(std::string(credentials_.password.reveal()));
  }
  (void)control_->send(out);
}

void OperatorRole::on_ready(const control::Welcome& welcome) {
  if (company_.empty()) company_ = welcome.organisation();
  if (notice_.kind == NoticeKind::RelayUnreachable || notice_.kind == NoticeKind::Reconnecting ||
      notice_.kind == NoticeKind::RelayRestarting) {
    set_notice(NoticeKind::None);
  }
  if (welcome.resumed()) {
    signed_in_ = stage_ == OperatorStage::Console;
    if (signed_in_) {
      for (auto& s : sessions_) {
        if (s->link()) rejoin(*s);
      }
    }
  } else {
    signed_in_ = false;
  }
  const bool have = !credentials_.token.empty() || !credentials_.password.empty();
  if (!signed_in_ && have && (stage_ == OperatorStage::SigningIn || stage_ == OperatorStage::Console)) sign_in();
  dirty_ = true;
  ports_.wake();
}

void OperatorRole::on_message(const control::Envelope& message) {
  if (message.has_tunnel()) {
    // What comes through an open tunnel says itself when it changes what people see; heartbeats do not.
    OperatorSession* const to = find(message.tunnel().session_id());
    if (to != nullptr && to->link() != nullptr && to->link()->open()) {
      to->link()->on_tunnel(message.tunnel());
      return in_session_changed();
    }
  }
  dirty_ = true;
  switch (message.body_case()) {
    case control::Envelope::kSignedIn: {
      const control::SignedIn& in = message.signed_in();
      if (in.request_id() != sign_in_request_) break;
      signed_in_ = true;
      stage_ = OperatorStage::Console;
      login_ = in.login();
      display_name_ = in.display_name();
      ports_.person = display_name_.empty() ? login_ : display_name_;
      credentials_ = {};
      credentials_.login = login_;
      credentials_.token = to_bytes(as_bytes(in.token()));
      credentials_.renewed = true;
      set_notice(NoticeKind::None);
      code_requests_.clear();
      for (auto& s : sessions_) {
        if (s->link()) rejoin(*s);
        else if (s->wants_code()) ask_for_code(s->local_id());
      }
      break;
    }
    case control::Envelope::kRefused: on_refused(message.refused()); break;
    case control::Envelope::kSessionCreated: {
      const auto wanted = code_requests_.find(message.session_created().request_id());
      if (wanted == code_requests_.end()) break;
      if (OperatorSession* s = find(wanted->second); s != nullptr && s->wants_code()) {
        s->created(message.session_created(), control_->relay_name());
      } else {   // ended while the code was on its way: nobody shall come in by it
        control::Envelope leave;
        leave.mutable_leave_session()->set_session_id(message.session_created().session_id());
        leave.mutable_leave_session()->set_reason(control::SessionEnded::OPERATOR_ENDED);
        (void)send(leave);
      }
      code_requests_.erase(wanted);
      break;
    }
    case control::Envelope::kTunnel:
      if (OperatorSession* s = find(message.tunnel().session_id())) s->link()->on_tunnel(message.tunnel());
      break;
    case control::Envelope::kChatDelivered:
      if (OperatorSession* s = find(message.chat_delivered().session_id())) s->link()->on_chat(message.chat_delivered());
      break;
    case control::Envelope::kRejoined:
      if (OperatorSession* s = find(message.rejoined().session_id())) s->link()->on_rejoined(message.rejoined());
      break;
    case control::Envelope::kTicketRenewed:
      if (OperatorSession* s = find(message.ticket_renewed().session_id())) s->link()->on_ticket(message.ticket_renewed().ticket());
      break;
    case control::Envelope::kPeerState:
      if (OperatorSession* s = find(message.peer_state().session_id())) s->link()->on_peer_state(message.peer_state().present());
      break;
    case control::Envelope::kSessionEnded:
      if (OperatorSession* s = find(message.session_ended().session_id())) {
        switch (message.session_ended().reason()) {
          case control::SessionEnded::CUSTOMER_ENDED: s->peer_left_for_good(EndView::Cause::CustomerStop); break;
          case control::SessionEnded::PEER_LOST: s->peer_left_for_good(EndView::Cause::PeerLost); break;
          case control::SessionEnded::CODE_EXPIRED: s->end(EndView::Cause::Expired); break;
          case control::SessionEnded::CODE_BURNT: s->peer_left_for_good(EndView::Cause::CodeDead); break;
          default: s->peer_left_for_good(EndView::Cause::RelayEnded); break;
        }
      }
      break;
    default: break;
  }
  in_session_changed();
}

void OperatorRole::on_refused(const control::Refused& refused) {
  using R = control::Refused;
  if (refused.request_id() == sign_in_request_) {
    const bool renewed = credentials_.renewed;
    const bool redeem = !credentials_.invitation.empty();
    if (refused.reason() == R::BUSY) return;
    if (stage_ != OperatorStage::Console || renewed) stage_ = redeem ? OperatorStage::Redeem : OperatorStage::SignIn;
    credentials_ = {};
    signed_in_ = false;
    switch (refused.reason()) {
      case R::THROTTLED: return set_notice(NoticeKind::SignInThrottled, {std::to_string((refused.retry_after_ms() + 999) / 1000)});
      case R::DISABLED: return set_notice(NoticeKind::SignInDisabled);
      case R::WEAK_PASSWORD: return set_notice(NoticeKind::PasswordWeak, {refused.detail()});
      case R::COMMON_PASSWORD: return set_notice(NoticeKind::PasswordCommon);
      case R::INVITATION_USED: return set_notice(NoticeKind::InvitationUsed);
      case R::INVITATION_EXPIRED: return set_notice(NoticeKind::InvitationExpired);
      default: return set_notice(NoticeKind::SignInWrong);
    }
  }
  if (const auto wanted = code_requests_.find(refused.request_id()); wanted != code_requests_.end()) {
    if (OperatorSession* s = find(wanted->second)) s->end(EndView::Cause::RelayEnded);
    code_requests_.erase(wanted);
  }
  if (const auto wanted = rejoin_requests_.find(refused.request_id()); wanted != rejoin_requests_.end()) {
    // The relay does not know the session any more: nobody can come back to it.
    OperatorSession* s = find(wanted->second);
    rejoin_requests_.erase(wanted);
    if (s != nullptr && refused.reason() == R::NO_SUCH_SESSION) s->peer_left_for_good(EndView::Cause::RelayEnded);
  }
}

void OperatorRole::rejoin(OperatorSession& session) {
  std::erase_if(rejoin_requests_, [&](const auto& r) { return r.second == session.local_id(); });
  rejoin_requests_[++request_id_] = session.local_id();
  session.link()->control_up(request_id_);
}

void OperatorRole::ask_for_code(std::uint32_t local_id) {
  OperatorSession* s = find(local_id);
  if (s == nullptr || !control_) return;
  control::Envelope out;
  out.mutable_new_session()->set_request_id(++request_id_);
  if (s->valid_minutes() != 0) out.mutable_new_session()->set_valid_s(std::clamp(s->valid_minutes(), 1u, 60u) * 60);
  code_requests_[request_id_] = local_id;
  (void)control_->send(out);
}

void OperatorRole::handle(const OperatorCommand& command) {
  std::visit(
      [this](const auto& c) {
        using T = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<T, SetAddress>) {
          auto parsed = wire::parse_relay_address(c.address, nullptr);
          if (!parsed) return set_notice(NoticeKind::AddressMalformed, {c.address});
          address_ = *parsed;
          stage_ = OperatorStage::SignIn;
          set_notice(NoticeKind::None);
          connect();
        } else if constexpr (std::is_same_v<T, DismissNotice>) {
          if (c.id == notice_.id) set_notice(NoticeKind::None);
          for (auto& s : sessions_) s->dismiss_notice(c.id);
        } else if constexpr (std::is_same_v<T, Quit>) {
          wind_down();
          quit_ = true;
        } else if constexpr (std::is_same_v<T, SignIn>) {
          credentials_ = {};
          credentials_.login = c.login;
          credentials_.password = SecretText(c.password);
          stage_ = OperatorStage::SigningIn;
          sign_in();
        } else if constexpr (std::is_same_v<T, SignInWithToken>) {
          auto token = from_base64url(c.token);
          if (!token || token->size() != 32) return set_notice(NoticeKind::SignInWrong);
          credentials_ = {};
          credentials_.token = std::move(*token);
          stage_ = OperatorStage::SigningIn;
          sign_in();
        } else if constexpr (std::is_same_v<T, Redeem>) {
          const std::size_t mark = c.invitation.rfind("invite=");   // people paste the whole link
          auto token = from_base64url(mark == std::string::npos ? c.invitation : c.invitation.substr(mark + 7));
          if (!token || token->size() != 32) return set_notice(NoticeKind::InvitationUsed);
          credentials_ = {};
          credentials_.invitation = std::move(*token);
          credentials_.display_name = c.display_name;
          credentials_.password = SecretText(c.password);
          stage_ = OperatorStage::SigningIn;
          sign_in();
        } else if constexpr (std::is_same_v<T, SignOut>) {
          for (auto& s : sessions_) s->end(EndView::Cause::OperatorEnded);
          control::Envelope out;
          out.mutable_sign_out()->set_request_id(++request_id_);
          (void)send(out);
          credentials_ = {};
          signed_in_ = false;
          stage_ = OperatorStage::SignIn;
        } else if constexpr (std::is_same_v<T, NewSession>) {
          if (stage_ != OperatorStage::Console) return;
          OperatorSession::Events events;
          events.need_code = [this](std::uint32_t id) { ask_for_code(id); };
          events.changed = [this] {
            dirty_ = true;
            ports_.wake();
          };
          events.line_returned = [this] {
            if (control_) control_->check();
            ports_.wake();
          };
          const std::uint32_t id = next_local_id_++;
          sessions_.push_back(std::make_unique<OperatorSession>(
              ports_, id, c, [this](const control::Envelope& m) { return send(m); }, std::move(events)));
          ask_for_code(id);
        } else if constexpr (std::is_same_v<T, DismissSession>) {
          std::erase_if(sessions_, [&](const auto& s) { return s->local_id() == c.session && s->stage() == SessionStage::Ended; });
        } else if constexpr (std::is_same_v<T, WatchLadder>) {
          ladder_due_ = c.on ? ports_.clock->now() + kLadderEvery : kNever;
        } else if constexpr (requires { c.session; }) {
          OperatorSession* s = find(c.session);
          if (s == nullptr) return;
          if constexpr (std::is_same_v<T, AskRights>) s->ask(c.rights, c.reason);
          else if constexpr (std::is_same_v<T, WithdrawAsk>) s->withdraw_ask();
          else if constexpr (std::is_same_v<T, GiveBackRight>) s->give_back(c.rights);
          else if constexpr (std::is_same_v<T, ChooseMonitor>) s->choose_monitor(c.monitor_id);
          else if constexpr (std::is_same_v<T, SendInput>) s->input(c.event);
          else if constexpr (std::is_same_v<T, SayToCustomer>) s->say(c.text);
          else if constexpr (std::is_same_v<T, OperatorTyping>) s->typing(c.typing);
          else if constexpr (std::is_same_v<T, MarkChatRead>) s->mark_read();
          else if constexpr (std::is_same_v<T, EndSession>) s->end(EndView::Cause::OperatorEnded);
          else if constexpr (std::is_same_v<T, ConfirmWords>) s->words_confirmed(c.same);
          else if constexpr (std::is_same_v<T, PictureShown>) s->picture_shown(c.number, LocalTime(microseconds(c.shown_at_us)));
          else if constexpr (std::is_same_v<T, RefreshPicture>) s->refresh();
          else if constexpr (std::is_same_v<T, TakeScreenshot>) s->take_screenshot(c.as_it_is);
          else if constexpr (std::is_same_v<T, ForgetScreenshot>) s->forget_screenshot();
          else if constexpr (std::is_same_v<T, WatchPicture>) s->watch_picture();
        }
      },
      command);
  if (std::holds_alternative<SendInput>(command) || std::holds_alternative<PictureShown>(command) || std::holds_alternative<WatchPicture>(command))
    return;  // many a second
  in_session_changed();
  dirty_ = true;
  ports_.wake();
}

void OperatorRole::in_session_changed() {
  const bool any = std::any_of(sessions_.begin(), sessions_.end(), [](const auto& s) {
    return s->stage() == SessionStage::Live || s->stage() == SessionStage::Recovering || s->stage() == SessionStage::Securing;
  });
  if (control_) control_->set_in_session(any);
}

void OperatorRole::wind_down() {
  for (auto& s : sessions_) s->end(EndView::Cause::OperatorEnded);
}

bool OperatorRole::wound_down() const {
  return std::all_of(sessions_.begin(), sessions_.end(), [](const auto& s) { return s->over(); });
}

void OperatorRole::shut_down() {
  for (auto& s : sessions_) s->end(EndView::Cause::OperatorEnded);
  const LocalTime now = ports_.clock->now();
  for (auto& s : sessions_) s->poll(now);
  if (control_) control_->close();
}

void OperatorRole::poll(LocalTime now) {
  if (control_) control_->poll(now);
  for (auto& s : sessions_) s->poll(now);
  if (now >= ladder_due_) {
    ladder_due_ = now + kLadderEvery;
    dirty_ = true;
  }
  if (dirty_) publish();
}

LocalTime OperatorRole::next_deadline() const {
  LocalTime next = std::min(control_ ? control_->next_deadline() : kNever, ladder_due_);
  for (const auto& s : sessions_) next = std::min(next, s->next_deadline());
  return next;
}

// A number stays with its session, whoever else comes and goes; the first of a name has the 1.
void OperatorRole::tell_namesakes_apart(std::vector<SessionView>& views) {
  std::erase_if(namesakes_, [&](const auto& known) {
    return std::none_of(views.begin(), views.end(), [&](const SessionView& v) { return v.local_id == known.first; });
  });
  for (SessionView& v : views) {
    if (v.peer.name.empty()) continue;
    auto known = namesakes_.find(v.local_id);
    if (known == namesakes_.end()) {
      std::uint32_t number = 1;
      const auto taken = [&](const SessionView& other) {
        const auto theirs = namesakes_.find(other.local_id);
        return other.peer.name == v.peer.name && theirs != namesakes_.end() && theirs->second == number;
      };
      while (std::any_of(views.begin(), views.end(), taken)) ++number;
      known = namesakes_.emplace(v.local_id, number).first;
    }
    v.namesake = known->second;
  }
}

void OperatorRole::publish() {
  dirty_ = false;
  OperatorSnapshot snapshot;
  snapshot.stage = stage_;
  snapshot.company = company_;
  if (address_) {
    snapshot.relay = wire::format_host_port(*address_);
    snapshot.relay_address = wire::format_relay_address(*address_);
    snapshot.relay_pinned = address_->pin.has_value();
  }
  snapshot.relay_up = control_ && control_->ready() && (stage_ != OperatorStage::Console || signed_in_);
  snapshot.notice = notice_;
  snapshot.login = login_;
  snapshot.display_name = display_name_;
  for (const auto& s : sessions_) snapshot.sessions.push_back(s->view());
  tell_namesakes_apart(snapshot.sessions);
  const auto ended = static_cast<std::size_t>(std::count_if(
      sessions_.begin(), sessions_.end(), [](const auto& s) { return s->stage() == SessionStage::Ended; }));
  if (stage_ == OperatorStage::Console && past_read_for_ != ended) {
    past_ = ports_.past_sessions();
    past_read_for_ = ended;
  }
  snapshot.past = past_;
  published_.publish(std::move(snapshot));
}

}  // namespace beside::session
