// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/channels.h"
#include "engine/ports/change_detector.h"
#include "engine/ports/converter.h"
#include "engine/ports/desktop.h"
#include "engine/session/customer_role.h"
#include "ui/app/common_ports.h"

namespace beside::app {

struct CustomerEngineConfig {
  Settings settings;
  ClientIdentity identity;
  std::string code_prefill;
  std::string display;                 // empty: $DISPLAY
  std::shared_ptr<ports::Converter> converter;   // for the encoder
  // Takes the CPU's change detector and gives back what is quickest here (capture thread); null: the CPU's.
  std::function<std::unique_ptr<ports::ChangeDetector>(std::unique_ptr<ports::ChangeDetector>)> choose_detector;
  std::shared_ptr<ports::OwnWindows> own_windows;   // null: made here
  // Another desktop than the X display's, with its own windows (tests); both or neither.
  std::function<Result<std::unique_ptr<ports::FrameSource>>(std::shared_ptr<const ports::RightsGate>)> make_source;
  std::function<Result<std::unique_ptr<ports::Desktop>>(std::shared_ptr<const ports::RightsGate>,
                                                        std::shared_ptr<const ports::OwnWindows>)> make_desktop;
};

// Everything of the customer's but the window: threads, desktop, encoder, role. The window (or a test's script) gives
// commands and reads snapshots.
// Thread: main, but for what the members say. The destructor stops everything: nothing of it stays behind.
class CustomerEngine {
 public:
  CustomerEngine(CustomerEngineConfig config, WakeFn snapshot_changed);
  ~CustomerEngine();
  void command(session::CustomerCommand command);      // any thread; a Stop shuts the gate before it returns
  std::shared_ptr<const session::CustomerSnapshot> snapshot() const { return published_.read(); }
  ports::OwnWindows& own_windows() { return *own_windows_; }
  bool wants_quit() const { return quit_.load(); }
  void stop();

 private:
  CustomerEngineConfig config_;
  WakeFn snapshot_changed_;
  SystemClock clock_;
  Published<session::CustomerSnapshot> published_;
  std::shared_ptr<ports::RightsGate> gate_ = std::make_shared<ports::RightsGate>();
  std::shared_ptr<ports::OwnWindows> own_windows_;
  std::unique_ptr<session::CustomerRole> role_;        // net thread
  std::atomic<bool> quit_{false};
  NetThread thread_;
};

}  // namespace beside::app
