// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/wire/rtcp.h"
#include "engine/wire/rtp.h"

namespace beside::flow {

// Encoded pictures -> RTP packets in the clear (RFC 6184, or AV1's payload format), and the answers to NACK and PLI. No I/O, no keys: the owner
// seals each packet, gives the sealed bytes to keep(), and sends them through the Pacer. A lost packet is answered by the
// same sealed bytes again, so no nonce is ever used twice.
class VideoSender {
 public:
  struct Settings {
    Ssrc ssrc;
    std::uint16_t first_seq = 0;              // random
    std::size_t max_payload = 1150;           // bytes of RTP payload
    nanoseconds keep_for = seconds(1);
    std::size_t keep_bytes = 16u << 20;
    bool av1 = false;                         // else H.264
  };
  explicit VideoSender(Settings settings);

  // The largest datagram of the path: packets are made so that they, sealed, and what protects them fit; of kLeastPayload at least,
  // and no smaller than max_payload on a path that takes 1200 bytes, where the parity of such packets just fits as well.
  static constexpr std::size_t kLeastPayload = 400;
  void set_datagram(std::size_t bytes);
  // One access unit (Annex B), or temporal unit of AV1; empty when it holds no NAL unit or OBU.
  std::vector<Bytes> packetize(ByteSpan unit, LocalTime captured_at);
  // Remembers a sealed packet (its RTP header is in the clear).
  void keep(Bytes sealed, LocalTime now);
  // A packet that was sent again is not sent again before that could have been known to be in vain: a round trip and what waits
  // in our own queue. 20 ms at least.
  void set_repeat_pause(nanoseconds pause) { repeat_pause_ = std::max<nanoseconds>(pause, milliseconds(20)); }
  // What was kept is not sent again: a key picture takes its place.
  void forget();
  // Takes what concerns this stream and ignores the rest; the sealed packets to send again.
  std::vector<Bytes> on_rtcp(std::span<const wire::RtcpPacket> packets, LocalTime now);
  // The newest packet once more, when nothing was heard of it (TailWatch). Empty: it is not kept any more.
  Bytes repeat_last(LocalTime now);
  // True when a PLI came since, at most every 200 ms: encode the next picture as a key picture.
  bool take_key_request(LocalTime now);
  // PROTOCOL 4: after a gap a new SSRC, announced in the inner channel first; what was kept is forgotten.
  void new_ssrc(Ssrc ssrc, std::uint16_t first_seq);
  Ssrc ssrc() const { return settings_.ssrc; }
  std::uint64_t packets_sent() const { return packets_; }
  std::uint64_t packets_repeated() const { return repeated_; }

 private:
  struct Kept {
    std::uint16_t seq = 0;
    Bytes sealed;
    LocalTime kept_at{};
    LocalTime repeated_at = LocalTime::min();
  };
  void expire(LocalTime now);
  Settings settings_;
  std::size_t payload_;                       // bytes at most, now
  SeqNo next_;
  std::deque<Kept> kept_;                     // consecutive sequence numbers
  std::size_t kept_bytes_ = 0;
  nanoseconds repeat_pause_ = milliseconds(20);
  bool key_wanted_ = false;
  LocalTime key_given_ = LocalTime::min();
  std::uint64_t packets_ = 0, repeated_ = 0;
};

}  // namespace beside::flow
