// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "relay/net/hub_outside.h"

namespace beside::relay {

// Hands a continuation to the control thread; any thread.
using PostFn = std::function<void(Continuation)>;

// The db thread: jobs in order, one at a time. A mutex guards only the queue, never a job.
// Lifetime: the destructor runs what was taken, then joins: nothing that was accepted is lost.
class DbThread {
 public:
  DbThread(SessionRecords& sessions, AccountRecords& accounts, PostFn post, std::size_t most_queued = 8192);
  ~DbThread();
  bool run(DbJob job);
  // Runs everything queued so far and ends the thread; run() refuses from then on.
  void finish();

 private:
  void work();
  SessionRecords& sessions_;
  AccountRecords& accounts_;
  PostFn post_;
  std::size_t most_queued_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<DbJob> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

// Two workers for password hashes (64 MiB and a tenth of a second each). Known users go before clean ones, these before
// suspects; one source has at most two jobs at a time, so that a storm from few places cannot fill the queue, and suspects
// may fill half of it only, so that a storm from many leaves room for whoever stands better.
class AuthPool {
 public:
  AuthPool(PostFn post, std::size_t workers = 2, std::size_t most_queued = 16);
  ~AuthPool();
  bool run(const std::string& source, LoginGuard::Standing standing, HashJob job);

 private:
  struct Job {
    std::string source;
    HashJob work;
  };
  void work();
  PostFn post_;
  std::size_t most_queued_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::deque<Job>, 3> queues_;  // by Standing
  std::unordered_map<std::string, unsigned> by_source_;
  std::size_t queued_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace beside::relay
