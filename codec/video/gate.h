// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "codec/video/parameter_sets.h"
#include "codec/video/picture_limit.h"
#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace beside::video {

// What: looks at every access unit before any decoder does. It admits only the stream that our encoder makes and that
// was agreed; all else is a PeerFault, after which only a key picture is admitted.
// Invariants: 1. nothing passes before a key picture; 2. SPS and PPS pass only if equal to the agreed bytes; 3. slices
// of a picture come in rising order and start at macroblock 0; 4. frame_num goes up by one.
// Thread: the decoder's. No memory beyond its few fields.
class H264Gate {
 public:
  static constexpr std::size_t kMaxNalBytes = 2U << 20;
  static constexpr std::size_t kMaxAccessUnitBytes = 8U << 20;
  static constexpr int kMaxSlices = 64;
  static constexpr int kMaxPicturesPerSecond = PictureLimit::kPerSecond;

  // `width`, `height`: as agreed; a 4:2:0 stream may be larger by one where they are odd.
  static Result<H264Gate> create(ByteSpan sps, ByteSpan pps, int width, int height);
  // One access unit, Annex B. `now` feeds the limit of pictures per second (bursts of a second are let through).
  Result<void> check(ByteSpan access_unit, LocalTime now);
  // The decoder failed on what passed: again only a key picture is admitted.
  void forget_key() { have_key_ = false; }
  const SpsInfo& sps() const { return sps_; }

 private:
  H264Gate() = default;
  Result<void> check_nals(ByteSpan access_unit);
  Result<void> check_slice(ByteSpan nal, int slices_before);
  Bytes sps_bytes_, pps_bytes_;
  SpsInfo sps_;
  PpsInfo pps_;
  bool have_key_ = false;
  std::uint32_t last_frame_num_ = 0;   // of the last admitted picture
  // Of the access unit in hand:
  bool key_ = false;
  std::uint32_t frame_num_ = 0;
  std::uint32_t next_mb_ = 0;          // the lowest first_mb that the next slice may have
  PictureLimit limit_;
};

}  // namespace beside::video
