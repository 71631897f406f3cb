// SPDX-License-Identifier: GPL-3.0-or-later
// How a code, and a session, end at the operator's.
#include <utility>

#include "engine/base/log.h"
#include "engine/session/operator_session.h"

namespace beside::session {
namespace {
constexpr auto kFarewell = 700ms;
}  // namespace

void OperatorSession::next_code(NoticeKind why) {
  notice_ = {why, {}, ++notice_id_};
  replaces_dead_ = true;
  code_.clear();
  code_expires_ = kNever;
  stage_ = SessionStage::WaitingForCustomer;
  leave(control::SessionEnded::CODE_BURNT);
  dead_link_ = std::move(link_);
  code_wanted_ = true;
  events_.need_code(local_id_);
  events_.changed();
}

void OperatorSession::fault(ports::ChannelFault fault) {
  if (stage_ == SessionStage::Live || stage_ == SessionStage::Recovering) return end(EndView::Cause::Error);
  if (stage_ == SessionStage::Ended) return;
  const bool spent = link_ && link_->guess_spent();
  switch (fault) {
    case ports::ChannelFault::WrongCode:
    case ports::ChannelFault::Silent: return next_code(NoticeKind::SomebodyTriedWrongCode);
    case ports::ChannelFault::Disconnected:
      return next_code(spent ? NoticeKind::SomebodyTriedWrongCode : NoticeKind::PeerDisconnected);
    case ports::ChannelFault::NoCommonVersion: return next_code(NoticeKind::PeerOtherVersion);
    default: return next_code(NoticeKind::CodeTampered);
  }
}

void OperatorSession::leave(control::SessionEnded::Reason reason) {
  if (!link_) return;
  control::Envelope out;
  out.mutable_leave_session()->set_session_id(link_->session_id());
  out.mutable_leave_session()->set_reason(reason);
  (void)send_control_(out);
}

void OperatorSession::peer_left_for_good(EndView::Cause cause) {
  if (stage_ == SessionStage::Live || stage_ == SessionStage::Recovering) return end(cause);
  if (stage_ == SessionStage::Ended || !link_) return;
  // The customer's client says that the code is dead: not known to it, or known and then something between us was wrong.
  if (cause == EndView::Cause::CodeDead)
    return next_code(link_->code_proved() ? NoticeKind::CodeTampered : NoticeKind::SomebodyTriedWrongCode);
  link_->on_peer_gone();   // a fault of the exchange, if one had begun
  if (link_) next_code(NoticeKind::PeerDisconnected);
}

void OperatorSession::end(EndView::Cause cause) {
  if (stage_ == SessionStage::Ended) return;
  const LocalTime now = ports_.clock->now();
  const bool was_live = stage_ == SessionStage::Live || stage_ == SessionStage::Recovering;
  const bool reachable = stage_ == SessionStage::Live;
  stage_ = SessionStage::Ended;
  end_.cause = cause;
  code_.clear();
  code_expires_ = kNever;
  drop_screen();
  if (!was_live) {
    leave(cause == EndView::Cause::Expired ? control::SessionEnded::CODE_EXPIRED : control::SessionEnded::OPERATOR_ENDED);
    dead_link_ = std::move(link_);
    return events_.changed();
  }
  end_.duration_ms = std::chrono::duration_cast<milliseconds>(now - began_).count();
  note(ports::JournalKind::SessionEnded, record_.used(), cause == EndView::Cause::OperatorEnded ? "by the operator" : "by the customer or a loss");
  if (cause == EndView::Cause::OperatorEnded) {
    inner::Inner stop;
    stop.mutable_stop()->set_reason(inner::Stop::OPERATOR_ENDED);
    (void)link_->send(stop);
  }
  record_.close(now, *link_, end_);
  farewell_until_ = reachable ? now + kFarewell : now;
  granted_ = paused_ = asked_ = Rights();
  events_.changed();
  ports_.wake();
}

}  // namespace beside::session
