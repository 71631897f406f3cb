// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

#include "engine/base/channels.h"
#include "engine/session/operator_role.h"
#include "ui/app/common_ports.h"
#include "ui/app/picture_keeper.h"

namespace beside::app {

struct OperatorEngineConfig {
  Settings settings;
  ClientIdentity identity;
  std::function<void(std::uint32_t session, std::shared_ptr<ports::Canvas>)> canvas;   // net thread; see OperatorPorts
  std::function<void(std::uint32_t session)> canvas_changed;                           // decode thread
  std::function<void(std::uint32_t session, ports::CursorImage)> cursor_shape;         // net thread
  std::function<void(std::uint32_t session, ports::CursorPosition)> cursor_position;   // net thread
  std::function<void(std::uint32_t session)> gone;                                     // net thread
};

// Everything of the operator's but the window. Thread: main; command() anywhere.
class OperatorEngine {
 public:
  OperatorEngine(OperatorEngineConfig config, WakeFn snapshot_changed);
  ~OperatorEngine();
  void command(session::OperatorCommand command);
  std::shared_ptr<const session::OperatorSnapshot> snapshot() const { return published_.read(); }
  bool wants_quit() const { return quit_.load(); }
  void stop();

 private:
  OperatorEngineConfig config_;
  WakeFn snapshot_changed_;
  SystemClock clock_;
  Published<session::OperatorSnapshot> published_;
  std::unique_ptr<session::OperatorRole> role_;        // net thread
  std::atomic<bool> quit_{false};
  NetThread thread_;
  PictureKeeper keeper_{thread_};                      // ends before the thread that it tells
};

}  // namespace beside::app
