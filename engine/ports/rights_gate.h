// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>

#include "engine/base/rights.h"

namespace beside::session {
class ConsentMachine;
}

namespace beside::ports {

// The one word that grabber, injector and microphone read at each use. Only the customer's ConsentMachine writes it;
// clear() may be called from anywhere at any time, because less is always allowed.
// Thread: any. Lifetime: shared by all who read it.
class RightsGate {
 public:
  bool allows(Right right) const { return (bits_.load(std::memory_order_acquire) & static_cast<std::uint32_t>(right)) != 0; }
  Rights now() const { return Rights(bits_.load(std::memory_order_acquire)); }
  void clear() { bits_.store(0, std::memory_order_release); }

 private:
  friend class session::ConsentMachine;
  void set(Rights rights) { bits_.store(rights.bits, std::memory_order_release); }
  std::atomic<std::uint32_t> bits_{0};
};

// Proof that the customer granted a right in this session. Nobody else can make one, so code that needs one to start a
// grabber or an injector cannot run before the grant.
class Grant {
 public:
  Right right() const { return right_; }

 private:
  friend class session::ConsentMachine;
  explicit Grant(Right right) : right_(right) {}
  Right right_;
};

}  // namespace beside::ports
