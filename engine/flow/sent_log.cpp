// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/sent_log.h"

#include <algorithm>

namespace beside::flow {
namespace {
constexpr nanoseconds kLeastReorder = milliseconds(5), kMostReorder = milliseconds(100);
// A packet that no report ever covered is forgotten when one that left so much later has arrived.
constexpr nanoseconds kUntold = milliseconds(300);

std::uint64_t key_of(Ssrc ssrc, std::uint16_t seq) { return std::uint64_t{ssrc.value} << 16 | seq; }
}  // namespace

void SentLog::settle(Sent& sent, State state) {
  if (sent.state == State::Flying) in_flight_ -= sent.bytes;
  sent.state = state;
}

void SentLog::on_sent(Ssrc ssrc, SeqNo seq, std::size_t bytes, LocalTime now) {
  const std::uint64_t key = key_of(ssrc, seq.value);
  const std::uint64_t number = first_ + sent_.size();
  bool twice = false;
  if (const auto it = index_.find(key); it != index_.end()) {
    Sent& before = at(it->second);
    // A number that comes round again after 65,536 packets is another packet; soon again, it is the same one.
    twice = now - before.at < seconds(10);
    if (before.state == State::Flying) {
      // Sent again at once it is a precaution; later somebody missed it.
      if (twice && now - before.at >= kLeastReorder) {
        ++resent_lost_;
        resent_lost_bytes_ += before.bytes;
        settle(before, State::Lost);
      } else {
        settle(before, State::Forgotten);
      }
    }
    it->second = number;
  } else {
    index_.emplace(key, number);
  }
  sent_.push_back({key, bytes, now, State::Flying, false, twice});
  in_flight_ += bytes;
  trim();
}

void SentLog::trim() {
  while (sent_.size() > kRemembered) {
    Sent& front = sent_.front();
    settle(front, State::Forgotten);
    if (const auto it = index_.find(front.key); it != index_.end() && it->second == first_) index_.erase(it);
    sent_.pop_front();
    ++first_;
  }
  oldest_ = std::max(oldest_, first_);
  while (oldest_ < first_ + sent_.size() && at(oldest_).state != State::Flying) ++oldest_;
}

SentLog::Report SentLog::on_feedback(const wire::CcFeedback& feedback, nanoseconds rtt) {
  Report report;
  // The receiver's stamp has 16 bits of seconds: unwrapped here.
  if (last_stamp_) {
    const auto step = static_cast<std::int32_t>(feedback.stamp - *last_stamp_);
    report.stale = step < 0;
    if (!report.stale) stamp_ms_ += static_cast<double>(step) * 1000.0 / 65536.0;
  }
  if (!report.stale) last_stamp_ = feedback.stamp;

  std::vector<std::uint64_t> acked;
  for (const wire::CcStream& stream : feedback.streams) {
    for (std::size_t i = 0; i < stream.arrivals.size(); ++i) {
      const auto it = index_.find(key_of(stream.ssrc, static_cast<std::uint16_t>(stream.begin_seq + i)));
      if (it == index_.end()) continue;
      Sent& sent = at(it->second);
      const wire::CcArrival& arrival = stream.arrivals[i];
      if (!arrival.received) {
        if (!report.stale) sent.passed_over = true;
        continue;
      }
      if (sent.state == State::Acked) continue;
      if (sent.state == State::Lost && !sent.twice)  // late, not lost
        reorder_ = std::min({reorder_ * 2, kMostReorder, std::max<nanoseconds>(rtt / 2, milliseconds(20))});
      settle(sent, State::Acked);
      if (!sent.twice) newest_acked_ = std::max(newest_acked_, sent.at);
      Ack ack{sent.bytes, sent.at, std::nullopt, sent.twice, 0};
      if (arrival.offset < 0x1FFE && !report.stale) {
        ack.held_ms = arrival.offset * 1000.0 / 1024.0;
        ack.arrived_ms = stamp_ms_ - ack.held_ms;
      }
      report.acks.push_back(ack);
      report.acked_bytes += sent.bytes;
      ++report.acked;
    }
  }
  std::stable_sort(report.acks.begin(), report.acks.end(), [](const Ack& a, const Ack& b) { return a.sent_at < b.sent_at; });

  reorder_ = std::max<nanoseconds>(kLeastReorder, reorder_ - reorder_ / 1024);
  for (std::uint64_t n = oldest_; n < first_ + sent_.size(); ++n) {
    Sent& sent = at(n);
    if (sent.at + reorder_ > newest_acked_) break;
    if (sent.state != State::Flying) continue;
    if (sent.passed_over) {
      report.lost_bytes += sent.bytes;
      ++report.lost;
      report.newest_lost = std::max(report.newest_lost, sent.at);
      if (n == first_ || at(n - 1).state != State::Lost) ++report.lost_runs;
      settle(sent, State::Lost);
    } else if (sent.at + std::max(kUntold, 2 * rtt) < newest_acked_) {
      settle(sent, State::Forgotten);
    }
  }
  report.lost_runs += resent_lost_;
  report.lost += std::exchange(resent_lost_, 0);
  report.lost_bytes += std::exchange(resent_lost_bytes_, 0);
  trim();
  return report;
}

std::size_t SentLog::expire(LocalTime before) {
  std::size_t bytes = 0;
  for (std::uint64_t n = oldest_; n < first_ + sent_.size() && at(n).at < before; ++n) {
    if (at(n).state != State::Flying) continue;
    bytes += at(n).bytes;
    settle(at(n), State::Forgotten);
  }
  trim();
  return bytes;
}

LocalTime SentLog::oldest() const {
  return in_flight_ == 0 ? kNever : sent_[oldest_ - first_].at;
}

}  // namespace beside::flow
