// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::flow {

// Streams of messages inside the inner TLS channel (PROTOCOL 3), each with its own credit, lower numbers first, so that a
// large transfer never delays a grant or a Stop. No I/O, no time.
//
// Frame: type u8 (1 part of a message, 2 its last part, 3 credit), stream u8 (0..15), length u24, payload. Parts carry at
// most kPart bytes; a credit's payload is u32: more bytes that may be sent on that stream. Each stream starts with
// kCredit. Messages have 1..64 KiB.
class InnerMux {
 public:
  static constexpr std::uint8_t kControl = 0;        // consent, layout, cursor shapes: one session.proto Inner a message
  static constexpr std::uint8_t kMedia = 1;          // media negotiation, likewise
  static constexpr std::uint8_t kFiles = 4;          // first of those for bulk
  static constexpr std::size_t kStreams = 16;
  static constexpr std::size_t kMaxMessage = 64 * 1024;
  static constexpr std::size_t kPart = 4 * 1024;
  static constexpr std::uint32_t kCredit = 256 * 1024;
  static constexpr std::size_t kMaxQueued = 1u << 20; // per stream, waiting for credit

  struct Message {
    std::uint8_t stream = 0;
    Bytes bytes;
  };

  // Errors: Limit (stream's queue full, empty or too large); nothing is taken then.
  Result<void> send(std::uint8_t stream, ByteSpan message);
  std::size_t queued(std::uint8_t stream) const;
  // Whole frames of at most `budget` bytes together (or one frame), most urgent first. The owner keeps the budget small
  // (what the tunnel has not yet acknowledged stays under 64 KiB, say), for what was taken cannot be overtaken any more.
  Bytes take_outgoing(std::size_t budget);
  bool has_outgoing() const;
  // Plaintext from the channel, cut anywhere. Errors: PeerFault, final.
  Result<std::vector<Message>> receive(ByteSpan plaintext);
  // Credit of a stream is normally returned as its messages are yielded; a slow consumer (a disk) returns it itself.
  void set_manual_credit(std::uint8_t stream) { in_[stream % kStreams].manual = true; }
  void consumed(std::uint8_t stream, std::size_t bytes);

 private:
  struct Out {
    std::deque<Bytes> messages;
    std::size_t at = 0;           // of the first message, already taken
    std::size_t queued = 0;
    std::uint32_t credit = kCredit;
  };
  struct In {
    Bytes message;                // parts so far
    std::uint32_t credit = kCredit;   // what the other end may still send
    std::uint32_t owed = 0;           // consumed, not yet given back
    bool manual = false;
  };
  Result<void> take_frame(std::uint8_t type, std::uint8_t stream, ByteSpan payload, std::vector<Message>& out);
  std::array<Out, kStreams> out_;
  std::array<In, kStreams> in_;
  Bytes partial_;                 // an incomplete frame
  bool dead_ = false;
};

}  // namespace beside::flow
