// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "codec/video/picture_limit.h"
#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace beside::video {

// What the gate needs to know of a sequence header (AV1 5.5).
struct Av1Sequence {
  int profile = 0;                 // 0 = 4:2:0, 1 = 4:4:4
  int width = 0, height = 0;       // of every picture: sizes of their own are refused
  bool choose_screen_tools = false, screen_tools = false, choose_integer_mv = false;
};
// An OBU with its size. Refuses what we do not play: profile 2, more than 8 bits, grey, several operating points, timing and decoder
// models, frame numbers, super-resolution, film grain, sides over 8192, bytes after the OBU. PeerFault.
Result<Av1Sequence> parse_av1_sequence(ByteSpan obu);
std::string dump_av1_sequence(const Av1Sequence& sequence);

// What: looks at every temporal unit before any decoder does, as H264Gate does for H.264.
// Invariants: 1. nothing passes before a key picture; 2. a sequence header passes only before a key picture, if equal to the agreed
// bytes, and no key picture passes without; 3. one frame OBU a unit, a key picture or an inter picture, shown, of the agreed size.
// Thread: the decoder's. No memory beyond its few fields.
class Av1Gate {
 public:
  static constexpr std::size_t kMaxUnitBytes = 4U << 20;
  static Result<Av1Gate> create(ByteSpan sequence_obu, int width, int height);
  Result<void> check(ByteSpan unit, LocalTime now);
  // The decoder failed on what passed: again only a key picture is admitted.
  void forget_key() { have_key_ = false; }
  const Av1Sequence& sequence() const { return sequence_; }

 private:
  Av1Gate() = default;
  Result<void> check_obus(ByteSpan unit);
  Result<bool> check_frame(ByteSpan payload) const;   // whether it is a key picture
  Bytes sequence_bytes_;
  Av1Sequence sequence_;
  bool have_key_ = false;
  PictureLimit limit_;
};

}  // namespace beside::video
