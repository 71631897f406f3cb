// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/rtp.h"

#include <fmt/core.h>

namespace beside::wire {
namespace {
constexpr std::uint16_t kOneByteProfile = 0xBEDE;  // RFC 8285 4.2

// Walks the one-byte extension elements; unknown ids are skipped.
Result<void> parse_extensions(ByteSpan data, RtpHeader& header) {
  ByteReader in(data);
  while (in.remaining() > 0) {
    const std::uint8_t tag = in.u8();
    if (tag == 0) continue;               // padding
    const unsigned id = tag >> 4, size = (tag & 0xFu) + 1;
    if (id == 15) return {};              // 4.2: stop here
    const ByteSpan value = in.bytes(size);
    BS_PEER_CHECK(!in.failed(), "wire/rtp: extension element");
    // Length 8, or 16 with an estimated clock offset, which we do not use.
    if (id == kExtAbsCaptureTime && (size == 8 || size == 16)) header.abs_capture_time = ByteReader(value).u64();
  }
  return {};
}
}  // namespace

Result<RtpPacket> parse_rtp(ByteSpan packet) {
  BS_PEER_CHECK(packet.size() >= 12 && packet.size() <= kMaxRtpBytes, "wire/rtp: size");
  ByteReader in(packet);
  const std::uint8_t first = in.u8(), second = in.u8();
  BS_PEER_CHECK(first >> 6 == 2, "wire/rtp: version");
  RtpPacket out;
  out.header.marker = (second & 0x80) != 0;
  out.header.payload_type = second & 0x7f;
  out.header.seq = SeqNo{in.u16()};
  out.header.timestamp = in.u32();
  out.header.ssrc = Ssrc{in.u32()};
  in.skip((first & 0x0fu) * 4u);  // CSRC
  if ((first & 0x10) != 0) {
    const std::uint16_t profile = in.u16();
    const std::size_t words = in.u16();
    const ByteSpan data = in.bytes(words * 4);
    BS_PEER_CHECK(!in.failed(), "wire/rtp: extension length");
    if (profile == kOneByteProfile) {
      if (auto ok = parse_extensions(data, out.header); !ok) return fail(ok);
    }
  }
  BS_PEER_CHECK(!in.failed(), "wire/rtp: header length");
  out.payload = in.rest();
  if ((first & 0x20) != 0) {
    BS_PEER_CHECK(!out.payload.empty(), "wire/rtp: padding");
    const std::size_t padding = out.payload.back();
    BS_PEER_CHECK(padding >= 1 && padding <= out.payload.size(), "wire/rtp: padding");
    out.payload = out.payload.first(out.payload.size() - padding);
  }
  return out;
}

Bytes build_rtp(const RtpHeader& header, ByteSpan payload) {
  Bytes out;
  out.reserve(12 + 16 + payload.size() + 32);  // room for the tag that sealing appends
  ByteWriter w(out);
  w.u8(static_cast<std::uint8_t>(0x80 | (header.abs_capture_time ? 0x10 : 0)));
  w.u8(static_cast<std::uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type & 0x7f)));
  w.u16(header.seq.value);
  w.u32(header.timestamp);
  w.u32(header.ssrc.value);
  if (header.abs_capture_time) {
    w.u16(kOneByteProfile);
    w.u16(3);
    w.u8(kExtAbsCaptureTime << 4 | 7);
    w.u64(*header.abs_capture_time);
    w.u24(0);
  }
  w.bytes(payload);
  return out;
}

std::optional<RtpHeader> peek_rtp(ByteSpan packet) {
  if (packet.size() < 12 || packet[0] >> 6 != 2) return std::nullopt;
  ByteReader in(packet.subspan(1));
  RtpHeader header;
  const std::uint8_t second = in.u8();
  header.marker = (second & 0x80) != 0;
  header.payload_type = second & 0x7f;
  header.seq = SeqNo{in.u16()};
  header.timestamp = in.u32();
  header.ssrc = Ssrc{in.u32()};
  return header;
}

std::uint64_t to_uq32_32(LocalTime t) {
  const auto ns = static_cast<std::uint64_t>(t.time_since_epoch().count());
  const std::uint64_t whole = ns / 1'000'000'000u, rest = ns % 1'000'000'000u;
  // Rounded up, so that from_uq32_32 yields the same nanosecond again.
  return whole << 32 | ((rest << 32) + 999'999'999u) / 1'000'000'000u;
}

PeerTime from_uq32_32(std::uint64_t stamp) {
  const std::uint64_t ns = (stamp >> 32) * 1'000'000'000u + ((stamp & 0xFFFFFFFFu) * 1'000'000'000u >> 32);
  return PeerTime(nanoseconds(static_cast<std::int64_t>(ns)));
}

std::uint32_t to_90khz(LocalTime t) {
  const std::int64_t us = to_us(t);
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(us / 100) * 9 + static_cast<std::uint64_t>(us % 100) * 9 / 100);
}

std::string dump_rtp(const RtpPacket& p) {
  return fmt::format("RTP pt={}{} seq={} ts={} ssrc={:08x} payload={} bytes{}", p.header.payload_type,
                     p.header.marker ? " marker" : "", p.header.seq.value, p.header.timestamp, p.header.ssrc.value,
                     p.payload.size(), p.header.abs_capture_time ? " abs-capture-time" : "");
}

}  // namespace beside::wire
