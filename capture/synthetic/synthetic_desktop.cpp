// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/synthetic/synthetic_desktop.h"

#include <algorithm>

namespace beside::capture {

using ports::InjectOutcome;

SyntheticDesktop::SyntheticDesktop(DesktopLayout layout, std::shared_ptr<const ports::RightsGate> gate,
                                   std::shared_ptr<const ports::OwnWindows> own_windows, const TimeSource& clock)
    : layout_(std::move(layout)), gate_(std::move(gate)), own_(std::move(own_windows)), clock_(clock) {}

Result<void> SyntheticDesktop::start(Events events) {
  std::lock_guard lock(mutex_);
  events_ = std::move(events);
  started_ = true;
  return {};
}

InjectOutcome SyntheticDesktop::decide(const InputEvent& event) {
  if (!started_ || lost_) return InjectOutcome::Unsupported;
  const auto kind = event.kind;
  if (kind == InputKind::KeyUp || kind == InputKind::ReleaseAll || kind == InputKind::PointHide)
    return InjectOutcome::Done;
  const Right needed = kind == InputKind::PointMark ? Right::Point : Right::Control;
  if (!gate_->allows(needed)) return InjectOutcome::NoRight;
  Rect area;
  if (event.monitor_id == 0) area = {0, 0, layout_.width, layout_.height};
  for (const auto& m : layout_.monitors)
    if (m.id == event.monitor_id) area = m.area;
  const bool is_key = kind == InputKind::KeyDown || kind == InputKind::Text;
  if (!is_key && (event.layout_generation != layout_.generation || area.empty())) return InjectOutcome::StaleLayout;
  if (kind == InputKind::PointMark) return InjectOutcome::Done;
  const LocalTime now = clock_.now();
  if (last_customer_ != LocalTime{} && now - last_customer_ < 1s) return InjectOutcome::PausedByCustomer;
  bool own = false;
  if (kind == InputKind::KeyDown || kind == InputKind::Text) {
    own = own_->focused();
  } else {
    const int x = area.x + static_cast<int>(std::int64_t{event.x} * area.width / 65536);
    const int y = area.y + static_cast<int>(std::int64_t{event.y} * area.height / 65536);
    const auto areas = own_->areas();
    own = std::any_of(areas.begin(), areas.end(), [&](const Rect& r) { return r.contains(x, y); });
  }
  if (own) {
    ++refused_;
    return InjectOutcome::OwnWindow;
  }
  last_injection_ = now;
  return InjectOutcome::Done;
}

InjectOutcome SyntheticDesktop::inject(const InputEvent& event) {
  std::lock_guard lock(mutex_);
  const auto outcome = decide(event);
  if (outcome == InjectOutcome::Done) injected_.push_back(event);
  if (outcome == InjectOutcome::Done && event.kind == InputKind::ReleaseAll) ++releases_;
  return outcome;
}

void SyntheticDesktop::release_all() {
  std::lock_guard lock(mutex_);
  ++releases_;
}

void SyntheticDesktop::stop() {
  std::lock_guard lock(mutex_);
  if (!started_) return;
  started_ = false;
  ++releases_;
}

std::uint64_t SyntheticDesktop::refused_on_own_windows() const {
  std::lock_guard lock(mutex_);
  return refused_;
}

LocalTime SyntheticDesktop::last_injection() const {
  std::lock_guard lock(mutex_);
  return last_injection_;
}

LocalTime SyntheticDesktop::last_customer_input() const {
  std::lock_guard lock(mutex_);
  return last_customer_;
}

std::vector<InputEvent> SyntheticDesktop::injected() const {
  std::lock_guard lock(mutex_);
  return injected_;
}

int SyntheticDesktop::releases() const {
  std::lock_guard lock(mutex_);
  return releases_;
}

void SyntheticDesktop::set_layout(DesktopLayout layout) {
  std::function<void(const DesktopLayout&)> tell;
  {
    std::lock_guard lock(mutex_);
    layout_ = layout;
    tell = events_.layout;
  }
  if (tell) tell(layout);
}

void SyntheticDesktop::person_input() {
  std::function<void()> tell;
  {
    std::lock_guard lock(mutex_);
    last_customer_ = clock_.now();
    tell = events_.customer_input;
  }
  if (tell) tell();
}

void SyntheticDesktop::person_presses_stop_keys() {
  std::function<void()> tell;
  {
    std::lock_guard lock(mutex_);
    last_customer_ = clock_.now();
    tell = events_.stop_keys;
  }
  if (tell) tell();
}

void SyntheticDesktop::lose_display() {
  std::function<void(Error)> tell;
  {
    std::lock_guard lock(mutex_);
    lost_ = true;
    tell = events_.lost;
  }
  if (tell) tell({ErrorKind::Environment, "capture/synthetic", "the display went away"});
}

}  // namespace beside::capture
