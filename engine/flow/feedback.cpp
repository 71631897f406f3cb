// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/feedback.h"

#include <algorithm>
#include <utility>

#include "engine/wire/rtp.h"

namespace beside::flow {
namespace {
constexpr std::int64_t kMaxJump = 8192;   // numbers; a larger step is a new start
}

void FeedbackCollector::on_packet(Ssrc media, SeqNo seq, bool marker, LocalTime now) {
  auto it = streams_.find(media.value);
  if (it == streams_.end()) {
    if (streams_.size() >= kMaxStreams) {
      streams_.erase(std::min_element(streams_.begin(), streams_.end(),
                                      [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; }));
    }
    it = streams_.emplace(media.value, Stream{}).first;
  }
  Stream& stream = it->second;
  std::int64_t number = stream.highest + seq.since(SeqNo{static_cast<std::uint16_t>(stream.highest)});
  if (stream.arrivals.empty() || number > stream.highest + kMaxJump || number < stream.highest - kMaxJump) {
    number = std::int64_t{seq.value} + 65536;
    stream = {};
    stream.highest = stream.from = stream.from_next = number;
  }
  stream.highest = std::max(stream.highest, number);
  // What comes late is told of again from there on, as far back as a report reaches.
  stream.from = std::min(stream.from, number);
  stream.arrivals.emplace(number, now);
  stream.arrivals.erase(stream.arrivals.begin(), stream.arrivals.lower_bound(stream.highest + 1 - std::int64_t{kMaxSpan}));
  stream.fresh = true;
  stream.heard = now;
  if (fresh_packets_++ == 0) first_fresh_ = now;
  due_ = std::min(due_, first_fresh_ + kLate);
  if (marker) due_ = std::min(due_, first_fresh_ + kSoon);
  const bool alone = fresh_packets_ == 1 && (last_packet_ == LocalTime::min() || now - last_packet_ >= kRested);
  if (fresh_packets_ >= kPackets || (marker && alone)) due_ = now;
  last_packet_ = now;
}

std::optional<wire::CcFeedback> FeedbackCollector::poll(LocalTime now) {
  if (now < due_) return std::nullopt;
  due_ = kNever;
  fresh_packets_ = 0;
  wire::CcFeedback feedback;
  feedback.sender = own_;
  feedback.stamp = static_cast<std::uint32_t>(wire::to_uq32_32(now) >> 16);
  for (auto& [ssrc, stream] : streams_) {
    if (!std::exchange(stream.fresh, false)) continue;
    const std::int64_t begin = std::max(stream.from, stream.highest + 1 - std::int64_t{kMaxSpan});
    wire::CcStream told;
    told.ssrc = Ssrc{ssrc};
    told.begin_seq = static_cast<std::uint16_t>(begin);
    told.arrivals.resize(static_cast<std::size_t>(stream.highest + 1 - begin));
    for (auto it = stream.arrivals.lower_bound(begin); it != stream.arrivals.end(); ++it) {
      wire::CcArrival& arrival = told.arrivals[static_cast<std::size_t>(it->first - begin)];
      arrival.received = true;
      const std::int64_t offset = ((now - it->second).count() * 1024 + 500'000'000) / 1'000'000'000;
      arrival.offset = static_cast<std::uint16_t>(std::clamp<std::int64_t>(offset, 0, 0x1FFE));
    }
    stream.from = std::exchange(stream.from_next, stream.highest + 1);
    feedback.streams.push_back(std::move(told));
  }
  if (feedback.streams.empty()) return std::nullopt;
  return feedback;
}

}  // namespace beside::flow
