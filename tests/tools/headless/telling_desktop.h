// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/clock.h"
#include "engine/ports/desktop.h"

namespace beside::headless {

// A desktop that tells of all text and keys that were injected into another one, in order, as events
// {"event":"injected","n":7,"kind":"text","text":"a"}: scenes count with it that nothing typed was lost, doubled or exchanged.
// Thread: as the other one's.
class TellingDesktop final : public ports::Desktop {
 public:
  explicit TellingDesktop(std::unique_ptr<ports::Desktop> inner) : inner_(std::move(inner)) {}
  Result<void> start(Events events) override { return inner_->start(std::move(events)); }
  ports::InjectOutcome inject(const InputEvent& event) override {
    const auto outcome = inner_->inject(event);
    if (outcome != ports::InjectOutcome::Done) return outcome;
    if (event.kind != InputKind::Text && event.kind != InputKind::KeyDown) return outcome;
    const nlohmann::json told = {{"event", "injected"}, {"n", ++count_}, {"kind", event.kind == InputKind::Text ? "text" : "key"},
                                 {"text", event.text_view()}, {"t_us", to_us(local_now())}};
    std::puts(told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    std::fflush(stdout);
    return outcome;
  }
  void release_all() override { inner_->release_all(); }
  void stop() override { inner_->stop(); }
  std::uint64_t refused_on_own_windows() const override { return inner_->refused_on_own_windows(); }
  LocalTime last_injection() const override { return inner_->last_injection(); }
  LocalTime last_customer_input() const override { return inner_->last_customer_input(); }

 private:
  std::unique_ptr<ports::Desktop> inner_;
  std::uint64_t count_ = 0;
};

}  // namespace beside::headless
