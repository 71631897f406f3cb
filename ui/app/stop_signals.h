// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace beside::app {

// SIGTERM, SIGINT and SIGHUP end the program as closing its window does: rights are given up, keys let go, the other end told.
// Make it before any other thread, so that all inherit the mask. Thread: its own waits; `stop` is called there, once.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  void on_stop(std::function<void()> stop);
  void disarm();              // `stop` will not be called any more
  bool asked() const { return asked_.load(); }

 private:
  int signals_ = -1, wake_ = -1;
  std::atomic<bool> asked_{false};
  std::thread thread_;
};

}  // namespace beside::app
