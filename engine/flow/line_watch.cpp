// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/line_watch.h"

namespace beside::flow {
namespace {
constexpr nanoseconds kOverslept = milliseconds(20), kAnswerTime = milliseconds(20), kEager = seconds(60), kSeldom = seconds(1),
                      kSoonest = milliseconds(60);    // on a long way the second question does not wait for the first one's answer
}

void LineWatch::heard(LocalTime now) {
  since_ = now;
  asked_ = 0;
  silent_ = false;
  ask_at_ = attended(now) ? now + kQuiet : kNever;
}

void LineWatch::attend(LocalTime now) {
  if (!attended(now)) {
    since_ = std::max(since_, now);   // what was not heard while nobody attended is nobody's silence
    asked_ = 0;
    ask_at_ = now;
  }
  attended_until_ = std::max(attended_until_, now + kAttention);
}

bool LineWatch::poll(LocalTime now) {
  const LocalTime due = next_deadline();
  if (due == kNever || now < due) return false;
  if (!attended(now)) {
    ask_at_ = kNever;
    return false;
  }
  // Late by more than a timer's whim: what came meanwhile has not been read yet.
  if (now - due > kOverslept && !silent_) since_ += now - due;
  if (now - since_ >= patience()) silent_ = true;
  if (now < ask_at_) return false;
  if (silent_) ask_at_ = now + (now - since_ < kEager ? kCall : kSeldom);
  else if (++asked_ == 1) ask_at_ = now + std::min<nanoseconds>(rtt_ + kAnswerTime, kSoonest);
  else ask_at_ = now + kAgain;
  return true;
}

LocalTime LineWatch::next_deadline() const {
  if (ask_at_ == kNever) return kNever;
  return silent_ ? ask_at_ : std::min(ask_at_, since_ + patience());
}

}  // namespace beside::flow
