// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/headless/customer_player.h"

#include "tests/tools/headless/json_of.h"
#include "tests/tools/headless/picture_box.h"
#include "tests/tools/headless/words.h"

namespace beside::headless {

CustomerPlayer::CustomerPlayer(app::CustomerEngineConfig config, std::string code, std::shared_ptr<capture::SceneHold> hold)
    : hold_(std::move(hold)), engine_(std::make_unique<app::CustomerEngine>(std::move(config), [this] { wake(); })), code_(std::move(code)) {}

CustomerPlayer::~CustomerPlayer() { engine_->stop(); }

void CustomerPlayer::look() {
  std::unique_lock lock(resting_mutex_);
  auto resting = std::exchange(resting_, std::nullopt);
  lock.unlock();
  if (resting) emit(std::move(*resting));
  const auto now = engine_->snapshot();
  if (now == last_) return;
  last_ = now;
  changed(0, state_of(*now));
  if (!code_.empty() && now->stage == session::CustomerStage::Start) {
    engine_->command(session::EnterCode{code_});
    code_.clear();
  }
  if (always_ && now->ask && now->ask->id != decided_) (void)decide(*always_, 0);
}

std::string CustomerPlayer::decide(Rights granted, std::uint32_t monitor_id) {
  const auto now = engine_->snapshot();
  if (!now->ask) return "nobody asks for anything";
  decided_ = now->ask->id;
  engine_->command(session::DecideAsk{decided_, granted, monitor_id, to_us(local_now())});
  return {};
}

void CustomerPlayer::rest() {
  hold_->rest([this, asked = to_us(local_now())](const ports::PixelBuffer& picture) {
    json told = {{"event", "resting"}, {"hash", hash_of(picture)}, {"width", picture.width}, {"height", picture.height}, {"asked_us", asked}};
    std::unique_lock lock(resting_mutex_);
    resting_ = std::move(told);
    lock.unlock();
    wake();
  });
}

std::string CustomerPlayer::act(const std::string& what, const json& step) {
  const auto rights = [&](const char* key) { return rights_named(step.value(key, std::vector<std::string>())); };
  if (what == "enter_code") {
    engine_->command(session::EnterCode{step.at("code")});
  } else if (what == "cancel") {
    engine_->command(session::CancelConnecting{});
  } else if (what == "set_address") {
    engine_->command(session::SetAddress{step.at("address")});
  } else if (what == "decide_ask") {
    const auto granted = rights("grant");
    return granted ? decide(*granted, step.value("monitor", 0u)) : "unknown right";
  } else if (what == "always_grant") {
    always_ = rights("grant");
    if (!always_) return "unknown right";
    if (engine_->snapshot()->ask) (void)decide(*always_, 0);
  } else if (what == "revoke") {
    const auto taken = rights("rights");
    if (!taken) return "unknown right";
    engine_->command(session::RevokeRight{*taken});
  } else if (what == "panel_visible") {
    engine_->command(session::PanelVisibility{step.at("visible")});
  } else if (what == "say") {
    engine_->command(session::SayToOperator{step.at("text")});
  } else if (what == "typing") {
    engine_->command(session::CustomerTyping{step.at("typing")});
  } else if (what == "confirm_words") {
    engine_->command(session::ConfirmWords{0, step.at("same")});
  } else if (what == "rest") {
    if (!hold_) return "only a drawn scene can be held still";
    rest();
  } else if (what == "stop") {
    engine_->command(session::StopSession{});
  } else if (what == "close_panel") {
    engine_->command(session::PanelClosed{});
  } else if (what == "back_to_start") {
    engine_->command(session::BackToStart{});
  } else if (what == "report") {
    emit({{"event", "report"}, {"media", figures_of(engine_->snapshot()->media)}});
  } else {
    return "a customer cannot do that";
  }
  return {};
}

}  // namespace beside::headless
