// SPDX-License-Identifier: GPL-3.0-or-later
// What the operator's hand does, at the customer's.
#include <algorithm>

#include "engine/base/log.h"
#include "engine/session/customer_session.h"

namespace beside::session {
namespace {

const char* name_of(ports::InjectOutcome outcome) {
  switch (outcome) {
    case ports::InjectOutcome::Done: return "done";
    case ports::InjectOutcome::NoRight: return "no right";
    case ports::InjectOutcome::OwnWindow: return "our own window";
    case ports::InjectOutcome::StaleLayout: return "an older layout";
    case ports::InjectOutcome::PausedByCustomer: return "paused by the customer";
    case ports::InjectOutcome::Unsupported: return "unsupported";
  }
  return "?";
}

}  // namespace

void CustomerSession::on_rtp(const wire::RtpPacket& packet) {
  if (packet.header.payload_type != wire::kPayloadInput || ended_) return;
  const LocalTime now = ports_.clock->now();
  auto events = input_.receive(packet.payload, now);
  if (!events) {
    BS_LOG_LIMITED(Warn, "input", "{}", dump_error(events.error()));
    return;
  }
  for (const InputEvent& event : *events) on_input(event);
  if (input_.ack_due()) {
    cursor_.acknowledge(input_.ack(), now);
    input_.ack_sent();
  }
  send_cursor(now);
}

void CustomerSession::on_input(const InputEvent& event) {
  if (!desktop_) return;
  if (event.kind == InputKind::ReleaseAll) return desktop_->inject_later(event, [](ports::InjectOutcome) {});
  const bool pointing = event.kind == InputKind::PointMark || event.kind == InputKind::PointHide;
  const Right needed = pointing ? Right::Point : Right::Control;
  if (!consent_.in_force().has(needed)) return;
  const bool key = event.kind == InputKind::KeyDown || event.kind == InputKind::KeyUp || event.kind == InputKind::Text;
  if (!key && consent_.monitor_id() != 0 && event.monitor_id != consent_.monitor_id()) return;
  // A display that hangs must not hold up the line.
  desktop_->inject_later(event, [post = ports_.post, alive = alive_, this, needed, key](ports::InjectOutcome outcome) {
    post([alive, this, needed, key, outcome] {
      if (*alive && !ended_) injected(outcome, needed, key);
    });
  });
}

void CustomerSession::injected(ports::InjectOutcome outcome, Right needed, bool key) {
  BS_LOG(Debug, "input", "{} event: {}", key ? "a key" : "a pointer", name_of(outcome));
  if (outcome != ports::InjectOutcome::Done) {
    BS_LOG_LIMITED(Info, "input", "{} event not applied: {}", key ? "a key" : "a pointer", name_of(outcome));
  }
  switch (outcome) {
    case ports::InjectOutcome::Done: used(needed); break;
    case ports::InjectOutcome::PausedByCustomer:
      control_paused_until_ = std::max(control_paused_until_, ports_.clock->now() + 200ms);
      break;
    case ports::InjectOutcome::OwnWindow:
    case ports::InjectOutcome::NoRight:
    case ports::InjectOutcome::StaleLayout:
    case ports::InjectOutcome::Unsupported: break;
  }
}

void CustomerSession::used(Right right) {
  const LocalTime now = ports_.clock->now();
  const auto bit = static_cast<std::uint32_t>(right);
  const auto last = used_at_.find(bit);
  const bool fresh = right != Right::See && (last == used_at_.end() || now - last->second > kLiveMark);
  if (right != Right::See) used_at_[bit] = now;   // that is in use as long as it runs
  record_.use(right);
  const auto noted = used_noted_.find(bit);
  if (noted == used_noted_.end() || now - noted->second > 60s) {
    used_noted_[bit] = now;
    note(ports::JournalKind::Used, right, "");
  }
  if (fresh) events_.changed();
}

}  // namespace beside::session
