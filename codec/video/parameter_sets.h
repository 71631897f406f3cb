// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::video {

// What the gate needs to know of a sequence parameter set (ITU-T H.264 7.3.2.1.1).
struct SpsInfo {
  int profile_idc = 0;
  int chroma_format_idc = 1;      // 1 = 4:2:0, 3 = 4:4:4
  int frame_num_bits = 4;
  int max_ref_frames = 0;
  int mb_width = 0, mb_height = 0;
  int width = 0, height = 0;      // after cropping
};
// Of a picture parameter set (7.3.2.2).
struct PpsInfo {
  bool cabac = false;
};

// Both refuse what we do not play: other profiles, more than 8 bits, interlace, slice groups (FMO), redundant pictures,
// more than 4 reference frames, scaling matrices, frame_num gaps, sides over 8192. PeerFault.
Result<SpsInfo> parse_sps(ByteSpan nal);
Result<PpsInfo> parse_pps(ByteSpan nal, const SpsInfo& sps);
std::string dump_sps(const SpsInfo& sps);

// Start of a slice header (7.3.3), as far as it can be read without state.
struct SliceStart {
  std::uint32_t first_mb = 0;
  std::uint32_t slice_type = 0;   // 0..9
  std::uint32_t pps_id = 0;
  std::uint32_t frame_num = 0;
};
Result<SliceStart> parse_slice_start(ByteSpan nal, const SpsInfo& sps);

// Calls `each` with every NAL unit of an Annex B stream (without start code and trailing zeros). PeerFault when it does
// not begin with a start code or holds an empty NAL unit; an error of `each` ends it.
Result<void> for_each_nal(ByteSpan annex_b, const std::function<Result<void>(ByteSpan)>& each);

}  // namespace beside::video
