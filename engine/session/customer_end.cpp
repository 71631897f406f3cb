// SPDX-License-Identifier: GPL-3.0-or-later
// How a session ends at the customer's.
#include "engine/session/customer_session.h"

namespace beside::session {
namespace {

inner::Stop::Reason wire_reason(EndView::Cause cause) {
  switch (cause) {
    case EndView::Cause::CustomerStop: return inner::Stop::CUSTOMER_BUTTON;
    case EndView::Cause::CustomerKeys: return inner::Stop::CUSTOMER_KEYS;
    case EndView::Cause::PanelClosed: return inner::Stop::PANEL_CLOSED;
    default: return inner::Stop::ERROR;
  }
}

control::SessionEnded::Reason relay_reason(EndView::Cause cause) {
  switch (cause) {
    case EndView::Cause::CustomerStop:
    case EndView::Cause::CustomerKeys:
    case EndView::Cause::PanelClosed: return control::SessionEnded::CUSTOMER_ENDED;
    case EndView::Cause::OperatorEnded: return control::SessionEnded::OPERATOR_ENDED;
    case EndView::Cause::CodeDead: return control::SessionEnded::CODE_BURNT;
    case EndView::Cause::PeerLost: return control::SessionEnded::PEER_LOST;
    default: return control::SessionEnded::ERROR;
  }
}

const char* text_of(EndView::Cause cause) {
  switch (cause) {
    case EndView::Cause::CustomerStop: return "the customer pressed Stop";
    case EndView::Cause::CustomerKeys: return "the customer pressed Esc three times";
    case EndView::Cause::PanelClosed: return "the customer closed the panel";
    case EndView::Cause::OperatorEnded: return "the operator ended the session";
    case EndView::Cause::PeerLost: return "the other end was lost";
    case EndView::Cause::CodeDead: return "the code is dead";
    case EndView::Cause::RelayEnded: return "the relay ended the session";
    case EndView::Cause::Expired: return "the code expired";
    case EndView::Cause::Error: break;
  }
  return "an error";
}

}  // namespace

void CustomerSession::end(EndView::Cause cause, const std::string& detail) {
  if (ended_) return;
  consent_.stop();
  ended_ = true;
  const LocalTime now = ports_.clock->now();
  screen_.reset();
  link_->drop_screen();
  if (desktop_) desktop_->stop();
  desktop_.reset();
  note(ports::JournalKind::SessionEnded, {}, std::string(text_of(cause)) + (detail.empty() ? "" : ": " + detail));
  end_.cause = cause;
  end_.duration_ms = std::chrono::duration_cast<milliseconds>(now - began_).count();
  if (cause != EndView::Cause::OperatorEnded) {
    inner::Inner stop;
    stop.mutable_stop()->set_reason(wire_reason(cause));
    stop.mutable_stop()->set_detail(detail.substr(0, 200));
    (void)link_->send(stop);
  }
  record_.close(now, *link_, end_);
  farewell_until_ = now + kFarewell;
  if (link_->line_lost() || !link_->open()) farewell_until_ = now;
  events_.changed();
  ports_.wake();
}

void CustomerSession::finish() {
  if (finished_) return;
  finished_ = true;
  link_->flush(ports_.clock->now());
  control::Envelope leave;
  leave.mutable_leave_session()->set_session_id(link_->session_id());
  leave.mutable_leave_session()->set_reason(relay_reason(end_.cause));
  (void)send_control_(leave);
  events_.changed();
  link_->close();
  farewell_until_ = kNever;
  record_.end();
  events_.over();
}

}  // namespace beside::session
