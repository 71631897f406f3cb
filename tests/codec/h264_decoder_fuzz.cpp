// SPDX-License-Identifier: GPL-3.0-or-later
// The decoder behind its gate. Input as for h264_gate_fuzz; large sizes are left out, they only cost time.
#include <algorithm>

#include "codec/video/decoder.h"
#include "codec/video/gate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  ByteSpan rest(data, size);
  auto part = [&rest] {
    if (rest.empty()) return ByteSpan();
    const std::size_t length = std::min<std::size_t>(rest[0], rest.size() - 1);
    const ByteSpan out = rest.subspan(1, length);
    rest = rest.subspan(1 + length);
    return out;
  };
  video::VideoOffer offer;
  offer.sps = to_bytes(part());
  offer.pps = to_bytes(part());
  auto info = video::parse_sps(offer.sps);
  if (!info || info->width > 640 || info->height > 640) return 0;
  offer.width = info->width;
  offer.height = info->height;
  offer.codec = info->chroma_format_idc == 3 ? ports::VideoCodec::H264_444 : ports::VideoCodec::H264_420;
  ManualClock clock;
  auto decoder = video::make_video_decoder(offer, clock);
  if (!decoder) return 0;
  for (int i = 0; i < 2; ++i) {
    auto shown = (*decoder)->decode(rest);
    if (shown && *shown) BS_ASSERT((*shown)->planes.width == offer.width && (*shown)->planes.height == offer.height);
  }
  return 0;
}
