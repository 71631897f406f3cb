// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace beside {

// A thread that takes pieces of its callers' work, as many as it comes to: where no core is free for it, none. It is made with the first.
// It helps one caller at a time: another one meanwhile does its work alone.
// Thread: any; the work runs on the caller's and on the one more, which is joined by the destructor.
class SideThread {
 public:
  using Work = std::function<void(int piece)>;
  SideThread() = default;
  ~SideThread();
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;
  // Returns when all are done, 0 to `pieces` - 1, each once.
  void run(int pieces, const Work& work);

 private:
  void loop();
  void take_pieces(const Work& work, int pieces);
  std::mutex helped_;                 // held by the caller that is helped
  std::atomic<int> next_{0};
  std::mutex mutex_;
  std::condition_variable wake_, rested_;
  const Work* work_ = nullptr;
  int pieces_ = 0;
  bool working_ = false, quit_ = false;
  std::thread thread_;
};

}  // namespace beside
