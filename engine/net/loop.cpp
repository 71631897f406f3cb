// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <utility>

#include "engine/base/log.h"

namespace beside::net {
namespace asio = boost::asio;
using boost::system::error_code;

struct Loop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->context.restart();
  while (!impl_->context.stopped()) {
    // Asio's own calls report by error_code here; what may still throw is memory running out or a library's surprise.
    try {
      impl_->context.run();
    } catch (const std::exception& surprise) {
      BS_LOG_LIMITED(Error, "net", "a handler threw: {}", surprise.what());
    }
  }
}

bool Loop::run_one(nanoseconds at_most) {
  if (impl_->context.stopped()) impl_->context.restart();
  try {
    return impl_->context.run_one_for(at_most) != 0;
  } catch (const std::exception& surprise) {
    BS_LOG_LIMITED(Error, "net", "a handler threw: {}", surprise.what());
    return true;
  }
}

void Loop::stop() { impl_->context.stop(); }
void Loop::post(std::function<void()> task) { asio::post(impl_->context, std::move(task)); }
asio::io_context& Loop::context() { return impl_->context; }

struct Timer::State : std::enable_shared_from_this<Timer::State> {
  explicit State(Loop& loop) : timer(loop.context()) {}
  void start(nanoseconds delay, std::function<void()> next) {
    const std::uint64_t mine = ++generation;
    task = std::move(next);
    timer.expires_after(delay);
    timer.async_wait([self = shared_from_this(), mine](error_code) {
      // A wait that was due before it was cancelled completes without an error: the generation tells.
      if (self->generation != mine || !self->task) return;
      const auto now_due = std::exchange(self->task, {});
      now_due();
    });
  }
  void stop() {
    ++generation;
    task = {};
    timer.cancel();
  }
  asio::steady_timer timer;
  std::function<void()> task;
  std::uint64_t generation = 0;
};

Timer::Timer(Loop& loop) : state_(std::make_shared<State>(loop)) {}
Timer::~Timer() {
  if (state_) state_->stop();
}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    if (state_) state_->stop();
    state_ = std::move(other.state_);
  }
  return *this;
}
void Timer::after(nanoseconds delay, std::function<void()> task) { state_->start(delay, std::move(task)); }
void Timer::at(LocalTime when, std::function<void()> task) {
  if (when == kNever) return cancel();
  const nanoseconds delay = when - local_now();
  state_->start(delay < 0ns ? 0ns : delay, std::move(task));
}
void Timer::cancel() { state_->stop(); }
bool Timer::armed() const { return static_cast<bool>(state_->task); }

struct FdWatch::State : std::enable_shared_from_this<FdWatch::State> {
  State(Loop& loop, std::function<void()> callback) : descriptor(loop.context()), readable(std::move(callback)) {}
  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](error_code error) {
      if (error || !self->alive) return;
      // A copy, since the callback may destroy the watch and this object's function with it.
      const auto call = self->readable;
      call();
      if (self->alive) self->wait();
    });
  }
  void stop() {
    if (!std::exchange(alive, false)) return;
    readable = {};
    if (descriptor.is_open()) descriptor.release();
  }
  asio::posix::stream_descriptor descriptor;
  std::function<void()> readable;
  bool alive = true;
};

FdWatch::~FdWatch() { reset(); }
FdWatch::FdWatch(FdWatch&&) noexcept = default;
FdWatch& FdWatch::operator=(FdWatch&& other) noexcept {
  if (this != &other) {
    reset();
    state_ = std::move(other.state_);
  }
  return *this;
}
void FdWatch::reset() {
  if (state_) state_->stop();
  state_.reset();
}

FdWatch watch_fd(Loop& loop, int fd, std::function<void()> readable) {
  FdWatch watch;
  watch.state_ = std::make_shared<FdWatch::State>(loop, std::move(readable));
  error_code error;
  watch.state_->descriptor.assign(fd, error);
  if (error) {
    BS_LOG(Error, "net", "a descriptor cannot be watched: {}", error.message());
    return watch;
  }
  watch.state_->wait();
  return watch;
}

}  // namespace beside::net
