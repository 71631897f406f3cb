// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/consent_machine.h"

#include <algorithm>

#include "engine/base/bytes.h"

namespace beside::session {

void ConsentMachine::apply() {
  const bool open = state_ == State::Open && !panel_pause_ && !gap_pause_;
  const Rights next = open ? granted_ : Rights();
  if (next == gate_.now()) return;
  gate_.set(next);
  ++revision_;
}

void ConsentMachine::peer_verified() {
  if (state_ == State::Closed) state_ = State::Open;
}

Result<void> ConsentMachine::ask(std::uint32_t id, Rights rights, std::string reason, LocalTime now) {
  BS_PEER_CHECK(state_ == State::Open, "session/consent: ask while not open");
  BS_PEER_CHECK(id > last_ask_id_, "session/consent: ask id does not grow");
  BS_PEER_CHECK(!rights.empty() && (rights - kBuiltRights).empty(), "session/consent: ask for unknown rights");
  BS_PEER_CHECK(reason.size() <= 200 && is_utf8(reason), "session/consent: reason");
  last_ask_id_ = id;
  const bool swapped = ask_ || (withdrawn_at_ && now - *withdrawn_at_ < kSwapGuard);
  guarded_until_ = swapped ? now + kSwapGuard : LocalTime{};
  ask_ = AskView{id, rights, std::move(reason)};
  return {};
}

void ConsentMachine::withdraw(std::uint32_t id, LocalTime now) {
  if (!ask_ || ask_->id != id) return;
  ask_.reset();
  withdrawn_at_ = now;
}

ConsentMachine::Decision ConsentMachine::decide(std::uint32_t id, Rights wanted, std::uint32_t monitor_id,
                                                LocalTime clicked_at, LocalTime last_injection, LocalTime now) {
  if (state_ != State::Open || !ask_ || ask_->id != id) return Decision::NoSuchAsk;
  const Rights given = wanted & ask_->rights;
  if (given.empty()) {  // "Not now" is never held back
    ask_.reset();
    return Decision::NotNow;
  }
  if (clicked_at < guarded_until_) return Decision::IgnoredClick;
  if (last_injection != LocalTime{} && clicked_at < last_injection + kClickGuard) return Decision::IgnoredClick;
  if (hidden_since_ && now - *hidden_since_ >= kPanelGrace) return Decision::PanelHidden;
  granted_ = granted_ | given;
  monitor_id_ = monitor_id;
  ask_.reset();
  apply();
  return Decision::Granted;
}

void ConsentMachine::revoke(Rights rights, LocalTime) {
  granted_ = granted_ - rights;
  apply();
}

void ConsentMachine::stop() {
  gate_.shut();
  state_ = State::Stopped;
  granted_ = Rights();
  ask_.reset();
  ++revision_;
}

void ConsentMachine::panel_visible(bool visible, LocalTime now) {
  if (visible) {
    hidden_since_.reset();
    panel_pause_ = false;
    apply();
  } else if (!hidden_since_) {
    hidden_since_ = now;
  }
}

void ConsentMachine::line_lost(LocalTime now) {
  if (!lost_since_) lost_since_ = now;
}

bool ConsentMachine::line_back(LocalTime now) {
  if (!lost_since_) return false;
  const bool too_late = now - *lost_since_ > resume_for_;
  lost_since_.reset();
  gap_pause_ = false;
  const bool voided = too_late && !granted_.empty();
  if (too_late) granted_ = Rights();
  apply();
  return voided;
}

void ConsentMachine::poll(LocalTime now) {
  if (hidden_since_ && now - *hidden_since_ >= kPanelGrace) panel_pause_ = true;
  if (lost_since_ && now - *lost_since_ >= kGapPause) gap_pause_ = true;
  apply();
}

LocalTime ConsentMachine::next_deadline() const {
  LocalTime next = kNever;
  if (state_ != State::Open) return next;
  if (hidden_since_ && !panel_pause_) next = std::min(next, *hidden_since_ + kPanelGrace);
  if (lost_since_ && !gap_pause_) next = std::min(next, *lost_since_ + kGapPause);
  return next;
}

std::optional<ports::Grant> ConsentMachine::grant(Right right) const {
  if (!gate_.allows(right)) return std::nullopt;
  return ports::Grant(right);
}

}  // namespace beside::session
