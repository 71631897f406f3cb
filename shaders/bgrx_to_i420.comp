// SPDX-License-Identifier: GPL-3.0-or-later
// One invocation converts 8 x 2 pixels: two words of luma in each row, one word of each chroma plane. Chroma lies in
// the middle of its four pixels; an odd last column or row counts twice.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "bt709.h"
#include "convert_push.h"

layout(local_size_x = BS_CONVERT_GROUP_X, local_size_y = BS_CONVERT_GROUP_Y) in;
layout(push_constant) uniform Push { ConvertPush push; };
layout(set = 0, binding = 0, std430) readonly buffer Pixels { uint pixels[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Planes { uint planes[]; };

ivec3 pixel_at(uint x, uint y) {
  uint word = pixels[min(y, push.height - 1u) * push.pixel_stride + min(x, push.width - 1u)];
  return ivec3(int(word >> 16 & 255u), int(word >> 8 & 255u), int(word & 255u));
}

uint luma_of(ivec3 c) { return uint((BS709_YR * c.r + BS709_YG * c.g + BS709_YB * c.b + BS709_Y0) >> BS709_SHIFT); }

void main() {
  uint column = gl_GlobalInvocationID.x, row = gl_GlobalInvocationID.y;
  if (column >= push.chroma_stride || row * 2u >= push.height) return;
  uint luma[4] = uint[4](0u, 0u, 0u, 0u);
  uint u = 0u, v = 0u;
  for (uint i = 0u; i < 4u; ++i) {
    ivec3 sum = ivec3(0);
    for (uint j = 0u; j < 4u; ++j) {
      uint dx = j & 1u, dy = j >> 1;
      ivec3 c = pixel_at(column * 8u + i * 2u + dx, row * 2u + dy);
      sum += c;
      luma[dy * 2u + (i >> 1)] |= luma_of(c) << (8u * ((i & 1u) * 2u + dx));
    }
    u |= uint((BS709_UR * sum.r + BS709_UG * sum.g + BS709_UB * sum.b + 4 * BS709_C0) >> (BS709_SHIFT + 2)) << (8u * i);
    v |= uint((BS709_VR * sum.r + BS709_VG * sum.g + BS709_VB * sum.b + 4 * BS709_C0) >> (BS709_SHIFT + 2)) << (8u * i);
  }
  for (uint dy = 0u; dy < 2u; ++dy) {
    if (row * 2u + dy >= push.height) continue;
    uint at = (row * 2u + dy) * push.luma_stride + column * 2u;
    planes[at] = luma[dy * 2u];
    planes[at + 1u] = luma[dy * 2u + 1u];
  }
  planes[push.u_offset + row * push.chroma_stride + column] = u;
  planes[push.v_offset + row * push.chroma_stride + column] = v;
}
