// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::e2e {

// What travels in the tunnel before TLS: type (1 byte), length of the payload (2 bytes), payload. Each direction has types
// of its own, so that nothing sent back to its sender means anything.
enum class FrameType : std::uint8_t {
  CustomerNonce = 0x81,  // 16 random bytes
  OperatorNonce = 0x82,  // 16 random bytes
  CustomerShare = 0x83,  // Ya (32), ADa
  OperatorShare = 0x84,  // Yb (32), Tb (64), ADb
  CustomerTag = 0x85,    // Ta (64)
  Failed = 0x8F,         // ports::ChannelFault (1 byte): the sender has given up
};
constexpr std::size_t kMaxFramePayload = 1280;

struct Frame {
  FrameType type;
  ByteSpan payload;  // points into what was parsed
  std::size_t size;  // of the whole frame, bytes
};

inline void append_frame(Bytes& out, FrameType type, ByteSpan payload) {
  BS_ASSERT(payload.size() <= kMaxFramePayload);
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(static_cast<std::uint16_t>(payload.size()));
  writer.bytes(payload);
}

// The first frame of `data`; nothing when it is not all there yet. PeerFault: no such type, or too long.
inline Result<std::optional<Frame>> parse_frame(ByteSpan data) {
  if (data.empty()) return std::optional<Frame>();
  ByteReader reader(data);
  const std::uint8_t type = reader.u8();
  BS_PEER_CHECK((type >= 0x81 && type <= 0x85) || type == 0x8F, "e2e/frame: type");
  if (data.size() < 3) return std::optional<Frame>();
  const std::size_t length = reader.u16();
  BS_PEER_CHECK(length <= kMaxFramePayload, "e2e/frame: length");
  if (reader.remaining() < length) return std::optional<Frame>();
  const ByteSpan payload = reader.bytes(length);
  return std::optional<Frame>(Frame{static_cast<FrameType>(type), payload, 3 + length});
}

}  // namespace beside::e2e
