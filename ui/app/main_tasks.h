// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include "engine/base/channels.h"

namespace beside::app {

// What other threads want done on main before the next frame. Bounded: past 4096 waiting tasks (a window that does not
// draw) the newest are dropped and counted.
class MainTasks {
 public:
  explicit MainTasks(WakeFn wake) : inbox_(4096, std::move(wake)) {}
  void post(std::function<void()> task) { (void)inbox_.put(std::move(task)); }
  void run() {
    while (auto task = inbox_.take()) (*task)();
  }

 private:
  Inbox<std::function<void()>> inbox_;
};

}  // namespace beside::app
