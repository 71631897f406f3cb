// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/scream_control.h"

#include <algorithm>
#include <cmath>

namespace beside::flow {
namespace {
// From the draft.
constexpr double kMss = 1200, kBetaLoss = 0.7, kDelayGain = 0.25, kMultiplicative = 0.02, kHeadRoom = 1.5;
constexpr nanoseconds kVirtualRtt = milliseconds(25);
constexpr double kMaxTargetMs = 200;       // of the delay target, beside flows that fill the queue whatever we do
// Ours.
constexpr double kLeastWindow = 2 * kMss, kNearLeast = 1.8 * kLeastWindow;
constexpr double kLineLoss = 0.15, kMostGrowthLoss = 0.02, kMostSlowGrowthLoss = 0.05;
constexpr double kFastGrowth = 3.2;        // e-folds a second on an empty queue
constexpr double kMostGrowth = 0.25;       // of the window, a round trip
constexpr double kDrained = 0.85;          // of the bandwidth-delay product, while a queue is drained
constexpr nanoseconds kUnknownRtt = milliseconds(100), kBaseBucket = seconds(10), kFloorTime = seconds(8);
constexpr nanoseconds kLeastFloorTime = milliseconds(600), kAskAgain = milliseconds(150);
constexpr nanoseconds kOverflow = seconds(2), kLeastDrain = milliseconds(80);
constexpr double kDrainPackets = 8;
constexpr double kCollapse = 4;            // delay targets
constexpr std::size_t kBaseBuckets = 6, kMaxStreams = 64, kMaxArrivals = 16384;
constexpr double kDeliveredMs = 150, kLongLoopMs = 70;

double to_ms(nanoseconds t) { return static_cast<double>(t.count()) / 1e6; }
nanoseconds from_ms(double ms) { return nanoseconds(static_cast<std::int64_t>(ms * 1e6)); }
}  // namespace

ScreamControl::ScreamControl() : ScreamControl(Settings{}) {}
ScreamControl::ScreamControl(Settings settings)
    : settings_(settings), window_(static_cast<double>(settings.first_window)), target_ms_(to_ms(settings.delay_target)) {}

nanoseconds ScreamControl::loop() const { return loop_.value_or(kUnknownRtt); }

nanoseconds ScreamControl::silence() const {
  // Not longer and longer: two packets every 200 ms harm no line, and the first one that gets through brings the picture back.
  return std::clamp<nanoseconds>(3 * loop(), milliseconds(200), seconds(1));
}

void ScreamControl::on_sent(Ssrc ssrc, SeqNo seq, std::size_t bytes, LocalTime now) {
  if (log_.in_flight() == 0) heard_ = std::max(heard_, now);   // silence counts from when there is something to hear of
  log_.on_sent(ssrc, seq, bytes, now);
  question_ = 0;
  if (most_since_ == LocalTime::min() || now - most_since_ > seconds(1)) {
    most_in_flight_before_ = most_in_flight_;
    most_in_flight_ = 0;
    most_since_ = now;
  }
  most_in_flight_ = std::max(most_in_flight_, log_.in_flight());
  streams_[ssrc.value].sent_at = now;
  if (streams_.size() > kMaxStreams)
    streams_.erase(std::min_element(streams_.begin(), streams_.end(),
                                    [](const auto& a, const auto& b) { return a.second.sent_at < b.second.sent_at; }));
}

void ScreamControl::on_feedback(const wire::CcFeedback& feedback, LocalTime now) {
  const SentLog::Report report = log_.on_feedback(feedback, rtt_.value_or(kUnknownRtt));
  if (report.acked + report.lost == 0) return;
  heard_ = now;
  end_lost_ = false;
  if (report.acked > 0 && silent_ > 0) {
    // It was a hole in the line, or of the way back, and not a queue: half of what went before is a fair guess.
    if (silent_ > 1) hole_at_ = now;
    silent_ = 0;
    window_ = std::max(window_, window_before_silence_ / 2);
  }
  take_times(report, now);
  take_loss(report, now);
  const bool lost = report.lost > 0;
  if (lost) lost_at_ = now;
  reduce(lost, now);
  grow(report.acked_bytes, now);
  window_ = std::max(window_, kLeastWindow);
}

bool ScreamControl::believed(double delay_ms) const {
  return std::any_of(base_.begin(), base_.end(), [&](const Base& base) { return delay_ms >= base.delay_ms; });
}

void ScreamControl::take_times(const SentLog::Report& report, LocalTime now) {
  double lowest = 1e18, rtt_ms = 1e18, loop_sum = 0, hold_sum = 0;
  std::size_t timed = 0;
  for (const SentLog::Ack& ack : report.acks) {
    if (!ack.arrived_ms) continue;
    // Of what was sent again a delay is believed that cannot be an earlier copy's: where much is sent again there is no other.
    if (ack.twice && !believed(*ack.arrived_ms - to_ms(ack.sent_at.time_since_epoch()))) continue;
    ++timed;
    lowest = std::min(lowest, *ack.arrived_ms - to_ms(ack.sent_at.time_since_epoch()));
    const double round_ms = to_ms(now - ack.sent_at);
    rtt_ms = std::min(rtt_ms, std::max(0.1, round_ms - ack.held_ms));
    loop_sum += round_ms;
    hold_sum += ack.held_ms;
    arrivals_.push_back({*ack.arrived_ms, ack.bytes});
  }
  if (timed == 0) return;
  while (!arrivals_.empty() && (arrivals_.size() > kMaxArrivals || arrivals_.front().at_ms < arrivals_.back().at_ms - 2 * kDeliveredMs)) arrivals_.pop_front();
  const double loop_ms = loop_sum / static_cast<double>(timed), hold_ms = hold_sum / static_cast<double>(timed);
  // Down fast: after a queue was drained the old figure would keep the rate low.
  const auto smooth = [](std::optional<nanoseconds>& value, nanoseconds sample) {
    value = value ? *value + (sample - *value) / (sample < *value ? 2 : 8) : sample;
  };
  smooth(rtt_, from_ms(rtt_ms));
  smooth(loop_, from_ms(loop_ms));
  hold_ms_ += (hold_ms - hold_ms_) / 8;
  newest_sent_ = std::max(newest_sent_, report.acks.back().sent_at);
  take_delay(lowest, rtt_ms, now);
  // The newest packet of a report shows a queue that its oldest has not met yet.
  if (slow_start_ && report.acks.back().arrived_ms) {
    const double newest = *report.acks.back().arrived_ms - to_ms(report.acks.back().sent_at.time_since_epoch());
    if (newest - lowest + to_ms(queue_delay_) > to_ms(settings_.delay_target) / 2) slow_start_ = false;
  }
}

void ScreamControl::take_delay(double lowest_ms, double rtt_ms, LocalTime now) {
  // The lowest of the last minute is taken as the path without a queue.
  if (base_.empty() || now - base_.back().at > kBaseBucket) base_.push_back({now, lowest_ms, rtt_ms});
  base_.back().delay_ms = std::min(base_.back().delay_ms, lowest_ms);
  base_.back().rtt_ms = std::min(base_.back().rtt_ms, rtt_ms);
  while (base_.size() > kBaseBuckets) base_.pop_front();
  double floor = lowest_ms;
  for (const Base& base : base_) floor = std::min(floor, base.delay_ms);
  const double delay_ms = lowest_ms - floor;
  queue_delay_ = from_ms(delay_ms);
  if (delay_ms < delay_avg_ms_) {
    delay_avg_ms_ = delay_ms;
  } else if (delay_avg_at_ == LocalTime::min() || now - delay_avg_at_ >= std::min<nanoseconds>(kVirtualRtt, loop())) {
    delay_avg_ms_ += kDelayGain * (delay_ms - delay_avg_ms_);
    delay_avg_at_ = now;
  }
  watch_floor(now);
}

// A delay that never goes away is either a path that became longer, or somebody else's queue. Both are looked into by
// sending half for a moment and learning the base anew; a queue that stays beside ours raises what we put up with.
void ScreamControl::watch_floor(LocalTime now) {
  const double delay_ms = to_ms(queue_delay_), own_target = to_ms(settings_.delay_target);
  if (floor_since_ == LocalTime::min()) {
    floor_since_ = now;
    floor_ms_ = delay_ms;
  }
  floor_ms_ = std::min(floor_ms_, delay_ms);
  // The line collapsed: what remains once four packets at most are in flight is no queue of ours but the path's own, and is known
  // soon. Beside another flow nothing collapses, and what it lets wait is not to be learnt.
  if (delay_ms > kCollapse * own_target) collapsed_at_ = now;
  if (window_ > kNearLeast || now - clamped_at_ < loop() || collapsed_at_ == LocalTime::min() || now - collapsed_at_ > kFloorTime) least_since_ = kNever;
  else if (least_since_ == kNever) least_since_ = now;
  if (floor_ms_ < own_target / 4) {
    floor_since_ = now;
    floor_ms_ = delay_ms;
  } else if (least_since_ != kNever && now - least_since_ > std::max<nanoseconds>(kLeastFloorTime, 3 * loop())) {
    base_.clear();
    delay_avg_ms_ = std::max(0.0, delay_avg_ms_ - delay_ms);
    floor_since_ = LocalTime::min();
    least_since_ = kNever;
    collapsed_at_ = LocalTime::min();
  } else if (now - floor_since_ > kFloorTime) {
    base_.clear();
    floor_since_ = LocalTime::min();
    drain_until_ = now + std::max<nanoseconds>(5 * loop(), milliseconds(200));
    window_ = std::max(kLeastWindow, window_ / 2);
  }
  if (delay_avg_ms_ <= target_ms_) over_since_ = kNever;
  else if (over_since_ == kNever) over_since_ = now + queue_delay_;
  if (over_since_ != kNever && now - over_since_ > seconds(1)) {
    // Drained by us it would be gone by now.
    target_ms_ = std::min(kMaxTargetMs, target_ms_ * 1.25);
    over_since_ = now;
  } else if (delay_avg_ms_ < own_target / 2 && target_ms_ > own_target) {
    target_ms_ = std::max(own_target, target_ms_ * 0.98);
  }
}

void ScreamControl::take_loss(const SentLog::Report& report, LocalTime now) {
  // What a queue that overflowed threw away says nothing of the line as it is once we send less: parity against it would only
  // lengthen that queue.
  const bool crowded = to_ms(queue_delay_) > target_ms_ || report.newest_lost <= clamped_at_;
  const std::size_t line_lost = crowded ? 0 : report.lost;
  losses_.push_back({now, {line_lost, line_lost + report.acked}});
  while (!losses_.empty() && now - losses_.front().first > seconds(1)) losses_.pop_front();
  std::size_t lost = 0, all = 0;
  for (const auto& [at, counts] : losses_) {
    lost += counts.first;
    all += counts.second;
  }
  // What a hole swallowed says nothing of the line as it is otherwise.
  const std::size_t lost_now = now - hole_at_ < seconds(1) ? 0 : line_lost;
  memory_.push_back({now, {lost_now, lost_now + report.acked}});
  std::size_t long_lost = 0, long_all = 0;
  for (const auto& [at, counts] : memory_) {
    long_lost += counts.first;
    long_all += counts.second;
  }
  while (!memory_.empty() && (now - memory_.front().first > seconds(60) || long_all - memory_.front().second.second >= kMemory)) {
    long_lost -= memory_.front().second.first;
    long_all -= memory_.front().second.second;
    memory_.pop_front();
  }
  long_loss_ = static_cast<double>(long_lost) / static_cast<double>(std::max<std::size_t>(long_all, 100));
  // Over few packets one loss is no rate.
  const double now_loss = static_cast<double>(lost) / static_cast<double>(std::max<std::size_t>(all, 20));
  if (report.lost_runs > 0) burst_ += (static_cast<double>(report.lost) / static_cast<double>(report.lost_runs) - burst_) * 0.1;
  loss_ += (now_loss - loss_) * (now_loss > loss_ ? 0.2 : 0.05);
}

double ScreamControl::delivered_per_s() const {
  if (arrivals_.size() < 4) return 0;
  const double end = arrivals_.back().at_ms;
  double first = end;
  std::size_t bytes = 0;
  for (auto it = arrivals_.rbegin(); it != arrivals_.rend() && it->at_ms > end - kDeliveredMs; ++it) {
    bytes += it->bytes;
    first = std::min(first, it->at_ms);
  }
  return static_cast<double>(bytes) * 1000.0 / std::max(kDeliveredMs / 2, end - first);
}

// The round trip with an empty queue, and with the report's hold.
double ScreamControl::base_loop_ms() const {
  double rtt_ms = loop_ ? to_ms(*loop_) : to_ms(kUnknownRtt);
  for (const Base& base : base_) rtt_ms = std::min(rtt_ms, base.rtt_ms);
  return rtt_ms + hold_ms_;
}

void ScreamControl::mark_inflection(LocalTime now) {
  if (inflection_at_ != LocalTime::min() && now - inflection_at_ < 10 * loop()) return;
  inflection_at_ = now;
  inflection_ = window_;
}

void ScreamControl::reduce(bool lost, LocalTime now) {
  const double delay_ms = to_ms(queue_delay_);
  if (delay_avg_ms_ > target_ms_ && delay_ms > target_ms_ && target_ms_ <= to_ms(settings_.delay_target)) {
    // Departure 1: as much as the line delivers in a round trip without a queue, and a little less until it is drained.
    const double rate = delivered_per_s();
    if (rate > 0) {
      const double product = rate * base_loop_ms() / 1000.0 * kDrained;
      if (product < window_) {
        inflection_ = product / kDrained;
        inflection_at_ = now;
        window_ = std::max(kLeastWindow, product);
        slow_start_ = false;
        reduced_at_ = clamped_at_ = now;
        return;
      }
    }
  }
  // What left before the window fell tells nothing about the window as it is.
  if (newest_sent_ <= clamped_at_) return;
  const nanoseconds step = lost ? std::max<nanoseconds>(kVirtualRtt, loop()) : std::min<nanoseconds>(kVirtualRtt, loop());
  if (reduced_at_ != LocalTime::min() && now - reduced_at_ < step) return;
  const bool queue = delay_avg_ms_ > target_ms_ / 4;
  if (lost && (queue || loss_ > kLineLoss)) {
    mark_inflection(now);
    window_ *= queue ? kBetaLoss : std::max(kBetaLoss, 1 - loss_ / 2);
  } else if (delay_avg_ms_ > target_ms_ / 2) {
    mark_inflection(now);
    const double alpha = std::min(1.0, (delay_avg_ms_ - target_ms_ / 2) / (target_ms_ / 2));
    window_ *= 1 - alpha / 2 / std::max(1.0, to_ms(loop()) / to_ms(kVirtualRtt));
  } else {
    return;
  }
  slow_start_ = false;
  reduced_at_ = now;
}

void ScreamControl::grow(std::size_t acked, LocalTime now) {
  const double own_target = to_ms(settings_.delay_target), loop_ms = to_ms(loop());
  if (delay_avg_ms_ > own_target / 8 + 1) calm_since_ = kNever;
  else if (calm_since_ == kNever) calm_since_ = now;
  if (now < drain_until_ || delay_avg_ms_ > target_ms_ / 2) return;
  if (loss_ > kMostGrowthLoss) slow_start_ = false;

  const double bytes = static_cast<double>(acked);
  double scale = 1;   // small near the window where a queue last came up
  if (inflection_ > 0) {
    scale = (window_ - inflection_) / inflection_ * 8;
    scale = std::clamp(scale * scale, 0.1, 1.0);
  }
  double increment = bytes * kMss / window_ * std::min(1.0, loop_ms / to_ms(kVirtualRtt)) * std::max(0.25, scale);
  double growth = slow_start_ ? 1.0 : kMultiplicative * scale;
  if (!slow_start_ && calm_since_ != kNever) {
    // Departure 2: twice as fast each round trip on an empty queue.
    const double loops = to_ms(now - calm_since_) / std::max(loop_ms, 20.0) - 2;
    if (loops > 0) growth = std::max(growth, std::min({kMostGrowth, kFastGrowth * loop_ms / 1000.0, kMultiplicative * std::exp2(std::min(loops, 8.0))}));
  }
  if (loss_ > kMostSlowGrowthLoss) growth = 0;
  else if (loss_ > kMostGrowthLoss) growth = std::min(growth, kMultiplicative);
  increment += bytes * growth;
  const double most = kMss + static_cast<double>(std::max(most_in_flight_, most_in_flight_before_)) * kHeadRoom;
  if (window_ + increment <= most && target_kbps() < settings_.max_kbps) window_ += increment;
}

int ScreamControl::target_kbps() const {
  if (!loop_) return settings_.start_kbps;
  // While a queue of before is drained the loop is long, but what leaves now will not meet that queue any more.
  const double kbps = window_ * 8 / std::min(to_ms(*loop_), base_loop_ms() + target_ms_) / 1.1;
  return static_cast<int>(std::clamp<double>(kbps, settings_.min_kbps, settings_.max_kbps));
}

int ScreamControl::pacing_kbps() const {
  // At first faster than the guess, so that a first picture does not wait; the first window bounds it.
  if (!loop_) return settings_.start_kbps * 5;
  // On a long way what leaves too fast is noticed late.
  const double calm = target_ms_ / (base_loop_ms() > kLongLoopMs ? 4 : 2);
  return target_kbps() * (slow_start_ ? 20 : delay_avg_ms_ > calm ? 11 : 15) / 10;
}

int ScreamControl::target_kbps(Ssrc stream, LocalTime now) const {
  double all = 0, own = 0;
  for (const auto& [ssrc, entry] : streams_) {
    const bool asked = ssrc == stream.value;
    if (asked) own = entry.weight;
    if (asked || (entry.sent_at != LocalTime::min() && now - entry.sent_at < seconds(2))) all += entry.weight;
  }
  return all <= 0 ? target_kbps() : static_cast<int>(target_kbps() * own / all);
}

std::size_t ScreamControl::send_window() const {
  // Around the window while the line is free, under it while it is full.
  const double most = window_ * (delay_avg_ms_ > target_ms_ / 4 ? 1.0 : 1.25);
  const double left = std::max(most - static_cast<double>(log_.in_flight()), question_);
  return left <= 0 ? 0 : static_cast<std::size_t>(left);
}

bool ScreamControl::shut() const { return static_cast<double>(log_.in_flight()) >= window_; }

// When what was in flight at the end of a queue of ours is known to be lost: kNever where the newest word told of no such queue.
LocalTime ScreamControl::drained() const {
  if (end_lost_ || !shut() || clamped_at_ == LocalTime::min() || heard_ - clamped_at_ > kOverflow || to_ms(queue_delay_) < 2 * target_ms_) return kNever;
  const double pace = delivered_per_s();
  if (pace <= 0) return kNever;
  return heard_ + std::clamp<nanoseconds>(from_ms(kDrainPackets * kMss * 1000 / pace), kLeastDrain, silence());
}

LocalTime ScreamControl::next_deadline() const {
  if (log_.in_flight() == 0) return kNever;
  const LocalTime silent = std::min(std::max(heard_, log_.oldest()) + silence(), drained());
  return shut() && question_ <= 0 ? std::min(silent, std::max(heard_, asked_at_) + kAskAgain) : silent;
}

void ScreamControl::poll(LocalTime now) {
  if (now < next_deadline()) return;
  if (now >= drained()) {
    end_lost_ = true;
    (void)log_.expire(now);
    return;
  }
  if (shut() && question_ <= 0 && now >= std::max(heard_, asked_at_) + kAskAgain) {
    asked_at_ = now;
    question_ = kMss;
  }
  if (now < std::max(heard_, log_.oldest()) + silence()) return;
  if (silent_ == 0) window_before_silence_ = window_;
  ++silent_;
  ++timeouts_;
  // What is on the way no more must not keep the line shut.
  const auto gone = static_cast<double>(log_.expire(now));
  heard_ = now;
  // One lost packet at the end of an update is no hole in the line.
  if (silent_ == 1 && gone < window_ / 4) return;
  window_ = std::max(kLeastWindow, window_ / 2);
  slow_start_ = false;
}

void ScreamControl::line_returned(LocalTime now) {
  if (silent_ == 0) return;
  (void)log_.expire(now);
  if (silent_ > 1) hole_at_ = now;
  silent_ = 0;
  heard_ = now;
  window_ = std::max(window_, window_before_silence_ / 2);
}

void ScreamControl::new_path(LocalTime now) {
  base_.clear();
  arrivals_.clear();
  losses_.clear();
  memory_.clear();
  long_loss_ = 0;
  rtt_.reset();
  loop_.reset();
  (void)log_.expire(now);
  // What silence took off the window was the hole's doing: after half a minute of it the way is often the same one.
  if (silent_ > 0) window_ = std::max(window_, window_before_silence_ / 2);
  window_ = std::min(window_, static_cast<double>(settings_.first_window));
  slow_start_ = true;
  inflection_ = delay_avg_ms_ = loss_ = 0;
  burst_ = 1;
  queue_delay_ = nanoseconds(0);
  target_ms_ = to_ms(settings_.delay_target);
  calm_since_ = over_since_ = kNever;
  floor_since_ = LocalTime::min();
  silent_ = 0;
}

}  // namespace beside::flow
