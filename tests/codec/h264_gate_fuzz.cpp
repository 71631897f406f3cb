// SPDX-License-Identifier: GPL-3.0-or-later
// Input: a byte with the length of an SPS, the SPS, a byte with the length of a PPS, the PPS, then an access unit.
#include <algorithm>

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
  const ByteSpan sps = part(), pps = part();
  auto info = video::parse_sps(sps);
  if (!info) return 0;
  (void)video::dump_sps(*info);
  auto gate = video::H264Gate::create(sps, pps, info->width, info->height);
  if (!gate) return 0;
  (void)gate->check(rest, LocalTime(seconds(1)));
  (void)gate->check(rest, LocalTime(seconds(2)));
  return 0;
}
