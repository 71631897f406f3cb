// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

// The four ways across threads (ARCHITECTURE, Threads). All bounded; each counts what it dropped. The wake function is
// called outside the lock, from the sending thread, and must be callable from any thread (post to a loop, write an
// eventfd, glfwPostEmptyEvent).
namespace beside {

using WakeFn = std::function<void()>;

// Depth one, newest wins. When an unread value is overwritten, merge(old, new) may carry over what must not be lost (a
// dropped frame's damage).
template <typename T>
class Mailbox {
 public:
  using MergeFn = std::function<void(T& older, T& newer)>;
  explicit Mailbox(WakeFn wake = {}, MergeFn merge = {}) : wake_(std::move(wake)), merge_(std::move(merge)) {}
  void put(T value) {
    {
      std::lock_guard lock(mutex_);
      if (slot_) {
        if (merge_) merge_(*slot_, value);
        ++dropped_;
      }
      slot_ = std::move(value);
    }
    if (wake_) wake_();
  }
  std::optional<T> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(slot_, std::nullopt);
  }
  std::uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<T> slot_;
  std::uint64_t dropped_ = 0;
  WakeFn wake_;
  MergeFn merge_;
};

// Many producers, one owner, first in first out; a full inbox refuses (put returns false) and counts.
template <typename T>
class Inbox {
 public:
  explicit Inbox(std::size_t capacity, WakeFn wake = {}) : capacity_(capacity), wake_(std::move(wake)) {}
  bool put(T value) {
    {
      std::lock_guard lock(mutex_);
      if (queue_.size() >= capacity_) {
        ++dropped_;
        return false;
      }
      queue_.push_back(std::move(value));
    }
    if (wake_) wake_();
    return true;
  }
  std::optional<T> take() {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) return std::nullopt;
    T value = std::move(queue_.front());
    queue_.pop_front();
    return value;
  }
  std::uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<T> queue_;
  std::size_t capacity_;
  std::uint64_t dropped_ = 0;
  WakeFn wake_;
};

// An immutable snapshot: one writer, many readers; readers keep what they took as long as they like.
template <typename T>
class Published {
 public:
  explicit Published(WakeFn wake = {}) : wake_(std::move(wake)), value_(std::make_shared<const T>()) {}
  void publish(T value) {
    auto next = std::make_shared<const T>(std::move(value));
    {
      std::lock_guard lock(mutex_);
      value_.swap(next);
    }
    if (wake_) wake_();
  }
  std::shared_ptr<const T> read() const {
    std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  WakeFn wake_;
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

// One producer, one consumer, no lock, capacity a power of two; for audio callbacks and packet paths.
template <typename T, std::size_t Capacity>
class Ring {
  static_assert((Capacity & (Capacity - 1)) == 0);

 public:
  bool push(T value) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == Capacity) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    slots_[head & (Capacity - 1)] = std::move(value);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  bool pop(T& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    value = std::move(slots_[tail & (Capacity - 1)]);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::array<T, Capacity> slots_{};
};

}  // namespace beside
