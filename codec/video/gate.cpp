// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/gate.h"

#include <algorithm>

namespace beside::video {
namespace {

bool same(ByteSpan a, const Bytes& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace

Result<H264Gate> H264Gate::create(ByteSpan sps, ByteSpan pps, int width, int height) {
  H264Gate gate;
  auto info = parse_sps(sps);
  if (!info) return fail(info);
  auto picture = parse_pps(pps, *info);
  if (!picture) return fail(picture);
  const int even = info->chroma_format_idc == 1 ? 1 : 0;  // 4:2:0 cannot be cropped to an odd size (table 6-1)
  BS_PEER_CHECK(info->width == ((width + even) & ~even) && info->height == ((height + even) & ~even),
                "codec/gate: size is not the one agreed");
  gate.sps_ = *info;
  gate.pps_ = *picture;
  gate.sps_bytes_ = to_bytes(sps);
  gate.pps_bytes_ = to_bytes(pps);
  return gate;
}

Result<void> H264Gate::check(ByteSpan access_unit, LocalTime now) {
  // The rate first: it bounds what everything behind this line can cost.
  BS_PEER_CHECK(limit_.take(now), "codec/gate: more than 144 pictures a second");
  auto fine = check_nals(access_unit);
  if (!fine) {
    have_key_ = false;  // what follows could refer to what was refused
    return fine;
  }
  have_key_ = true;
  last_frame_num_ = frame_num_;
  return {};
}

Result<void> H264Gate::check_nals(ByteSpan access_unit) {
  BS_PEER_CHECK(access_unit.size() <= kMaxAccessUnitBytes, "codec/gate: access unit too long");
  int slices = 0;
  next_mb_ = 0;
  auto walked = for_each_nal(access_unit, [&](ByteSpan nal) -> Result<void> {
    BS_PEER_CHECK(nal.size() <= kMaxNalBytes, "codec/gate: NAL unit too long");
    BS_PEER_CHECK((nal[0] & 0x80) == 0, "codec/gate: forbidden bit");
    switch (nal[0] & 0x1f) {
      case 7:
        BS_PEER_CHECK(slices == 0, "codec/gate: SPS after a slice");
        BS_PEER_CHECK(same(nal, sps_bytes_), "codec/gate: SPS is not the one agreed");
        return {};
      case 8:
        BS_PEER_CHECK(slices == 0, "codec/gate: PPS after a slice");
        BS_PEER_CHECK(same(nal, pps_bytes_), "codec/gate: PPS is not the one agreed");
        return {};
      case 1:
      case 5:
        return check_slice(nal, slices++);
      default:
        return fail(ErrorKind::PeerFault, "codec/gate: NAL unit type");
    }
  });
  if (!walked) return walked;
  BS_PEER_CHECK(slices > 0, "codec/gate: no slice");
  return {};
}

Result<void> H264Gate::check_slice(ByteSpan nal, int slices_before) {
  BS_PEER_CHECK(slices_before < kMaxSlices, "codec/gate: too many slices");
  BS_PEER_CHECK((nal[0] & 0x60) != 0, "codec/gate: picture that nothing refers to");
  const bool key = (nal[0] & 0x1f) == 5;
  auto slice = parse_slice_start(nal, sps_);
  if (!slice) return fail(slice);
  const auto macroblocks = static_cast<std::uint32_t>(sps_.mb_width * sps_.mb_height);
  BS_PEER_CHECK(slice->pps_id == 0, "codec/gate: PPS id");
  BS_PEER_CHECK(slice->first_mb < macroblocks, "codec/gate: slice outside of the picture");
  const std::uint32_t type = slice->slice_type % 5;  // 0 P, 1 B, 2 I, 3 SP, 4 SI
  BS_PEER_CHECK(slice->slice_type < 10 && (type == 2 || (type == 0 && !key)), "codec/gate: slice type");
  if (slices_before == 0) {
    BS_PEER_CHECK(slice->first_mb == 0, "codec/gate: first slice is not the first");
    if (key) {
      BS_PEER_CHECK(slice->frame_num == 0, "codec/gate: frame_num of a key picture");
    } else {
      BS_PEER_CHECK(have_key_, "codec/gate: no key picture yet");
      const std::uint32_t mask = (1U << sps_.frame_num_bits) - 1U;
      BS_PEER_CHECK(slice->frame_num == ((last_frame_num_ + 1) & mask), "codec/gate: a picture is missing");
    }
    key_ = key;
    frame_num_ = slice->frame_num;
  } else {
    BS_PEER_CHECK(key == key_ && slice->frame_num == frame_num_, "codec/gate: slice of another picture");
    BS_PEER_CHECK(slice->first_mb >= next_mb_, "codec/gate: slices out of order");
  }
  next_mb_ = slice->first_mb + 1;
  return {};
}

}  // namespace beside::video
