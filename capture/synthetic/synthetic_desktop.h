// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/ports/desktop.h"

namespace beside::capture {

// A Desktop that keeps what was injected instead of doing it, with the same checks of gate, layout, pause and own
// windows (areas and focus flag only). Thread: any; the person_* calls run the events on the caller's thread.
class SyntheticDesktop final : public ports::Desktop {
 public:
  SyntheticDesktop(DesktopLayout layout, std::shared_ptr<const ports::RightsGate> gate,
                   std::shared_ptr<const ports::OwnWindows> own_windows, const TimeSource& clock);

  Result<void> start(Events events) override;
  ports::InjectOutcome inject(const InputEvent& event) override;
  void release_all() override;
  void stop() override;
  std::uint64_t refused_on_own_windows() const override;
  LocalTime last_injection() const override;
  LocalTime last_customer_input() const override;

  // For tests.
  std::vector<InputEvent> injected() const;  // in order, what was Done
  int releases() const;                      // how often release_all() let go
  void set_layout(DesktopLayout layout);
  void person_input();                       // as if the customer touched mouse or keyboard
  void person_presses_stop_keys();
  void lose_display();

 private:
  ports::InjectOutcome decide(const InputEvent& event);

  mutable std::mutex mutex_;
  DesktopLayout layout_;
  std::shared_ptr<const ports::RightsGate> gate_;
  std::shared_ptr<const ports::OwnWindows> own_;
  const TimeSource& clock_;
  Events events_;
  std::vector<InputEvent> injected_;
  int releases_ = 0;
  std::uint64_t refused_ = 0;
  bool started_ = false, lost_ = false;
  LocalTime last_injection_{}, last_customer_{};
};

}  // namespace beside::capture
