// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/parameter_sets.h"

#include <fmt/format.h>

#include <algorithm>

namespace beside::video {
namespace {

constexpr int kMaxSide = 8192;
constexpr std::size_t kMaxParameterSetBytes = 256;

// Reads the bits of a NAL unit's payload, leaving out emulation prevention bytes (7.4.1.1). Past the end it yields
// zeros and sets failed().
class BitReader {
 public:
  explicit BitReader(ByteSpan nal) : data_(nal) {}
  std::uint32_t bit() {
    if (bit_ == 0 && !next_byte()) return 0;
    --bit_;
    return (current_ >> bit_) & 1U;
  }
  std::uint32_t bits(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 1 | bit();
    return value;
  }
  // Exp-Golomb (9.1); 32 leading zeros and more are an error.
  std::uint32_t ue() {
    int zeros = 0;
    while (!failed_ && bit() == 0) ++zeros;
    if (zeros > 31) failed_ = true;
    if (failed_) return 0;
    return (1U << zeros) - 1U + bits(zeros);
  }
  void se() { (void)ue(); }
  bool failed() const { return failed_; }

 private:
  bool next_byte() {
    if (zeros_ == 2 && at_ < data_.size() && data_[at_] == 3) {
      ++at_;
      zeros_ = 0;
    }
    if (at_ >= data_.size()) {
      failed_ = true;
      return false;
    }
    current_ = data_[at_++];
    zeros_ = current_ == 0 ? zeros_ + 1 : 0;
    bit_ = 8;
    return true;
  }
  ByteSpan data_;
  std::size_t at_ = 0;
  std::uint32_t current_ = 0;
  int bit_ = 0, zeros_ = 0;
  bool failed_ = false;
};

Result<void> read_format(BitReader& in, SpsInfo& sps) {
  sps.chroma_format_idc = static_cast<int>(in.ue());
  BS_PEER_CHECK(sps.chroma_format_idc == 1 || sps.chroma_format_idc == 3, "codec/sps: chroma format");
  if (sps.chroma_format_idc == 3) BS_PEER_CHECK(in.bit() == 0, "codec/sps: separate colour planes");
  BS_PEER_CHECK(in.ue() == 0, "codec/sps: more than 8 bits of luma");
  BS_PEER_CHECK(in.ue() == 0, "codec/sps: more than 8 bits of chroma");
  BS_PEER_CHECK(in.bit() == 0, "codec/sps: transform bypass");
  BS_PEER_CHECK(in.bit() == 0, "codec/sps: scaling matrix");
  return {};
}

Result<void> read_size(BitReader& in, SpsInfo& sps) {
  const std::uint32_t mb_width = in.ue(), mb_height = in.ue();
  BS_PEER_CHECK(!in.failed(), "codec/sps: cut short");
  BS_PEER_CHECK(mb_width < kMaxSide / 16 && mb_height < kMaxSide / 16, "codec/sps: too large");
  BS_PEER_CHECK(in.bit() == 1, "codec/sps: interlaced");
  (void)in.bit();  // direct_8x8_inference
  sps.mb_width = static_cast<int>(mb_width) + 1;
  sps.mb_height = static_cast<int>(mb_height) + 1;
  sps.width = sps.mb_width * 16;
  sps.height = sps.mb_height * 16;
  if (in.bit() == 1) {
    std::uint32_t crop[4];
    for (auto& side : crop) {
      side = in.ue();
      BS_PEER_CHECK(side < 16, "codec/sps: cropping");
    }
    // Left and top stay: our encoders crop on the right and below only.
    BS_PEER_CHECK(crop[0] == 0 && crop[2] == 0, "codec/sps: cropped on the left or above");
    const int unit = sps.chroma_format_idc == 1 ? 2 : 1;
    sps.width -= static_cast<int>(crop[1]) * unit;
    sps.height -= static_cast<int>(crop[3]) * unit;
  }
  BS_PEER_CHECK(sps.width > 0 && sps.height > 0, "codec/sps: nothing left after cropping");
  return {};
}

}  // namespace

Result<SpsInfo> parse_sps(ByteSpan nal) {
  BS_PEER_CHECK(nal.size() >= 5 && nal.size() <= kMaxParameterSetBytes, "codec/sps: length");
  BS_PEER_CHECK((nal[0] & 0x9f) == 7, "codec/sps: not an SPS");
  BitReader in(nal.subspan(1));
  SpsInfo sps;
  sps.profile_idc = static_cast<int>(in.bits(8));
  (void)in.bits(16);  // constraint flags and level: the limits below are ours
  BS_PEER_CHECK(in.ue() == 0, "codec/sps: id");
  if (sps.profile_idc == 100 || sps.profile_idc == 244) {
    if (auto format = read_format(in, sps); !format) return fail(format);
  } else {
    BS_PEER_CHECK(sps.profile_idc == 66 || sps.profile_idc == 77, "codec/sps: profile");
  }
  const std::uint32_t frame_num_bits = in.ue() + 4;
  BS_PEER_CHECK(frame_num_bits <= 16, "codec/sps: frame_num length");
  sps.frame_num_bits = static_cast<int>(frame_num_bits);
  const std::uint32_t order_type = in.ue();
  BS_PEER_CHECK(order_type == 0 || order_type == 2, "codec/sps: picture order type");
  if (order_type == 0) BS_PEER_CHECK(in.ue() <= 12, "codec/sps: picture order length");
  const std::uint32_t references = in.ue();
  BS_PEER_CHECK(references <= 4, "codec/sps: too many reference frames");
  sps.max_ref_frames = static_cast<int>(references);
  BS_PEER_CHECK(in.bit() == 0, "codec/sps: gaps in frame_num");
  if (auto size = read_size(in, sps); !size) return fail(size);
  (void)in.bit();  // vui_parameters_present: the VUI is covered by the bytes being agreed
  BS_PEER_CHECK(!in.failed(), "codec/sps: cut short");
  return sps;
}

Result<PpsInfo> parse_pps(ByteSpan nal, const SpsInfo& sps) {
  BS_PEER_CHECK(nal.size() >= 2 && nal.size() <= kMaxParameterSetBytes, "codec/pps: length");
  BS_PEER_CHECK((nal[0] & 0x9f) == 8, "codec/pps: not a PPS");
  BitReader in(nal.subspan(1));
  PpsInfo pps;
  BS_PEER_CHECK(in.ue() == 0, "codec/pps: id");
  BS_PEER_CHECK(in.ue() == 0, "codec/pps: SPS id");
  pps.cabac = in.bit() == 1;
  (void)in.bit();  // bottom_field_pic_order_in_frame_present
  BS_PEER_CHECK(in.ue() == 0, "codec/pps: slice groups");
  BS_PEER_CHECK(in.ue() < 16 && in.ue() < 16, "codec/pps: reference indices");
  (void)in.bits(3);  // weighted_pred, weighted_bipred
  in.se();           // pic_init_qp
  in.se();           // pic_init_qs
  in.se();           // chroma_qp_index_offset
  (void)in.bits(2);  // deblocking_filter_control_present, constrained_intra_pred
  BS_PEER_CHECK(in.bit() == 0, "codec/pps: redundant pictures");
  BS_PEER_CHECK(!in.failed(), "codec/pps: cut short");
  if (sps.profile_idc >= 100) {
    // The extension (transform 8x8) may be there: with it a scaling matrix flag, which must be off. Where only
    // trailing bits are left this reads the stop bit as "transform 8x8" and runs into the end, which is fine.
    (void)in.bit();
    const bool matrix = in.bit() == 1;
    BS_PEER_CHECK(in.failed() || !matrix, "codec/pps: scaling matrix");
  }
  return pps;
}

std::string dump_sps(const SpsInfo& sps) {
  return fmt::format("profile {} chroma {} {}x{} in {}x{} macroblocks, {} reference frames, {} bits of frame_num",
                     sps.profile_idc, sps.chroma_format_idc, sps.width, sps.height, sps.mb_width, sps.mb_height,
                     sps.max_ref_frames, sps.frame_num_bits);
}

Result<SliceStart> parse_slice_start(ByteSpan nal, const SpsInfo& sps) {
  BS_PEER_CHECK(nal.size() >= 2, "codec/slice: length");
  BitReader in(nal.subspan(1, std::min<std::size_t>(nal.size() - 1, 32)));
  SliceStart slice;
  slice.first_mb = in.ue();
  slice.slice_type = in.ue();
  slice.pps_id = in.ue();
  slice.frame_num = in.bits(sps.frame_num_bits);
  BS_PEER_CHECK(!in.failed(), "codec/slice: header cut short");
  return slice;
}

Result<void> for_each_nal(ByteSpan annex_b, const std::function<Result<void>(ByteSpan)>& each) {
  const std::size_t size = annex_b.size();
  // Where the start code at or after `from` begins; size when there is none.
  auto find = [&](std::size_t from) {
    for (std::size_t i = from; i + 3 <= size; ++i) {
      if (annex_b[i + 2] > 1) {
        i += 2;
        continue;
      }
      if (annex_b[i] == 0 && annex_b[i + 1] == 0 && annex_b[i + 2] == 1) return i;
    }
    return size;
  };
  std::size_t code = find(0);
  BS_PEER_CHECK(code < size && code <= 1, "codec/annexb: no start code at the beginning");
  BS_PEER_CHECK(code == 0 || annex_b[0] == 0, "codec/annexb: bytes before the first start code");
  while (code < size) {
    const std::size_t begin = code + 3;
    const std::size_t next = find(begin);
    std::size_t end = next;
    while (end > begin && annex_b[end - 1] == 0) --end;  // trailing_zero_8bits and the long start code's first byte
    BS_PEER_CHECK(end > begin, "codec/annexb: empty NAL unit");
    if (auto done = each(annex_b.subspan(begin, end - begin)); !done) return fail(done);
    code = next;
  }
  return {};
}

}  // namespace beside::video
