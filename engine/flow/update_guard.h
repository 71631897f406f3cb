// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/flow/fec.h"
#include "engine/flow/rate_control.h"
#include "engine/wire/rtp.h"

namespace beside::flow {

// Between a link and its media: sees each packet before it is sealed, knows updates by their marker, and says what redundancy
// follows them, as plan_repair() has it. Where nothing is lost it copies nothing and costs nothing. No I/O.
class UpdateGuard {
 public:
  static constexpr std::size_t kMaxStreams = 8, kMaxPackets = 1024;   // of one update; beyond, it goes without
  UpdateGuard(Ssrc own, std::uint16_t first_seq) : fec_(own, first_seq) {}
  // A clear packet of media that is about to be sealed; parity (clear) to seal and send right behind the last one of an update.
  std::vector<Bytes> on_packet(ByteSpan packet, const RateControl& rate, LocalTime now);
  std::uint64_t packets_sent() const { return fec_.packets_sent(); }

 private:
  struct Stream {
    std::vector<Bytes> packets;            // of the update that goes on
    bool whole = false;                    // all of it is there
    std::uint16_t next = 0;
    LocalTime ended = LocalTime::min();    // of the last update
    nanoseconds interval = milliseconds(33);
  };
  FecSender fec_;
  std::map<std::uint32_t, Stream> streams_;
};

// The other end: all streams of a link.
class UpdateRepair {
 public:
  static constexpr std::size_t kMaxStreams = 4;
  // An opened packet, media or parity. What comes back had been lost: whole packets in the clear, to be taken as if they had
  // arrived after this one.
  std::vector<Bytes> on_packet(const wire::RtpPacket& packet, ByteSpan whole, LocalTime now);
  std::uint64_t recovered() const;
  std::uint64_t refused() const { return refused_; }   // parity that was malformed

 private:
  struct Stream {
    FecReceiver receiver;
    LocalTime heard{};
  };
  std::map<std::uint32_t, Stream> streams_;
  std::uint64_t refused_ = 0, recovered_before_ = 0;
};

}  // namespace beside::flow
