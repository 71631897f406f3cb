// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/net/workers.h"

#include "engine/base/thread_role.h"

namespace beside::relay {
namespace {
constexpr unsigned kMostPerSource = 2;
}

DbThread::DbThread(SessionRecords& sessions, AccountRecords& accounts, PostFn post, std::size_t most_queued)
    : sessions_(sessions), accounts_(accounts), post_(std::move(post)), most_queued_(most_queued),
      thread_([this] { work(); }) {}

DbThread::~DbThread() { finish(); }

void DbThread::finish() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool DbThread::run(DbJob job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= most_queued_) return false;
    queue_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void DbThread::work() {
  name_this_thread("db");
  for (;;) {
    DbJob job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    if (Continuation next = job(sessions_, accounts_)) post_(std::move(next));
  }
}

AuthPool::AuthPool(PostFn post, std::size_t workers, std::size_t most_queued)
    : post_(std::move(post)), most_queued_(most_queued) {
  for (std::size_t i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
}

AuthPool::~AuthPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool AuthPool::run(const std::string& source, LoginGuard::Standing standing, HashJob job) {
  {
    std::lock_guard lock(mutex_);
    auto& queue = queues_[static_cast<std::size_t>(standing)];
    if (stopping_ || queued_ >= most_queued_) return false;
    if (standing == LoginGuard::Standing::Suspect && queue.size() >= most_queued_ / 2) return false;
    unsigned& here = by_source_[source];
    if (here >= kMostPerSource) return false;
    ++here;
    ++queued_;
    queue.push_back({source, std::move(job)});
  }
  changed_.notify_one();
  return true;
}

void AuthPool::work() {
  name_this_thread("auth");
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || queued_ > 0; });
      if (stopping_) return;
      for (auto& queue : queues_) {
        if (queue.empty()) continue;
        job = std::move(queue.front());
        queue.pop_front();
        break;
      }
      --queued_;
    }
    Continuation next = job.work();
    {
      std::lock_guard lock(mutex_);
      if (const auto it = by_source_.find(job.source); it != by_source_.end() && --it->second == 0) by_source_.erase(it);
    }
    post_(std::move(next));
  }
}

}  // namespace beside::relay
