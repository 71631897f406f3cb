// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace beside::wire {

// Dynamic payload types of Beside, the same in both directions.
constexpr std::uint8_t kPayloadVideo = 96;
constexpr std::uint8_t kPayloadInput = 97;   // input cells, operator -> customer
constexpr std::uint8_t kPayloadCursor = 98;  // cursor cells, customer -> operator
constexpr std::uint8_t kExtAbsCaptureTime = 1;
constexpr std::size_t kMaxRtpBytes = 2048;   // one packet in the clear

// RFC 3550 5.1, with RFC 8285 one-byte extensions: abs-capture-time (id 1) is read and written, others are skipped.
struct RtpHeader {
  bool marker = false;
  std::uint8_t payload_type = 0;
  SeqNo seq;
  std::uint32_t timestamp = 0;                        // 90 kHz for video
  Ssrc ssrc;
  std::optional<std::uint64_t> abs_capture_time;      // UQ32.32 seconds on the sender's monotonic clock
};
struct RtpPacket {
  RtpHeader header;
  ByteSpan payload;  // into the bytes parsed; padding taken off
};

// Errors: PeerFault.
Result<RtpPacket> parse_rtp(ByteSpan packet);
Bytes build_rtp(const RtpHeader& header, ByteSpan payload);
// Without opening it: the sequence number and SSRC of a packet whose payload is sealed (at least 12 bytes long).
std::optional<RtpHeader> peek_rtp(ByteSpan packet);

std::uint64_t to_uq32_32(LocalTime t);
PeerTime from_uq32_32(std::uint64_t stamp);
std::uint32_t to_90khz(LocalTime t);
std::string dump_rtp(const RtpPacket& packet);

}  // namespace beside::wire
