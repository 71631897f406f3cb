// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace beside::shell {

// Something that any thread can ring and that poll() hears. Failure: create() says Environment (no descriptors left).
class Bell {
 public:
  static Result<Bell> create();
  Bell() = default;
  ~Bell();
  Bell(Bell&& other) noexcept;
  Bell& operator=(Bell&& other) noexcept;
  void ring() const;       // any thread; never blocks
  void silence() const;    // forgets what rang so far
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// Sleeps until GLFW has events to poll, the bell rings (which it silences), or `other` (-1: none) can be read; at most until `until`
// (kNever: without end). GLFW's own wait does not hear those: its connection is the only thing it knows. True: it has events, or may
// have. Main thread.
bool wait_for_events(const Bell& bell, int other, LocalTime until);
// The same without GLFW: until the bell rings or `other` (-1: none) can be read. Any thread.
void wait_for_bell(const Bell& bell, int other, LocalTime until);

}  // namespace beside::shell
