// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/video_receive.h"

#include <algorithm>

namespace beside::flow {
namespace {
constexpr nanoseconds kKeyRetry = milliseconds(300), kKeyCoding = milliseconds(80);   // at most; after a round trip and what coding takes
constexpr std::size_t kMaxReady = 64, kMaxNack = 256;
constexpr nanoseconds kHole = milliseconds(500);
constexpr nanoseconds kHoleEcho = milliseconds(50);
constexpr std::int64_t kHolePackets = 4;   // fewer are asked for again: a screen that rests also sends nothing
constexpr std::int64_t kMaxJump = 8192;  // numbers; a larger step is a new start
// True when this payload can only be the first of its picture: access unit delimiter, SPS, or a slice whose
// first_mb_in_slice is 0 (H.264 7.4.3; ue(v) 0 is a single 1 bit).
bool starts_h264(ByteSpan payload) {
  ByteSpan nal = payload;
  if (wire::nal_type(payload) == 24 && payload.size() > 3) nal = payload.subspan(3);  // STAP-A: its first NAL unit
  std::uint8_t type = wire::nal_type(nal);
  std::size_t slice_at = 1;
  if (type == 28) {  // FU-A: only its first piece
    if (nal.size() < 3 || (nal[1] & 0x80) == 0) return false;
    type = nal[1] & 0x1f;
    slice_at = 2;
  }
  if (type == 7 || type == 9) return true;
  return (type == 1 || type == 5) && nal.size() > slice_at && (nal[slice_at] & 0x80) != 0;
}
// Likewise, and of a key picture: parameter sets, or an IDR slice without; in AV1 the bit N (payload format, 4.4).
bool starts_key(ByteSpan payload, bool av1) {
  if (av1) return !payload.empty() && (payload[0] & 0x08) != 0;
  if (!starts_h264(payload)) return false;
  const ByteSpan nal = wire::nal_type(payload) == 24 ? payload.subspan(3) : payload;
  const std::uint8_t type = wire::nal_type(nal) == 28 ? nal[1] & 0x1f : wire::nal_type(nal);
  return type == 7 || type == 5;
}
}  // namespace

VideoReceiver::VideoReceiver(Ssrc media, Ssrc own, bool av1) : media_(media), own_(own) {
  if (av1) assembler_.emplace<wire::Av1Assembler>();
}

void VideoReceiver::forget_pieces() {
  std::visit([](auto& a) { a.clear(); }, assembler_);
}

void VideoReceiver::set_rtt(nanoseconds rtt) { rtt_ = std::clamp<nanoseconds>(rtt, milliseconds(20), milliseconds(200)); }

void VideoReceiver::restart(Ssrc media) {
  media_ = media;
  started_ = false;
  waiting_.clear();
  waiting_bytes_ = 0;
  missing_.clear();
  forget_pieces();
  current_ = {};
  in_picture_ = false;
  picture_broken_ = true;
  need_key_ = true;
  key_due_ = kNever;
}

std::int64_t VideoReceiver::extend(SeqNo seq) const {
  return highest_ + seq.since(SeqNo{static_cast<std::uint16_t>(highest_)});
}

void VideoReceiver::request_key(LocalTime now) {
  need_key_ = true;
  key_due_ = std::min(key_due_, now);
}

Result<void> VideoReceiver::receive(ByteSpan bytes, LocalTime now) {
  auto packet = wire::parse_rtp(bytes);
  if (!packet) return fail(packet);
  if (packet->header.ssrc != media_ || packet->header.payload_type != wire::kPayloadVideo) {
    ++foreign_;
    return {};
  }
  if (!started_) {
    started_ = true;
    last_arrival_ = now;
    highest_ = std::int64_t{packet->header.seq.value} + 65536;
    next_ = highest_;
    // What came first may be the middle of a picture: only a key picture from its beginning is of use.
    if (need_key_ && key_due_ == kNever) key_due_ = now + kKeyRetry;
  }
  const std::int64_t seq = extend(packet->header.seq);
  if (seq > highest_ + kMaxJump || seq < highest_ - kMaxJump) {
    ++foreign_;
    return {};
  }
  ++received_;
  for (std::int64_t gap = highest_ + 1; gap < seq; ++gap) {
    missing_.emplace(gap, Missing{now, LocalTime::min()});
    ++missed_;
  }
  // After a hole in the line what was lost in it is of no use any more, and its sender may not even keep it.
  // The first packet to come may be an old one, said again: the jump is looked for during the round trip after it as well.
  if (now - last_arrival_ > kHole) hole_ended_ = now;
  const bool hole = hole_ended_ != LocalTime::min() && now - hole_ended_ <= rtt_ + kHoleEcho && seq > highest_ + kHolePackets;
  last_arrival_ = now;
  highest_ = std::max(highest_, seq);
  missing_.erase(seq);
  if (hole) lose_until(seq, now);
  if (missing_.size() > kMaxPackets) lose_until(highest_, now);
  if (seq < next_ || waiting_.contains(seq)) return {};
  waiting_bytes_ += packet->payload.size();
  waiting_.emplace(seq, Waiting{packet->header, to_bytes(packet->payload), now});
  assemble(now);
  if (const auto key = whole_key(seq)) lose_until(*key, now);
  while (!waiting_.empty() && (waiting_.size() > kMaxPackets || waiting_bytes_ > kMaxBytes)) lose_until(waiting_.begin()->first, now);
  return {};
}

// The number at which a key picture begins, if the packet `seq` belongs to one that waits whole behind something missing.
std::optional<std::int64_t> VideoReceiver::whole_key(std::int64_t seq) const {
  const auto here = waiting_.find(seq);
  if (here == waiting_.end()) return std::nullopt;   // nothing is missing before it
  const std::uint32_t picture = here->second.header.timestamp;
  auto first = here, last = here;
  while (first != waiting_.begin() && std::prev(first)->first == first->first - 1 && std::prev(first)->second.header.timestamp == picture) --first;
  while (!last->second.header.marker) {
    const auto next = std::next(last);
    if (next == waiting_.end() || next->first != last->first + 1 || next->second.header.timestamp != picture) return std::nullopt;
    last = next;
  }
  return starts_key(first->second.payload, std::holds_alternative<wire::Av1Assembler>(assembler_)) ? std::optional(first->first) : std::nullopt;
}

void VideoReceiver::assemble(LocalTime now) {
  for (auto it = waiting_.find(next_); it != waiting_.end(); it = waiting_.find(next_)) {
    Waiting packet = std::move(it->second);
    waiting_bytes_ -= packet.payload.size();
    waiting_.erase(it);
    ++next_;
    if (in_picture_ && packet.header.timestamp != current_.rtp_timestamp) drop_picture(now);  // its marker never came
    if (!in_picture_) {
      in_picture_ = true;
      current_ = {};
      current_.rtp_timestamp = packet.header.timestamp;
      current_.first_packet_at = packet.at;
      forget_pieces();
      const bool av1 = std::holds_alternative<wire::Av1Assembler>(assembler_);
      if (av1 ? wire::starts_av1_unit(packet.payload) : starts_h264(packet.payload)) picture_broken_ = false;
    }
    if (packet.header.abs_capture_time) current_.captured_at = wire::from_uq32_32(*packet.header.abs_capture_time);
    current_.first_packet_at = std::min(current_.first_packet_at, packet.at);
    current_.last_packet_at = std::max(current_.last_packet_at, packet.at);
    if (!picture_broken_ && !std::visit([&](auto& a) { return a.add(packet.payload); }, assembler_)) picture_broken_ = true;
    if (packet.header.marker) finish_picture(now);
  }
}

void VideoReceiver::finish_picture(LocalTime now) {
  const bool whole = !picture_broken_ && std::visit([](const auto& a) { return a.complete(); }, assembler_);
  current_.key = whole && std::visit([](const auto& a) { return a.has_key(); }, assembler_);
  in_picture_ = false;
  picture_broken_ = false;
  if (!whole || ready_.size() >= kMaxReady) {
    forget_pieces();
    request_key(now);
    return;
  }
  if (need_key_ && !current_.key) {
    forget_pieces();
    return;
  }
  need_key_ = false;
  key_due_ = kNever;
  current_.annex_b = std::visit([](auto& a) { return a.take(); }, assembler_);
  ready_.push_back(std::move(current_));
  current_ = {};
}

void VideoReceiver::drop_picture(LocalTime now) {
  in_picture_ = false;
  picture_broken_ = false;
  forget_pieces();
  request_key(now);
}

// What is missing before `seq` will not come any more: the picture that it belonged to is lost, and so is all that builds
// on it.
void VideoReceiver::lose_until(std::int64_t seq, LocalTime now) {
  for (auto it = missing_.begin(); it != missing_.end() && it->first < seq;) {
    ++given_up_;
    it = missing_.erase(it);
  }
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first < seq;) {
    waiting_bytes_ -= it->second.payload.size();
    it = waiting_.erase(it);
  }
  if (next_ < seq) {
    drop_picture(now);
    // The picture that is going on at `seq` may have lost its beginning.
    next_ = seq;
    picture_broken_ = true;
  }
  assemble(now);
}

std::optional<AccessUnit> VideoReceiver::take() {
  if (ready_.empty()) return std::nullopt;
  AccessUnit unit = std::move(ready_.front());
  ready_.pop_front();
  return unit;
}

std::vector<wire::RtcpPacket> VideoReceiver::poll(LocalTime now) {
  std::vector<wire::RtcpPacket> out;
  // Given up: as far as the newest packet that has been missing for too long.
  std::int64_t lost_before = 0;
  for (const auto& [seq, missing] : missing_) {
    if (now - missing.since < kGiveUp) break;
    lost_before = seq + 1;
  }
  if (lost_before != 0) lose_until(lost_before, now);
  wire::Nack nack{own_, media_, {}};
  for (auto& [seq, missing] : missing_) {
    if (nack.lost.size() >= kMaxNack) break;
    if (now - missing.since < kReorder) continue;
    if (missing.asked_at != LocalTime::min() && now - missing.asked_at < rtt_) continue;
    missing.asked_at = now;
    nack.lost.push_back(static_cast<std::uint16_t>(seq));
  }
  if (!nack.lost.empty()) out.emplace_back(std::move(nack));
  if (now >= key_due_) {
    key_due_ = now + std::min<nanoseconds>(kKeyRetry, rtt_ + kKeyCoding);
    out.emplace_back(wire::Pli{own_, media_});
  }
  return out;
}

LocalTime VideoReceiver::next_deadline() const {
  LocalTime next = key_due_;
  for (const auto& [seq, missing] : missing_) {
    next = std::min(next, missing.asked_at == LocalTime::min() ? missing.since + kReorder : missing.asked_at + rtt_);
    next = std::min(next, missing.since + kGiveUp);
  }
  return next;
}

}  // namespace beside::flow
