// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace beside {

// A fixed set of equal objects, each lent to one at a time, or shared by several that read it. Any thread may take and return; the
// pool's memory lives until the pool and every lease are gone, so a lease may outlive the pool's owner.
template <typename T>
class Pool {
  struct Shared {
    std::mutex mutex;
    std::vector<std::unique_ptr<T>> free;
    std::uint64_t refused = 0;
  };

 public:
  // Move-only right to one object, which goes back when the last right to it goes.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = default;
    explicit operator bool() const { return object_ != nullptr; }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_.get(); }
    // Another right to the same object, for a thread that only reads it; from here on nobody writes to it.
    Lease share() const { return Lease(object_); }

   private:
    friend class Pool;
    explicit Lease(std::shared_ptr<T> object) : object_(std::move(object)) {}
    std::shared_ptr<T> object_;
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
    return Lease(std::shared_ptr<T>(object.release(), [home = shared_](T* back) {
      const std::lock_guard giving(home->mutex);
      home->free.emplace_back(back);
    }));
  }
  std::uint64_t refused() const {
    std::lock_guard lock(shared_->mutex);
    return shared_->refused;
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace beside
