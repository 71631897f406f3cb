// SPDX-License-Identifier: GPL-3.0-or-later
// One invocation converts four pixels of a row: one word of each plane.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "bt709.h"
#include "convert_push.h"

layout(local_size_x = BS_CONVERT_GROUP_X, local_size_y = BS_CONVERT_GROUP_Y) in;
layout(push_constant) uniform Push { ConvertPush push; };
layout(set = 0, binding = 0, std430) readonly buffer Pixels { uint pixels[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Planes { uint planes[]; };

void main() {
  uint column = gl_GlobalInvocationID.x, y = gl_GlobalInvocationID.y;
  if (column >= push.luma_stride || y >= push.height) return;
  uint luma = 0u, u = 0u, v = 0u;
  for (uint i = 0u; i < 4u; ++i) {
    uint x = min(column * 4u + i, push.width - 1u);
    uint word = pixels[y * push.pixel_stride + x];
    int b = int(word & 255u), g = int(word >> 8 & 255u), r = int(word >> 16 & 255u);
    luma |= uint((BS709_YR * r + BS709_YG * g + BS709_YB * b + BS709_Y0) >> BS709_SHIFT) << (8u * i);
    u |= uint((BS709_UR * r + BS709_UG * g + BS709_UB * b + BS709_C0) >> BS709_SHIFT) << (8u * i);
    v |= uint((BS709_VR * r + BS709_VG * g + BS709_VB * b + BS709_C0) >> BS709_SHIFT) << (8u * i);
  }
  planes[y * push.luma_stride + column] = luma;
  planes[push.u_offset + y * push.chroma_stride + column] = u;
  planes[push.v_offset + y * push.chroma_stride + column] = v;
}
