// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/flow/fec.h"
#include "engine/wire/rtp.h"

// Records of kind (u8), length (u16) and bytes: a media packet or a parity payload. What comes back must be whole packets of
// the media stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  flow::FecReceiver receiver(Ssrc{1});
  LocalTime now(seconds(10));
  ByteReader in({data, size});
  while (in.remaining() > 3) {
    const bool parity = (in.u8() & 1) != 0;
    const std::size_t length = in.u16();
    const ByteSpan bytes = in.bytes(std::min(length, in.remaining()));
    now += milliseconds(3);
    std::vector<Bytes> back;
    if (parity) {
      if (auto result = receiver.on_parity(bytes, now)) back = std::move(*result);
    } else if (const auto header = wire::peek_rtp(bytes)) {
      back = receiver.on_media(header->seq, bytes, now);
    }
    for (const Bytes& packet : back) {
      const auto header = wire::peek_rtp(packet);
      if (!header || !(header->ssrc == Ssrc{1})) __builtin_trap();
    }
  }
  return 0;
}
