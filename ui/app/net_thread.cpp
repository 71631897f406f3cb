// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/net_thread.h"

#include <algorithm>
#include <utility>

#include "engine/base/thread_role.h"

namespace beside::app {

void NetThread::start(Role role) {
  role_ = std::move(role);
  timer_ = std::make_unique<net::Timer>(loop_);
  thread_ = std::thread([this] {
    name_this_thread("net");
    role_.make();
    poll_now();
    loop_.run();
    timer_->cancel();
    role_.close();
    // What was said last has to leave the machine: nobody else tells the other end.
    for (const LocalTime until = local_now() + 150ms; local_now() < until && loop_.run_one(20ms);) {
    }
    run_posted();
    role_.destroy();
    while (loop_.run_one(0ns)) {
    }
    run_posted();                 // what the role's own threads posted on their way out
  });
}

void NetThread::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    run_posted();
    stop_by_ = local_now() + kWindDown;
    role_.wind_down();
    poll_now();
  });
  thread_.join();
}

void NetThread::post(std::function<void()> task) {
  post_unhurried(std::move(task));
  wake();
}

void NetThread::post_unhurried(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
}

// A task of one run may post another: that one comes with the poll that it asks for.
void NetThread::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) task();
}

void NetThread::wake() {
  if (woken_.exchange(true)) return;
  loop_.post([this] { poll_now(); });
}

void NetThread::poll_now() {
  woken_ = false;
  run_posted();
  if (stopping_) return;
  const LocalTime now = local_now();
  role_.poll(now);
  if (stop_by_ != kNever && (now >= stop_by_ || role_.wound_down())) {
    stopping_ = true;
    return loop_.stop();
  }
  arm();
}

void NetThread::deadline_moved() {
  if (std::exchange(moved_, true)) return;
  loop_.post([this] {
    moved_ = false;
    if (!stopping_) arm();
  });
}

void NetThread::arm() {
  const LocalTime next = std::max(std::min(role_.next_deadline(), stop_by_), LocalTime{});   // at once is a time long ago
  if (next == armed_for_) return;
  armed_for_ = next;
  if (next == kNever) return timer_->cancel();
  timer_->at(next, [this] {
    armed_for_ = kNever;
    poll_now();
  });
}

}  // namespace beside::app
