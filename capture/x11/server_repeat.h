// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "capture/x11/connection.h"

namespace beside::capture {

// The X server's own repeating of keys that XTEST holds. The server repeats what is held, and cannot know that the line was silent while
// the operator let go: a key's release that came 0.7 s late typed the letter twice. So it is off while we hold keys, for XTEST's
// keyboard alone (XKB controls): the customer's keyboards repeat as before. Whoever knows the line repeats instead
// (flow::InputReceiver).
// Thread: the connection's. Failure: without XKB or such a device it stays on.
class ServerRepeat {
 public:
  explicit ServerRepeat(const Connection& connection) : connection_(connection) {}
  ~ServerRepeat() { restore(); }
  ServerRepeat(const ServerRepeat&) = delete;
  ServerRepeat& operator=(const ServerRepeat&) = delete;

  // Gives XTEST's keyboard its repeats back where a program of ours that was killed left it without: another keyboard repeats, and who
  // does without (xset r off) does without on all. XKB's AutoResetControls are no help: they say that it repeats, and it does not.
  // True: so it was. Waits for the server's answers.
  bool mend();
  // True: the server does not repeat what XTEST holds. Waits for the server's answers the first time after restore().
  bool off();
  bool is_off() const { return off_; }
  // As it was found, less what mend() is for.
  void restore();

 private:
  struct Keyboard {
    std::uint16_t device = 0;
    bool core = false, xtest = false;
    bool repeats = false;              // as it was found
  };
  std::vector<Keyboard> keyboards() const;
  bool left_off();                     // found so; what is to be put back is without it
  void put_back() const;
  void set(std::uint16_t device, bool on) const;
  const Connection& connection_;
  std::vector<Keyboard> found_;
  bool off_ = false;
};

}  // namespace beside::capture
