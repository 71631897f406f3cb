// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/wire/control.h"

namespace beside::flow {

// The byte stream between the two ends over Tunnel messages (PROTOCOL 3): offsets are end to end, the relay's word counts
// for nothing. Goes back to what the other END has whenever something was lost; keeps nothing out of order. No I/O.
//
// 1. Bytes are kept until the other end's ack covers them; at most kWindow are kept and receive() never runs ahead.
// 2. Each byte is yielded by receive() exactly once and in order.
class TunnelStream {
 public:
  static constexpr std::size_t kWindow = 4u << 20;
  static constexpr std::size_t kPiece = 16 * 1024;
  static constexpr nanoseconds kSilence = seconds(2);
  explicit TunnelStream(std::string session_id, std::size_t piece = kPiece);

  // Errors: Limit, when more than writable() bytes are given; then nothing is taken.
  Result<void> write(ByteSpan data);
  std::size_t writable() const { return kWindow - kept_.size(); }
  std::size_t unacknowledged() const { return kept_.size(); }

  // The bytes that are new, perhaps none. Errors: PeerFault (offset or ack outside of what can be, too large).
  Result<Bytes> receive(const control::Tunnel& piece, LocalTime now);

  // The next message to send, until nullopt. Call after every other call and when next_deadline() passes.
  std::optional<control::Tunnel> poll(LocalTime now);
  LocalTime next_deadline() const;     // LocalTime::min(): at once
  // The control connection or the other end was away: say what we have, and send again what it does not.
  void rejoined(LocalTime now);

 private:
  void rewind(LocalTime now);
  std::string session_id_;
  std::size_t piece_;
  std::deque<std::uint8_t> kept_;        // [acked_, acked_ + kept_.size())
  std::uint64_t acked_ = 0;              // the other end has our bytes up to here
  std::uint64_t sent_ = 0;               // next byte to send
  std::uint64_t highest_sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t ack_sent_ = 0;
  LocalTime ack_due_ = kNever;
  LocalTime repeat_due_ = kNever;
  LocalTime last_rewind_ = LocalTime::min();
  LocalTime last_gap_ = LocalTime::min();
  bool ack_forced_ = false;
};

}  // namespace beside::flow
