// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/side_thread.h"

#include <utility>

#include "engine/base/thread_role.h"

namespace beside {

SideThread::~SideThread() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SideThread::take_pieces(const Work& work, int pieces) {
  for (int piece = next_.fetch_add(1); piece < pieces; piece = next_.fetch_add(1)) work(piece);
}

void SideThread::run(int pieces, const Work& work) {
  const std::unique_lock helped(helped_, std::try_to_lock);
  if (!helped) {
    for (int piece = 0; piece < pieces; ++piece) work(piece);
    return;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  {
    const std::lock_guard lock(mutex_);
    next_ = 0;
    work_ = &work;
    pieces_ = pieces;
  }
  wake_.notify_one();
  take_pieces(work, pieces);
  std::unique_lock lock(mutex_);
  work_ = nullptr;   // from here on it finds nothing
  rested_.wait(lock, [this] { return !working_; });
}

void SideThread::loop() {
  name_this_thread("aside");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return quit_ || work_ != nullptr; });
    if (quit_) return;
    const Work* work = std::exchange(work_, nullptr);
    const int pieces = pieces_;
    working_ = true;
    lock.unlock();
    take_pieces(*work, pieces);
    lock.lock();
    working_ = false;
    rested_.notify_one();
  }
}

}  // namespace beside
