// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

#include "engine/base/clock.h"

namespace boost::asio {
class io_context;
}

namespace beside::net {

// The event loop of one thread: timers, descriptors and everything else of this room hang on it.
// Thread: whoever calls run(); all but post(), stop() and now() belong to that thread (or to the time before it runs).
// Lifetime: must outlive every Timer, FdWatch, socket and server that was made on it.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Blocks until stop(), even while there is nothing to do. Can be called again afterwards.
  void run();
  // Runs what is ready, or waits at most `at_most` for the first thing; true when something ran. For tests and drains.
  bool run_one(nanoseconds at_most);
  // Any thread; run() returns soon after.
  void stop();
  // Any thread: runs `task` on the loop's thread later, in the order posted.
  void post(std::function<void()> task);
  LocalTime now() const { return local_now(); }

  // For the .cpp files of this room only.
  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One deadline at a time. Setting it anew forgets the old one; after cancel() or destruction the task never runs, not
// even when it was due already. The task may set, cancel or destroy its own timer.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  void after(nanoseconds delay, std::function<void()> task);
  void at(LocalTime when, std::function<void()> task);  // kNever cancels
  void cancel();
  bool armed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Calls back whenever a descriptor can be read; read it until it would block. Does not own the descriptor: destroy the
// watch before closing it. The callback may destroy its own watch.
class FdWatch {
 public:
  FdWatch() = default;
  ~FdWatch();
  FdWatch(FdWatch&&) noexcept;
  FdWatch& operator=(FdWatch&&) noexcept;
  explicit operator bool() const { return state_ != nullptr; }
  void reset();

 private:
  friend FdWatch watch_fd(Loop& loop, int fd, std::function<void()> readable);
  struct State;
  std::shared_ptr<State> state_;
};
FdWatch watch_fd(Loop& loop, int fd, std::function<void()> readable);

}  // namespace beside::net
