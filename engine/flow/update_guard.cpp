// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/update_guard.h"

#include <algorithm>
#include <utility>

namespace beside::flow {
namespace {
constexpr nanoseconds kUnknownRtt = milliseconds(100), kShortest = milliseconds(10), kLongest = milliseconds(100);
}

std::vector<Bytes> UpdateGuard::on_packet(ByteSpan packet, const RateControl& rate, LocalTime now) {
  const auto header = wire::peek_rtp(packet);
  if (!header) return {};
  if (!streams_.contains(header->ssrc.value) && streams_.size() >= kMaxStreams)
    streams_.erase(std::min_element(streams_.begin(), streams_.end(), [](const auto& a, const auto& b) { return a.second.ended < b.second.ended; }));
  Stream& stream = streams_[header->ssrc.value];
  const bool follows = header->seq.value == stream.next;
  stream.next = header->seq.next().value;
  if (rate.loss() < kLossSeen) {
    stream.packets.clear();
    stream.whole = header->marker;   // the next one begins an update
    if (header->marker) stream.ended = now;
    return {};
  }
  if (!follows) {                    // numbers were left out, or the stream is new: what there is cannot be told apart
    stream.packets.clear();
    stream.whole = stream.ended == LocalTime::min();
  }
  if (stream.packets.size() >= kMaxPackets) {
    stream.packets.clear();
    stream.whole = false;
  }
  if (stream.whole) stream.packets.push_back(to_bytes(packet));
  if (!header->marker) return {};
  if (stream.ended != LocalTime::min()) stream.interval = std::clamp<nanoseconds>(now - stream.ended, kShortest, kLongest);
  stream.ended = now;
  const std::vector<Bytes> update = std::exchange(stream.packets, {});
  if (!std::exchange(stream.whole, true)) return {};
  const RepairPlan plan = plan_repair(update.size(), rate.loss(), rate.loss_burst(), rate.rtt().value_or(kUnknownRtt), stream.interval);
  // One packet twice is one source and one parity: the same bytes under another number, so that the round trip of both is known.
  return fec_.protect(update, plan.twice ? 1 : plan.parity, now);
}

std::vector<Bytes> UpdateRepair::on_packet(const wire::RtpPacket& packet, ByteSpan whole, LocalTime now) {
  if (packet.header.payload_type != wire::kPayloadFec) {
    auto it = streams_.find(packet.header.ssrc.value);
    if (it == streams_.end()) {
      if (streams_.size() >= kMaxStreams) {
        const auto oldest = std::min_element(streams_.begin(), streams_.end(), [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; });
        recovered_before_ += oldest->second.receiver.recovered();
        streams_.erase(oldest);
      }
      it = streams_.emplace(packet.header.ssrc.value, Stream{FecReceiver(packet.header.ssrc), now}).first;
    }
    it->second.heard = now;
    return it->second.receiver.on_media(packet.header.seq, whole, now);
  }
  const auto parity = wire::parse_fec(packet.payload);
  if (!parity) {
    ++refused_;
    return {};
  }
  auto it = streams_.find(parity->header.media.value);
  if (it == streams_.end()) {
    // The first packet of a stream was lost: its number is known from the parity alone.
    if (streams_.size() >= kMaxStreams) return {};
    it = streams_.emplace(parity->header.media.value, Stream{FecReceiver(parity->header.media), now}).first;
  }
  auto back = it->second.receiver.on_parity(packet.payload, now);
  if (back) return std::move(*back);
  ++refused_;
  return {};
}

std::uint64_t UpdateRepair::recovered() const {
  std::uint64_t sum = recovered_before_;
  for (const auto& [ssrc, stream] : streams_) sum += stream.receiver.recovered();
  return sum;
}

}  // namespace beside::flow
