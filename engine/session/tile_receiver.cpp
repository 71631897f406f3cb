// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/tile_receiver.h"

#include <algorithm>
#include <utility>

#include "engine/wire/tiles.h"

namespace beside::session {
namespace {

// After the end of an update; after any packet. Not before flow::FeedbackCollector's, with which it shares a datagram.
constexpr nanoseconds kSoon = 5ms, kLate = 20ms;
constexpr std::size_t kMostFresh = 32;
constexpr std::size_t kRetold = 4;                 // each fate is told in so many reports

}  // namespace

void TileReceiver::receive(SeqNo seq, ByteSpan payload, PeerTime captured_at, LocalTime now) {
  const std::int64_t at = next_ + seq.since(SeqNo{static_cast<std::uint16_t>(first_.value + static_cast<std::uint64_t>(next_))});
  if (at < next_) {
    // It came after it was given up: the line reorders more than was thought.
    const std::int64_t back = next_ - at;
    if (back <= static_cast<std::int64_t>(decided_.size()) && !decided_[decided_.size() - static_cast<std::size_t>(back)]) {
      ++late_;
      reorder_ = std::min(reorder_ * 2, kReorderMost);
    }
    return;
  }
  if (at > next_ + kMostAhead || waiting_bytes_ + payload.size() > kMostBytes || payload.size() < wire::kTileHeaderBytes || waiting_.contains(at)) return;
  Waiting in;
  in.packet = {to_bytes(payload), captured_at, now};
  // Copies stand before every other op of an update, so of a part as well.
  in.copies = payload.size() > wire::kTileHeaderBytes && payload[wire::kTileHeaderBytes] == static_cast<std::uint8_t>(wire::TileOpKind::Copy);
  in.continues = (payload[1] & wire::kTileContinues) != 0;
  waiting_bytes_ += payload.size();
  waiting_.emplace(at, std::move(in));
  if (gap_since_ == kNever && !waiting_.contains(next_)) gap_since_ = now;
}

void TileReceiver::decide(bool applied) {
  decided_.push_back(applied);
  if (decided_.size() > wire::TileReport::kMost) decided_.pop_front();
  ++(applied ? applied_ : lost_);
  ++fresh_;
  ++next_;
}

LocalTime TileReceiver::gap_over() const { return gap_since_ == kNever ? kNever : gap_since_ + reorder_; }

std::optional<TileReceiver::Packet> TileReceiver::take(LocalTime now) {
  while (!waiting_.empty()) {
    auto first = waiting_.begin();
    if (first->first != next_) {
      if (gap_since_ == kNever) gap_since_ = first->second.packet.received_at;
      if (now < gap_over()) return std::nullopt;
      doubt_until_ = std::max(doubt_until_, gap_since_ + std::min(rtt_ + reorder_ + 10ms, kHoldMost));
      while (next_ < first->first) decide(false);
      due_ = now;   // the sooner the sender knows, the sooner it is repaired
    }
    gap_since_ = kNever;
    if (first->second.copies && now < doubt_until_) return std::nullopt;
    if (first->second.continues && (decided_.empty() || !decided_.back())) {
      // It says nothing without the one before it.
      waiting_bytes_ -= first->second.packet.payload.size();
      waiting_.erase(first);
      decide(false);
      due_ = now;
      continue;
    }
    Packet out = std::move(first->second.packet);
    waiting_.erase(first);
    waiting_bytes_ -= out.payload.size();
    decide(true);
    const bool last = (out.payload[1] & wire::kTileLast) != 0;
    due_ = std::min(due_, fresh_ >= kMostFresh ? now : now + (last ? kSoon : kLate));
    return out;
  }
  return std::nullopt;
}

std::optional<wire::TileReport> TileReceiver::poll(LocalTime now, bool sent_anyway) {
  if (due_ > now && (!sent_anyway || fresh_ == 0)) return std::nullopt;
  due_ = kNever;
  fresh_ = 0;
  std::int64_t begin = told_.size() >= kRetold ? told_.front() : 0;
  begin = std::max(begin, next_ - static_cast<std::int64_t>(decided_.size()));
  told_.push_back(next_);
  if (told_.size() > kRetold) told_.pop_front();
  wire::TileReport out;
  out.sender = own_;
  out.media = media_;
  out.begin_seq = static_cast<std::uint16_t>(first_.value + static_cast<std::uint64_t>(begin));
  out.applied.assign(decided_.end() - (next_ - begin), decided_.end());
  return out;
}

LocalTime TileReceiver::next_deadline() const {
  LocalTime next = due_;
  if (waiting_.empty()) return next;
  const auto& [at, first] = *waiting_.begin();
  if (at != next_) return std::min(next, gap_over());
  return std::min(next, first.copies ? doubt_until_ : LocalTime::min());
}

}  // namespace beside::session
