// SPDX-License-Identifier: GPL-3.0-or-later
// Push constants of the conversion passes, valid in GLSL and in C++ (std430 rules: scalars only, no padding).
#ifndef BESIDE_SHADERS_CONVERT_PUSH_H
#define BESIDE_SHADERS_CONVERT_PUSH_H

#ifdef __cplusplus
#include <cstdint>
#define BS_UINT std::uint32_t
namespace beside::gpu {
#else
#define BS_UINT uint
#endif

// All strides and offsets in 32-bit words; sizes in pixels of the picture.
struct ConvertPush {
  BS_UINT width;
  BS_UINT height;
  BS_UINT pixel_stride;   // of B, G, R, X
  BS_UINT luma_stride;    // of the packed planes
  BS_UINT chroma_stride;
  BS_UINT u_offset;       // where the planes begin in the packed buffer; Y begins at 0
  BS_UINT v_offset;
  BS_UINT chroma_shift;   // 0 = 4:4:4, 1 = 4:2:0; read by planes_to_bgra only
};

#ifdef __cplusplus
static_assert(sizeof(ConvertPush) == 32);
}  // namespace beside::gpu
#endif
#undef BS_UINT

#define BS_CONVERT_GROUP_X 16
#define BS_CONVERT_GROUP_Y 8

#endif
