// SPDX-License-Identifier: GPL-3.0-or-later
// Input: a byte with the length of a sequence header OBU, the OBU, then a temporal unit.
#include <algorithm>

#include "codec/video/av1_gate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  if (size == 0) return 0;
  const std::size_t length = std::min<std::size_t>(data[0], size - 1);
  const ByteSpan sequence(data + 1, length), unit(data + 1 + length, size - 1 - length);
  const auto info = video::parse_av1_sequence(sequence);
  if (!info) return 0;
  (void)video::dump_av1_sequence(*info);
  auto gate = video::Av1Gate::create(sequence, info->width, info->height);
  if (!gate) __builtin_trap();
  (void)gate->check(unit, LocalTime(seconds(1)));
  (void)gate->check(unit, LocalTime(seconds(2)));
  return 0;
}
