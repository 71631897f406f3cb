// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <mutex>

#include "capture/synthetic/synthetic_source.h"
#include "tests/tools/headless/player.h"
#include "ui/app/customer_engine.h"

namespace beside::headless {

// The customer without a window. It grants what its script says: for tests only, and never part of what customers get.
class CustomerPlayer final : public Player {
 public:
  // `hold` of the drawn scene; null: an X server's screen, which does not rest when asked.
  CustomerPlayer(app::CustomerEngineConfig config, std::string code, std::shared_ptr<capture::SceneHold> hold);
  ~CustomerPlayer() override;

 private:
  void look() override;
  std::string act(const std::string& what, const json& step) override;
  void quit() override { engine_->command(session::Quit{}); }
  bool has_quit() const override { return engine_->wants_quit(); }
  std::string decide(Rights granted, std::uint32_t monitor_id);
  void rest();

  std::shared_ptr<capture::SceneHold> hold_;
  std::mutex resting_mutex_;
  std::optional<json> resting_;             // the capture thread's word, until it is told
  std::unique_ptr<app::CustomerEngine> engine_;
  std::string code_;                        // typed as soon as the program stands at its start
  std::optional<Rights> always_;            // what every ask gets
  std::uint32_t decided_ = 0;
  std::shared_ptr<const session::CustomerSnapshot> last_;
};

}  // namespace beside::headless
