// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/wire/control.h"

namespace beside::flow {

// Sequencing, acknowledgement and resumption of control messages (control.proto, Envelope); client and relay use the same
// class, one object per resume token. No I/O.
//
//   client: up() -> connected(); send(Hello{resume_token, last_seq = last_received()}); on Welcome:
//           resumed ? resume(welcome.last_seq, now) : restart(now)
//   relay:  on Hello: connected(); send(Welcome); then known token ? resume(hello.last_seq, now) : restart(now)
//
// 1. Sequenced messages leave only between resume()/restart() and disconnected(); until then they are kept.
// 2. What is kept goes again, in order, after resume(); nothing acknowledged is sent again.
// 3. receive() yields each sequenced message once and in order.
// 4. Unsequenced messages (Hello, Ping, Tunnel...) leave at once, or are dropped while no connection is up.
class ReliableControl {
 public:
  struct Limits {
    std::size_t messages = 1024;               // kept for resending
    std::size_t bytes = 4u << 20;
    nanoseconds ack_delay = milliseconds(100); // never more than 200 ms
  };
  ReliableControl();
  explicit ReliableControl(Limits limits);

  // Errors: Limit (too much is unacknowledged: close the connection), or what check_envelope says of our own message.
  Result<void> send(control::Envelope message, LocalTime now);
  // nullopt: a repetition, or an acknowledgement alone. Errors: PeerFault (malformed, gap in seq, ack of what was never
  // sent): say Goodbye and close.
  Result<std::optional<control::Envelope>> receive(ByteSpan message, LocalTime now);

  void connected();
  void disconnected();
  // The other side has everything up to peer_last_seq. Error: PeerFault when it names more than was sent or less than it
  // acknowledged.
  Result<void> resume(std::uint64_t peer_last_seq, LocalTime now);
  // Both directions start at 1 again. What was unacknowledged is renumbered and sent, unless it is given up.
  void restart(LocalTime now, bool keep_unacknowledged = true);

  // Serialised envelopes to be written now, in order. Call after every other call and when next_deadline() passes.
  std::vector<Bytes> take_outgoing(LocalTime now);
  LocalTime next_deadline() const;             // kNever when no acknowledgement is owed

  std::uint64_t last_received() const { return last_received_; }
  std::size_t unacknowledged() const { return kept_.size(); }
  bool established() const { return established_; }

 private:
  struct Kept {
    std::uint64_t seq = 0;
    control::Envelope message;
    std::size_t size = 0;
  };
  Result<void> take_ack(std::uint64_t ack);
  void put_out(control::Envelope& message);

  Limits limits_;
  std::deque<Kept> kept_;
  std::size_t kept_bytes_ = 0;
  std::uint64_t next_seq_ = 1;
  std::uint64_t acked_ = 0;          // highest of ours that the other side has
  std::uint64_t last_received_ = 0;
  std::uint64_t ack_sent_ = 0;
  LocalTime ack_due_ = kNever;
  bool connected_ = false;
  bool established_ = false;
  std::vector<Bytes> outgoing_;
};

}  // namespace beside::flow
