// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>

#include "engine/base/rights.h"

namespace beside::session {
class ConsentMachine;
}

namespace beside::ports {

// The one word that grabber, injector and microphone read at each use. Only the customer's ConsentMachine writes it;
// shut() may be called from anywhere at any time, because less is always allowed, and what is shut stays shut until a new
// session's machine opens the gate: a grant that is on its way cannot undo a Stop.
// Thread: any. Lifetime: shared by all who read it.
class RightsGate {
 public:
  bool allows(Right right) const { return (bits_.load(std::memory_order_acquire) & static_cast<std::uint32_t>(right)) != 0; }
  Rights now() const { return Rights(bits_.load(std::memory_order_acquire) & ~kShut); }
  void shut() { bits_.store(kShut, std::memory_order_release); }
  bool is_shut() const { return (bits_.load(std::memory_order_acquire) & kShut) != 0; }

 private:
  friend class session::ConsentMachine;
  static constexpr std::uint32_t kShut = 1u << 31;
  void open() { bits_.store(0, std::memory_order_release); }
  void set(Rights rights) {
    std::uint32_t old = bits_.load(std::memory_order_acquire);
    while ((old & kShut) == 0 && !bits_.compare_exchange_weak(old, rights.bits & ~kShut, std::memory_order_acq_rel)) {
    }
  }
  std::atomic<std::uint32_t> bits_{kShut};
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
