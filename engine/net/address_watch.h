// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

#include "engine/net/loop.h"

namespace beside::net {

// Says when this machine's addresses or routes changed (rtnetlink): a move to another network is known at once, not by the silence
// that follows it. Costs nothing in between. Says nothing of what changed; a burst of changes may be told once.
// Thread: the loop's. Cancel: destroy it, also from inside the callback.
class AddressWatch {
 public:
  // Null where the kernel does not tell (a sandbox without netlink): then silence has to.
  static std::unique_ptr<AddressWatch> create(Loop& loop, std::function<void()> changed);
  virtual ~AddressWatch() = default;
};

}  // namespace beside::net
