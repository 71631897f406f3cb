// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace beside::app {

// The kiosk's application as a child: started, started again whenever it ends (after 1 s, later after up to 15 s when it
// ends at once each time), ended with us. It runs in a process session of its own, by which its windows are known.
// Thread: it owns one, which also is the parent whose death takes the child along; `started` is called on it, before the
// child runs its first instruction.
class KioskChild {
 public:
  KioskChild(std::vector<std::string> command, std::function<void(std::int64_t process_session)> started);
  ~KioskChild();
  KioskChild(const KioskChild&) = delete;
  KioskChild& operator=(const KioskChild&) = delete;

 private:
  void run();
  int start();

  std::vector<std::string> command_;
  std::function<void(std::int64_t)> started_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;          // guarded by mutex_
  int child_ = -1;                 // guarded by mutex_
  std::thread thread_;
};

}  // namespace beside::app
