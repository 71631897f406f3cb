// SPDX-License-Identifier: GPL-3.0-or-later
// Writes parameter sets and slice headers by hand, so that the gate can be shown what our encoder never makes.
#pragma once

#include <cstdint>

#include "engine/base/bytes.h"

namespace beside::video {

class BitWriter {
 public:
  explicit BitWriter(std::uint8_t nal_header) : bytes_{nal_header} {}
  BitWriter& u(int count, std::uint32_t value) {
    for (int i = count - 1; i >= 0; --i) put(value >> i & 1U);
    return *this;
  }
  BitWriter& ue(std::uint32_t value) {
    int length = 0;
    while ((std::uint64_t{value} + 1) >> (length + 1) != 0) ++length;
    for (int i = 0; i < length; ++i) put(0);
    const std::uint64_t code = std::uint64_t{value} + 1;
    for (int i = length; i >= 0; --i) put(static_cast<std::uint32_t>(code >> i & 1U));
    return *this;
  }
  // Stop bit, filled up; emulation prevention (7.4.1.1) is put in.
  Bytes done() {
    put(1);
    while (bit_ != 0) put(0);
    Bytes out;
    int zeros = 0;
    for (std::uint8_t byte : bytes_) {
      if (zeros >= 2 && byte <= 3) {
        out.push_back(3);
        zeros = 0;
      }
      out.push_back(byte);
      zeros = byte == 0 ? zeros + 1 : 0;
    }
    return out;
  }

 private:
  void put(std::uint32_t bit) {
    if (bit_ == 0) bytes_.push_back(0);
    bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | bit << (7 - bit_));
    bit_ = (bit_ + 1) % 8;
  }
  Bytes bytes_;
  int bit_ = 0;
};

// What may differ from a good stream of 64x48 pixels.
struct SpsFields {
  std::uint32_t profile = 244, chroma = 3, bit_depth_minus8 = 0, order_type = 2, references = 1, gaps = 0;
  std::uint32_t mb_width = 4, mb_height = 3, frame_mbs_only = 1, scaling = 0, bypass = 0;
};
inline Bytes make_sps(const SpsFields& f = {}) {
  BitWriter w(0x67);
  w.u(8, f.profile).u(16, 0x001e).ue(0);
  w.ue(f.chroma);
  if (f.chroma == 3) w.u(1, 0);
  w.ue(f.bit_depth_minus8).ue(f.bit_depth_minus8).u(1, f.bypass).u(1, f.scaling);
  w.ue(0).ue(f.order_type);
  if (f.order_type == 0) w.ue(0);
  w.ue(f.references).u(1, f.gaps).ue(f.mb_width - 1).ue(f.mb_height - 1).u(1, f.frame_mbs_only);
  if (f.frame_mbs_only == 0) w.u(1, 0);
  return w.u(1, 1).u(1, 0).u(1, 0).done();
}
inline Bytes make_pps(std::uint32_t slice_groups_minus1 = 0, std::uint32_t redundant = 0) {
  BitWriter w(0x68);
  w.ue(0).ue(0).u(1, 0).u(1, 0).ue(slice_groups_minus1);
  w.ue(0).ue(0).u(3, 0).ue(0).ue(0).ue(0).u(2, 0).u(1, redundant);
  return w.done();
}
inline Bytes make_slice(bool key, std::uint32_t first_mb, std::uint32_t frame_num, std::uint32_t type, std::uint32_t pps = 0) {
  BitWriter w(key ? 0x65 : 0x41);
  return w.ue(first_mb).ue(type).ue(pps).u(4, frame_num).u(32, 0x5a5a5a5a).done();
}
inline void append_nal(Bytes& out, ByteSpan nal) {
  for (std::uint8_t byte : {0, 0, 0, 1}) out.push_back(byte);
  for (std::uint8_t byte : nal) out.push_back(byte);
}

}  // namespace beside::video
