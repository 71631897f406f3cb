// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <string_view>
#include <thread>

#include "engine/base/result.h"

#if defined(__clang__)
#define BS_TSA(x) __attribute__((x))
#else
#define BS_TSA(x)
#endif
// Clang's thread-safety analysis: a role is a capability that its thread holds.
#define BS_ON(role) BS_TSA(requires_capability(role))
#define BS_GUARDED_BY(role) BS_TSA(guarded_by(role))

namespace beside {

// The right to touch what one thread owns. bind() is called once by that thread; assert_here() checks it in debug builds.
class BS_TSA(capability("thread")) ThreadRole {
 public:
  void bind() { owner_.store(std::this_thread::get_id(), std::memory_order_release); }
  void assert_here() const BS_TSA(assert_capability(this)) {
#if !defined(NDEBUG)
    const auto owner = owner_.load(std::memory_order_acquire);
    BS_ASSERT(owner == std::thread::id{} || owner == std::this_thread::get_id());
#endif
  }

 private:
  std::atomic<std::thread::id> owner_{};
};

// Names the calling thread for debuggers and `ps -L` (15 characters at most are kept).
void name_this_thread(std::string_view name);

}  // namespace beside
