// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/tunnel_stream.h"

#include <algorithm>

namespace beside::flow {
namespace {
constexpr nanoseconds kAckDelay = milliseconds(50);
// Of what takes no room worth speaking of (heartbeats): mostly it rides on the next piece, which spares both ends and the relay a
// message each. Well below kSilence, after which it would be said again.
constexpr nanoseconds kLittleAckDelay = milliseconds(800);
constexpr std::size_t kLittle = 1024;
constexpr std::size_t kAckEvery = 64 * 1024;
// A gap asks the other end to go back at most this often, and the other end obeys at most this often; otherwise every
// piece in flight behind a lost one would start a repetition of its own.
constexpr nanoseconds kRewindPause = milliseconds(200);
}  // namespace

TunnelStream::TunnelStream(std::string session_id, std::size_t piece)
    : session_id_(std::move(session_id)), piece_(std::clamp<std::size_t>(piece, 1, wire::kMaxTunnelBytes)) {}

Result<void> TunnelStream::write(ByteSpan data) {
  if (data.size() > writable()) return fail(ErrorKind::Limit, "flow/tunnel: window full");
  kept_.insert(kept_.end(), data.begin(), data.end());
  return {};
}

void TunnelStream::rewind(LocalTime now) {
  sent_ = acked_;
  last_rewind_ = now;
}

Result<Bytes> TunnelStream::receive(const control::Tunnel& piece, LocalTime now) {
  const std::string& data = piece.data();
  BS_PEER_CHECK(data.size() <= wire::kMaxTunnelBytes, "flow/tunnel: piece too large");
  BS_PEER_CHECK(piece.offset() <= UINT64_MAX - data.size(), "flow/tunnel: offset overflow");
  BS_PEER_CHECK(piece.ack() <= highest_sent_, "flow/tunnel: ack of what was never sent");
  if (piece.ack() > acked_) {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(piece.ack() - acked_));
    acked_ = piece.ack();
    sent_ = std::max(sent_, acked_);
    repeat_due_ = sent_ > acked_ ? now + kSilence : kNever;
  } else if (piece.ack() == acked_ && data.empty() && sent_ > acked_ && now >= repeat_due_ - kSilence + kRewindPause &&
             (last_rewind_ == LocalTime::min() || now - last_rewind_ >= kRewindPause)) {
    // An acknowledgement alone that says nothing new: the other end sees a gap, or came back.
    rewind(now);
  }
  if (data.empty()) return Bytes{};
  const std::uint64_t end = piece.offset() + data.size();
  if (end <= received_) {
    ack_due_ = std::min(ack_due_, now + kAckDelay);  // a repetition: our acknowledgement was lost
    ack_sent_ = std::min(ack_sent_, received_ - 1);
    return Bytes{};
  }
  if (piece.offset() > received_) {
    BS_PEER_CHECK(piece.offset() - received_ <= kWindow, "flow/tunnel: offset beyond the window");
    // A gap: nothing is kept out of order; say again from where.
    if (last_gap_ == LocalTime::min() || now - last_gap_ >= kRewindPause) {
      last_gap_ = now;
      ack_due_ = now;
      ack_forced_ = true;
    }
    return Bytes{};
  }
  const auto fresh = as_bytes(data).subspan(static_cast<std::size_t>(received_ - piece.offset()));
  received_ = end;
  const std::uint64_t unacknowledged = received_ - ack_sent_;
  ack_due_ = unacknowledged >= kAckEvery ? now : std::min(ack_due_, now + (unacknowledged < kLittle ? kLittleAckDelay : kAckDelay));
  return to_bytes(fresh);
}

std::optional<control::Tunnel> TunnelStream::poll(LocalTime now) {
  if (now >= repeat_due_ && sent_ > acked_) {
    rewind(now);
    repeat_due_ = kNever;
  }
  const std::uint64_t end = acked_ + kept_.size();
  const bool ack_now = ack_forced_ || ack_due_ <= now;
  if (sent_ >= end && !ack_now) return std::nullopt;
  control::Tunnel out;
  out.set_session_id(session_id_);
  out.set_offset(sent_);
  // A forced acknowledgement goes alone, so that the other end can tell it from one that rides on data.
  if (sent_ < end && !ack_forced_) {
    const std::size_t size = std::min<std::size_t>(piece_, static_cast<std::size_t>(end - sent_));
    const auto from = kept_.begin() + static_cast<std::ptrdiff_t>(sent_ - acked_);
    out.mutable_data()->assign(from, from + static_cast<std::ptrdiff_t>(size));
    sent_ += size;
    highest_sent_ = std::max(highest_sent_, sent_);
    if (repeat_due_ == kNever) repeat_due_ = now + kSilence;
  }
  out.set_ack(received_);
  ack_sent_ = received_;
  ack_due_ = kNever;
  ack_forced_ = false;
  return out;
}

LocalTime TunnelStream::next_deadline() const {
  if (ack_forced_ || sent_ < acked_ + kept_.size()) return LocalTime::min();
  return std::min(ack_due_, sent_ > acked_ ? repeat_due_ : kNever);
}

void TunnelStream::rejoined(LocalTime now) {
  rewind(now);
  repeat_due_ = kNever;
  ack_forced_ = true;
}

}  // namespace beside::flow
