// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/video_send.h"

#include <algorithm>

#include "engine/wire/av1.h"
#include "engine/wire/h264.h"

namespace beside::flow {
namespace {
constexpr nanoseconds kKeyPause = milliseconds(200);
// Around a payload: RTP header 12, abs-capture-time 16, tag 16; a parity packet has a header of its own (12) and FEC's (12) around
// the header and payload that it protects and their length (2).
constexpr std::size_t kAround = 12 + 16 + 16 + 12 + 12 + 2;
}

VideoSender::VideoSender(Settings settings) : settings_(settings), payload_(settings.max_payload), next_{settings.first_seq} {}

void VideoSender::set_datagram(std::size_t bytes) {
  const std::size_t fits = bytes > kAround ? bytes - kAround : 0;
  payload_ = std::max(bytes >= 1200 ? settings_.max_payload : kLeastPayload, fits);
}

std::vector<Bytes> VideoSender::packetize(ByteSpan unit, LocalTime captured_at) {
  const auto payloads = settings_.av1 ? wire::packetize_av1(unit, payload_) : wire::packetize_h264(wire::split_annex_b(unit), payload_);
  std::vector<Bytes> packets;
  packets.reserve(payloads.size());
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    wire::RtpHeader header;
    header.marker = i + 1 == payloads.size();
    header.payload_type = wire::kPayloadVideo;
    header.seq = next_;
    header.timestamp = wire::to_90khz(captured_at);
    header.ssrc = settings_.ssrc;
    // In every packet, so that all have one size and the receiver knows it whichever is lost.
    header.abs_capture_time = wire::to_uq32_32(captured_at);
    packets.push_back(wire::build_rtp(header, payloads[i]));
    next_ = next_.next();
  }
  packets_ += packets.size();
  return packets;
}

void VideoSender::expire(LocalTime now) {
  while (!kept_.empty() && (kept_bytes_ > settings_.keep_bytes || now - kept_.front().kept_at > settings_.keep_for ||
                            kept_.size() > 32768)) {
    kept_bytes_ -= kept_.front().sealed.size();
    kept_.pop_front();
  }
}

void VideoSender::keep(Bytes sealed, LocalTime now) {
  const auto header = wire::peek_rtp(sealed);
  if (!header || header->ssrc != settings_.ssrc) return;
  // on_rtcp finds packets by their distance from the first; a hole (the owner dropped one) starts the store anew.
  if (!kept_.empty() && header->seq.value != static_cast<std::uint16_t>(kept_.back().seq + 1)) {
    kept_.clear();
    kept_bytes_ = 0;
  }
  kept_bytes_ += sealed.size();
  kept_.push_back({header->seq.value, std::move(sealed), now, LocalTime::min()});
  expire(now);
}

std::vector<Bytes> VideoSender::on_rtcp(std::span<const wire::RtcpPacket> packets, LocalTime now) {
  std::vector<Bytes> again;
  for (const wire::RtcpPacket& packet : packets) {
    if (const auto* pli = std::get_if<wire::Pli>(&packet)) {
      if (pli->media == settings_.ssrc) key_wanted_ = true;
    } else if (const auto* nack = std::get_if<wire::Nack>(&packet); nack != nullptr && nack->media == settings_.ssrc) {
      expire(now);
      for (const std::uint16_t seq : nack->lost) {
        if (kept_.empty()) break;
        const std::size_t at = static_cast<std::uint16_t>(seq - kept_.front().seq);
        if (at >= kept_.size()) continue;
        Kept& kept = kept_[at];
        if (kept.repeated_at != LocalTime::min() && now - kept.repeated_at < repeat_pause_) continue;
        kept.repeated_at = now;
        again.push_back(kept.sealed);
        ++repeated_;
      }
    }
  }
  return again;
}

void VideoSender::forget() {
  kept_.clear();
  kept_bytes_ = 0;
}

Bytes VideoSender::repeat_last(LocalTime now) {
  if (kept_.empty()) return {};
  kept_.back().repeated_at = now;
  ++repeated_;
  return kept_.back().sealed;
}

bool VideoSender::take_key_request(LocalTime now) {
  if (!key_wanted_ || (key_given_ != LocalTime::min() && now - key_given_ < kKeyPause)) return false;
  key_wanted_ = false;
  key_given_ = now;
  return true;
}

void VideoSender::new_ssrc(Ssrc ssrc, std::uint16_t first_seq) {
  settings_.ssrc = ssrc;
  next_ = SeqNo{first_seq};
  forget();
}

}  // namespace beside::flow
