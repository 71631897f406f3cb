// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/reliable_control.h"

#include <algorithm>

namespace beside::flow {

ReliableControl::ReliableControl() : ReliableControl(Limits{}) {}
ReliableControl::ReliableControl(Limits limits) : limits_(limits) {}

void ReliableControl::put_out(control::Envelope& message) {
  // The acknowledgement of the moment rides along; before Welcome it would belong to another numbering.
  if (established_) {
    message.set_ack(last_received_);
    ack_sent_ = last_received_;
    ack_due_ = kNever;
  } else {
    message.set_ack(0);
  }
  outgoing_.push_back(wire::serialize_envelope(message));
}

Result<void> ReliableControl::send(control::Envelope message, LocalTime) {
  message.set_seq(0);
  if (auto ok = wire::check_envelope(message); !ok) return ok;
  if (!wire::is_sequenced(message)) {
    if (connected_) put_out(message);
    return {};
  }
  const std::size_t size = message.ByteSizeLong() + 24;
  if (kept_.size() >= limits_.messages || kept_bytes_ + size > limits_.bytes)
    return fail(ErrorKind::Limit, "flow/control: too much is unacknowledged");
  message.set_seq(next_seq_++);
  kept_bytes_ += size;
  kept_.push_back({message.seq(), std::move(message), size});
  if (established_) put_out(kept_.back().message);
  return {};
}

Result<void> ReliableControl::take_ack(std::uint64_t ack) {
  BS_PEER_CHECK(ack < next_seq_, "flow/control: ack of what was never sent");
  if (ack <= acked_) return {};
  acked_ = ack;
  while (!kept_.empty() && kept_.front().seq <= ack) {
    kept_bytes_ -= kept_.front().size;
    kept_.pop_front();
  }
  return {};
}

Result<std::optional<control::Envelope>> ReliableControl::receive(ByteSpan bytes, LocalTime now) {
  auto message = wire::parse_envelope(bytes);
  if (!message) return fail(message);
  const std::uint64_t seq = message->seq();
  if (established_) {
    if (auto ok = take_ack(message->ack()); !ok) return fail(ok);
  }
  if (seq != 0) {
    BS_PEER_CHECK(established_, "flow/control: sequenced message before the handshake");
    if (seq <= last_received_) {
      ack_due_ = now;  // it was repeated because our acknowledgement got lost with the connection
      return std::optional<control::Envelope>{};
    }
    BS_PEER_CHECK(seq == last_received_ + 1, "flow/control: gap in seq");
    last_received_ = seq;
    ack_due_ = std::min(ack_due_, now + limits_.ack_delay);
  }
  if (message->body_case() == control::Envelope::BODY_NOT_SET) return std::optional<control::Envelope>{};
  return std::optional<control::Envelope>(std::move(*message));
}

void ReliableControl::connected() {
  outgoing_.clear();
  connected_ = true;
  established_ = false;
  ack_due_ = kNever;
}

void ReliableControl::disconnected() {
  outgoing_.clear();
  connected_ = false;
  established_ = false;
  ack_due_ = kNever;
}

Result<void> ReliableControl::resume(std::uint64_t peer_last_seq, LocalTime now) {
  BS_PEER_CHECK(peer_last_seq >= acked_, "flow/control: resumed before what was acknowledged");
  if (auto ok = take_ack(peer_last_seq); !ok) return ok;
  established_ = true;
  ack_due_ = last_received_ > ack_sent_ ? now : kNever;
  for (Kept& kept : kept_) put_out(kept.message);
  return {};
}

void ReliableControl::restart(LocalTime, bool keep_unacknowledged) {
  if (!keep_unacknowledged) {
    kept_.clear();
    kept_bytes_ = 0;
  }
  next_seq_ = 1;
  acked_ = 0;
  last_received_ = 0;
  ack_sent_ = 0;
  ack_due_ = kNever;
  established_ = true;
  for (Kept& kept : kept_) {
    kept.seq = next_seq_++;
    kept.message.set_seq(kept.seq);
    put_out(kept.message);
  }
}

std::vector<Bytes> ReliableControl::take_outgoing(LocalTime now) {
  if (established_ && ack_due_ <= now) {
    control::Envelope ack;
    put_out(ack);
  }
  return std::exchange(outgoing_, {});
}

LocalTime ReliableControl::next_deadline() const { return established_ ? ack_due_ : kNever; }

}  // namespace beside::flow
