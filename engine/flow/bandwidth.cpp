// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/bandwidth.h"

#include <algorithm>
#include <cmath>

namespace beside::flow {
namespace {
constexpr std::size_t kRemembered = 16384;
constexpr double kLowDelayMs = 15, kHighDelayMs = 60;
constexpr nanoseconds kWindow = seconds(1);

std::uint64_t key_of(Ssrc ssrc, std::uint16_t seq) { return std::uint64_t{ssrc.value} << 16 | seq; }
double to_ms(nanoseconds t) { return static_cast<double>(t.count()) / 1e6; }
}  // namespace

BandwidthEstimate::BandwidthEstimate() : BandwidthEstimate(Settings{}) {}
BandwidthEstimate::BandwidthEstimate(Settings settings) : settings_(settings), target_kbps_(settings.start_kbps) {}

void BandwidthEstimate::on_sent(Ssrc ssrc, SeqNo seq, std::size_t bytes, LocalTime now) {
  const Key key = key_of(ssrc, seq.value);
  // A number that comes round again replaces what it meant 65,536 packets ago.
  if (sent_.insert_or_assign(key, Sent{bytes, now, false}).second) order_.push_back(key);
  while (order_.size() > kRemembered) {
    sent_.erase(order_.front());
    order_.pop_front();
  }
}

void BandwidthEstimate::on_feedback(const wire::CcFeedback& feedback, LocalTime now) {
  // The receiver's stamp has 16 bits of seconds: unwrapped here. An older report than the last is not used.
  double stamp_s = peer_stamp_s_;
  if (last_stamp_) {
    const auto step = static_cast<std::int32_t>(feedback.stamp - *last_stamp_);
    if (step < 0) return;
    stamp_s += static_cast<double>(step) / 65536.0;
  }
  last_stamp_ = feedback.stamp;
  peer_stamp_s_ = stamp_s;

  std::size_t fresh = 0, lost = 0, bytes = 0;
  double lowest = 1e18, newest_rtt_ms = 1e18;
  for (const wire::CcStream& stream : feedback.streams) {
    for (std::size_t i = 0; i < stream.arrivals.size(); ++i) {
      const auto it = sent_.find(key_of(stream.ssrc, static_cast<std::uint16_t>(stream.begin_seq + i)));
      if (it == sent_.end() || it->second.reported) continue;
      Sent& sent = it->second;
      const wire::CcArrival& arrival = stream.arrivals[i];
      if (!arrival.received) {
        // It may only be late: counted as lost once it is older than two round trips.
        if (now - sent.at < 2 * rtt_.value_or(milliseconds(100)) + milliseconds(20)) continue;
        sent.reported = true;
        ++fresh;
        ++lost;
        continue;
      }
      sent.reported = true;
      ++fresh;
      bytes += sent.bytes;
      if (arrival.offset >= 0x1FFE) continue;
      const double held_ms = arrival.offset * 1000.0 / 1024.0;
      const double arrived_ms = stamp_s * 1000.0 - held_ms;
      lowest = std::min(lowest, arrived_ms - to_ms(sent.at.time_since_epoch()));
      newest_rtt_ms = std::min(newest_rtt_ms, to_ms(now - sent.at) - held_ms);
    }
  }
  if (fresh == 0) return;
  if (newest_rtt_ms < 1e17) {
    const auto sample = nanoseconds(static_cast<std::int64_t>(std::max(newest_rtt_ms, 0.1) * 1e6));
    rtt_ = rtt_ ? *rtt_ + (sample - *rtt_) / 8 : sample;
  }
  loss_ += (static_cast<double>(lost) / static_cast<double>(fresh) - loss_) * 0.3;
  delivered_.emplace_back(now, bytes);
  while (!delivered_.empty() && now - delivered_.front().first > kWindow) delivered_.pop_front();
  if (lowest < 1e17) {
    // The lowest of the last minute is taken as the path without a queue.
    if (base_.empty() || now - base_.back().first > seconds(10)) base_.emplace_back(now, lowest);
    base_.back().second = std::min(base_.back().second, lowest);
    while (base_.size() > 6) base_.pop_front();
    double floor = lowest;
    for (const auto& [at, value] : base_) floor = std::min(floor, value);
    queue_delay_ = nanoseconds(static_cast<std::int64_t>((lowest - floor) * 1e6));
  }
  change_rate(static_cast<double>(lost) / static_cast<double>(fresh), now);
}

void BandwidthEstimate::change_rate(double loss_now, LocalTime now) {
  const nanoseconds round = std::max<nanoseconds>(rtt_.value_or(milliseconds(100)), milliseconds(50));
  if (last_change_ != LocalTime::min() && now - last_change_ < round) return;
  std::size_t total = 0;
  for (const auto& [at, bytes] : delivered_) total += bytes;
  const double over_s = std::max(0.2, to_ms(now - delivered_.front().first) / 1000.0);
  const double arrived_kbps = static_cast<double>(total) * 8 / 1000.0 / over_s;
  const double delay_ms = to_ms(queue_delay_);
  double next = target_kbps_;
  if (delay_ms > kHighDelayMs) {
    next = std::min(target_kbps_, std::max(arrived_kbps * 0.85, target_kbps_ * 0.5));
  } else if (loss_now > 0.05 && loss_ > 0.05) {
    next = target_kbps_ * (1 - std::min(loss_, 0.6) / 2);
  } else if (delay_ms < kLowDelayMs && arrived_kbps > target_kbps_ * 0.5) {
    next = target_kbps_ * 1.08;
  }
  if (next == target_kbps_) return;
  target_kbps_ = std::clamp<double>(next, settings_.min_kbps, settings_.max_kbps);
  last_change_ = now;
}

}  // namespace beside::flow
