// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "tests/tools/headless/picture_box.h"
#include "tests/tools/headless/player.h"
#include "ui/app/operator_engine.h"

namespace beside::headless {

struct OperatorOrders {
  std::string token;          // signs in with it at once
  bool every_picture = true;  // an event for each picture; false: for the first of each session only
  bool hash = false;          // with a hash of its pixels (costs milliseconds a picture)
};

// The operator without a window. A picture counts as shown when its event is printed.
class OperatorPlayer final : public Player {
 public:
  OperatorPlayer(app::OperatorEngineConfig config, OperatorOrders orders);
  ~OperatorPlayer() override;

 private:
  void look() override;
  std::string act(const std::string& what, const json& step) override;
  void quit() override { engine_->command(session::Quit{}); }
  bool has_quit() const override { return engine_->wants_quit(); }
  std::uint32_t session_of(const json& step) const override;
  const session::SessionView* view(std::uint32_t session) const;
  void look_at_pictures();
  std::string input(const json& step, std::uint32_t session);
  void send(std::uint32_t session, InputEvent event);

  PictureBox pictures_;
  OperatorOrders orders_;
  std::map<std::uint32_t, std::uint64_t> told_pictures_;
  std::unique_ptr<app::OperatorEngine> engine_;
  std::shared_ptr<const session::OperatorSnapshot> last_;
};

}  // namespace beside::headless
