// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/path_mtu.h"

#include <utility>

namespace beside::flow {

void PathMtu::start(std::size_t most, LocalTime now) {
  most_ = std::max(most, kLeast);
  bytes_ = std::min(kBase, most_);
  refused_ = most_ + 1;
  proven_ = false;
  dead_ = kDead;
  checked_at_ = LocalTime::min();
  if (most_ == kBase) return stop();
  state_ = State::Searching;
  ask(most_, now);
}

void PathMtu::stop() {
  bytes_ = kBase;
  state_ = State::Off;
  due_ = kNever;
}

void PathMtu::ceiling(std::size_t most, LocalTime now) {
  most = std::max(most, kLeast);
  if (most == most_) return;
  if (most > most_ || state_ == State::Off) return start(most, now);
  most_ = most;
  refused_ = std::min(refused_, most_ + 1);
  bytes_ = std::min(bytes_, most_);
  if (state_ != State::Complete && asked_ > most_) ask_next(now);
}

// Sizes are multiples of 4, as RTCP packets are.
void PathMtu::ask(std::size_t bytes, LocalTime now) {
  asked_ = bytes / 4 * 4;
  tries_ = 0;
  small_heard_ = false;
  first_nonce_ = next_nonce_;
  due_ = now;
}

void PathMtu::ask_next(LocalTime now) {
  state_ = State::Searching;
  // Something larger was refused: is it only that?
  if (!proven_ && bytes_ > kLeast && refused_ <= most_) return ask(bytes_, now);
  if (refused_ <= bytes_ + kClose) return finish(now);
  // The interface's own size first: it is right more often than not.
  ask(refused_ > most_ ? most_ : bytes_ + (refused_ - bytes_) / 2, now);
}

void PathMtu::finish(LocalTime now) {
  state_ = State::Complete;
  due_ = most_ > bytes_ + kClose ? now + kRaise : kNever;
}

void PathMtu::answered(std::uint32_t nonce, LocalTime now) {
  const std::uint32_t since = nonce - first_nonce_;
  if (state_ == State::Off || state_ == State::Complete || since >= next_nonce_ - first_nonce_) return;   // of an older question
  small_heard_ = true;
  dead_ = kDead;
  if (since % 2 == 0) return;
  if (state_ == State::Waiting) state_ = before_;
  bytes_ = std::max(bytes_, asked_);
  proven_ = true;
  if (state_ == State::Checking) return finish(now);
  ask_next(now);
}

void PathMtu::suspect(LocalTime now) {
  if (state_ != State::Complete || bytes_ <= kLeast || (checked_at_ != LocalTime::min() && now - checked_at_ < kAgain)) return;
  checked_at_ = now;
  state_ = State::Checking;
  ask(bytes_, now);
}

void PathMtu::failed(LocalTime now) {
  refused_ = std::min(refused_, asked_);
  if (state_ == State::Checking || asked_ <= bytes_) {
    bytes_ = asked_ > kBase ? std::min(kBase, bytes_) : kLeast;
    proven_ = false;
  }
  ask_next(now);
}

std::vector<PathMtu::Probe> PathMtu::poll(LocalTime now) {
  if (state_ == State::Off || now < due_) return {};
  if (state_ == State::Complete) {          // perhaps the path takes more by now
    refused_ = most_ + 1;
    ask_next(now);
  } else if (state_ == State::Waiting) {
    state_ = before_;
    ask(asked_, now);
  } else if (tries_ >= kTries) {
    if (small_heard_) {
      failed(now);
    } else {
      before_ = std::exchange(state_, State::Waiting);
      due_ = now + dead_;
      dead_ = std::min<nanoseconds>(dead_ * 2, kLongestDead);
    }
  }
  if (state_ != State::Searching && state_ != State::Checking) return {};
  ++tries_;
  due_ = now + patience();
  const std::uint32_t nonce = std::exchange(next_nonce_, next_nonce_ + 2);
  return {{nonce, 0}, {nonce + 1, asked_}};
}

}  // namespace beside::flow
