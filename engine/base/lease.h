// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace beside {

// A fixed set of equal objects, lent one at a time. Any thread may take and return; the pool's memory lives until the
// pool and every lease are gone, so a lease may outlive the pool's owner.
template <typename T>
class Pool {
  struct Shared {
    std::mutex mutex;
    std::vector<std::unique_ptr<T>> free;
    std::uint64_t refused = 0;
  };

 public:
  // Move-only right to one object; gives it back when it goes.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        give_back();
        home_ = std::move(other.home_);
        object_ = std::move(other.object_);
      }
      return *this;
    }
    ~Lease() { give_back(); }
    explicit operator bool() const { return object_ != nullptr; }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_.get(); }

   private:
    friend class Pool;
    Lease(std::shared_ptr<Shared> home, std::unique_ptr<T> object)
        : home_(std::move(home)), object_(std::move(object)) {}
    void give_back() {
      if (!object_) return;
      std::lock_guard lock(home_->mutex);
      home_->free.push_back(std::move(object_));
    }
    std::shared_ptr<Shared> home_;
    std::unique_ptr<T> object_;
  };

  Pool(std::size_t count, const std::function<std::unique_ptr<T>()>& make) : shared_(std::make_shared<Shared>()) {
    for (std::size_t i = 0; i < count; ++i) shared_->free.push_back(make());
  }
  // An empty lease when all are lent out; counted.
  Lease take() {
    std::lock_guard lock(shared_->mutex);
    if (shared_->free.empty()) {
      ++shared_->refused;
      return {};
    }
    auto object = std::move(shared_->free.back());
    shared_->free.pop_back();
    return Lease(shared_, std::move(object));
  }
  std::uint64_t refused() const {
    std::lock_guard lock(shared_->mutex);
    return shared_->refused;
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace beside
