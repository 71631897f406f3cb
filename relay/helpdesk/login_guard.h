// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>
#include <string>
#include <unordered_set>

#include "relay/core/throttle.h"

namespace beside::relay {

// How sign-in tries are slowed: by source address, and by login from that source; never a login for everybody, since then
// a stranger could lock a good user out. Only failures count. A (login, source) that signed in before is not held up by
// what others do from the same address.
// Thread: one owner.
class LoginGuard {
 public:
  // How soon a try is heard when the hash workers are busy.
  enum class Standing { Known = 0, Clean = 1, Suspect = 2 };
  LoginGuard();
  nanoseconds wait(const std::string& login, const std::string& source, LocalTime now) const;
  Standing standing(const std::string& login, const std::string& source) const;
  void failed(const std::string& login, const std::string& source, LocalTime now);
  void succeeded(const std::string& login, const std::string& source);
  void sweep(LocalTime now);

 private:
  static std::string pair_key(const std::string& login, const std::string& source);
  Throttle sources_;
  Throttle pairs_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> known_order_;  // oldest first, for the bound
};

}  // namespace beside::relay
