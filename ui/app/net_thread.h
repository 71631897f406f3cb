// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/clock.h"
#include "engine/net/loop.h"

namespace beside::app {

// The client's `net` thread with one role on it: runs the loop, polls the role when it is due or was woken.
// Thread: start, stop and the destructor on main; post and wake anywhere.
class NetThread {
 public:
  struct Role {
    std::function<void()> make;                  // on net, first
    std::function<void(LocalTime)> poll;
    std::function<LocalTime()> next_deadline;
    std::function<void()> wind_down;             // the program ends: says so to whoever must know
    std::function<bool()> wound_down;            // they have answered; kWindDown is waited at most
    std::function<void()> close;                 // then this; what it says has 150 ms to leave the machine
    std::function<void()> destroy;               // on net, last
  };
  static constexpr auto kWindDown = 1s;

  NetThread() = default;
  ~NetThread() { stop(); }
  NetThread(const NetThread&) = delete;
  NetThread& operator=(const NetThread&) = delete;

  net::Loop& loop() { return loop_; }
  void start(Role role);
  // Runs what was posted before, winds the role down, destroys it, ends the thread. Idempotent.
  void stop();
  void post(std::function<void()> task);         // runs before a poll that comes at once; all that wait share one
  // Runs before the next poll, whenever that is due: for what nobody waits for, since a wake costs more than most tasks.
  void post_unhurried(std::function<void()> task);
  void wake();                                   // many calls before the poll make one poll
  // On net, after something came that may have moved the role's next deadline: the timer follows once all that came has been read.
  void deadline_moved();

 private:
  void poll_now();
  void run_posted();
  void arm();

  net::Loop loop_;
  std::unique_ptr<net::Timer> timer_;
  Role role_;
  std::atomic<bool> woken_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;    // under mutex_
  LocalTime armed_for_ = kNever;                 // net thread
  bool moved_ = false;                           // net thread: the timer follows in a moment
  bool stopping_ = false;                        // net thread
  LocalTime stop_by_ = kNever;                   // net thread: winding down until then
  std::thread thread_;
};

}  // namespace beside::app
