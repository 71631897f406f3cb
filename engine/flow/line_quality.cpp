// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/line_quality.h"

#include <algorithm>
#include <iterator>

namespace beside::flow {
namespace {

struct Step {
  const char* name;
  VideoBudget budget;
};
constexpr Step kSteps[] = {{"full", {0, 1}}, {"fewer pictures", {15, 1}}, {"few pictures", {8, 1}}, {"half size", {8, 2}}, {"least", {4, 2}}};
constexpr int kLast = static_cast<int>(std::size(kSteps)) - 1;
constexpr double kUsualFps = 30;        // where no limit is set
constexpr double kReserveKbps = 30;     // pointer, input, reports
constexpr double kTakesAll = 0.7;       // of its share: the line is what limits
constexpr double kSpare = 1.3, kLeastSpare = 0.6;
constexpr nanoseconds kSecond = seconds(1);

const Step& step_of(LineQuality::Rung rung) { return kSteps[static_cast<int>(rung)]; }
// Pixels a second at that rung.
double cost(const VideoBudget& budget, std::int64_t pixels) {
  const double fps = budget.most_fps > 0 ? budget.most_fps : kUsualFps;
  return static_cast<double>(pixels) / (budget.scale * budget.scale) * fps;
}

}  // namespace

VideoBudget LineQuality::budget_of(Rung rung) const {
  VideoBudget budget = step_of(rung).budget;
  if (!can_scale_) budget.scale = 1;
  return budget;
}
LineQuality::Rung LineQuality::beside(int steps) const {
  const Rung next = static_cast<Rung>(std::clamp(static_cast<int>(rung_) + steps, 0, kLast));
  return next == Rung::Small && !can_scale_ ? static_cast<Rung>(static_cast<int>(next) + steps) : next;
}
const char* LineQuality::to_string(Rung rung) { return step_of(rung).name; }

bool LineQuality::step(Rung rung, LocalTime now) {
  if (rung < rung_) raised_at_ = now;
  // Left again soon after it was taken: it did not fit, whatever the figures said.
  else if (rung > rung_) wait_ = raised_at_ != LocalTime{} && now - raised_at_ < kUpAfter * 2 ? std::min<nanoseconds>(wait_ * 2, kLongestWait) : kUpAfter;
  rung_ = rung;
  short_since_ = room_since_ = kNever;
  // What was measured belongs to the rung before.
  bytes_ = 0;
  began_ = now;
  kbps_ = -1;
  return true;
}

bool LineQuality::update(const Line& line, std::int64_t pixels, LocalTime now) {
  if (pixels <= 0) {
    bytes_ = 0;
    began_ = now;
    kbps_ = -1;
    wait_ = kUpAfter;
    short_since_ = room_since_ = kNever;
    if (rung_ == Rung::Full) return false;
    rung_ = Rung::Full;
    return true;
  }
  if (now - began_ >= kSecond) {
    const double seconds_long = std::chrono::duration<double>(now - began_).count();
    kbps_ = static_cast<double>(bytes_) * 8 / 1000 / seconds_long;
    bytes_ = 0;
    began_ = now;
  }
  const double share = std::max(1.0, line.kbps * kShare * (1 - std::min(0.5, 2 * line.loss)) - kReserveKbps);
  const double enough = kEnough * cost(budget(), pixels) / 1000;
  const bool queues = line.queue > kLongQueue;
  const bool limited = kbps_ >= kTakesAll * share || queues;
  if (limited && (enough > share || queues) && static_cast<int>(rung_) < kLast) {
    room_since_ = kNever;
    short_since_ = std::min(short_since_, now);
    if (now - short_since_ < kDownAfter) return false;
    return step(beside(1), now);
  }
  short_since_ = kNever;
  if (rung_ == Rung::Full || kbps_ < 0 || queues) {
    room_since_ = kNever;
    return false;
  }
  const Rung above = beside(-1);
  const double more = cost(budget_of(above), pixels) / cost(budget(), pixels);
  // Either the rate is enough for any film of that size, or this film is so plain that what it takes now leaves room for more.
  const bool fits = kEnough * cost(budget_of(above), pixels) / 1000 * kSpare <= share || kbps_ * more <= kLeastSpare * share;
  if (!fits) {
    room_since_ = kNever;
    return false;
  }
  room_since_ = std::min(room_since_, now);
  if (now - room_since_ < wait_) return false;
  return step(above, now);
}

}  // namespace beside::flow
