// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>

#include "engine/base/clock.h"

namespace beside::capture {

enum class RawKind : std::uint8_t { KeyPress, KeyRelease, ButtonPress, ButtonRelease, Motion, Touch };

// Tells our own injected input from a person's.
//
// Invariants: (1) an event is ours only if it came from an XTEST device AND is the next one that we expect; the device
// alone proves nothing, since any program can use XTEST. (2) Everything else is the customer's. (3) An expectation that
// is not met within a second lapses, so that one lost event cannot make all later ones look foreign for ever; but only once all
// events that there are were read: where this process was slow, or stood still, ours are still among them.
// Only a motion may be skipped, because moving to where the pointer is makes no event.
class InputMatcher {
 public:
  void expect(RawKind kind, std::uint32_t detail, LocalTime now);
  bool is_ours(RawKind kind, std::uint32_t detail, bool from_xtest_device);
  void all_read(LocalTime now);   // no event waits
  std::size_t pending() const { return expected_.size(); }

 private:
  struct Expected {
    RawKind kind;
    std::uint32_t detail;
    LocalTime at;
  };
  std::deque<Expected> expected_;
};

// Esc three times within a second, by a person.
class StopKeys {
 public:
  // True on the third press.
  bool pressed(bool is_escape, LocalTime now);

 private:
  std::deque<LocalTime> presses_;
};

}  // namespace beside::capture
