// SPDX-License-Identifier: GPL-3.0-or-later
// One invocation makes one pixel; 4:2:0 chroma is taken from the nearest sample.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "bt709.h"
#include "convert_push.h"

layout(local_size_x = BS_CONVERT_GROUP_X, local_size_y = BS_CONVERT_GROUP_Y) in;
layout(push_constant) uniform Push { ConvertPush push; };
layout(set = 0, binding = 0, std430) readonly buffer Planes { uint planes[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Pixels { uint pixels[]; };

float sample_at(uint offset, uint stride, uint x, uint y) {
  return float(planes[offset + y * stride + (x >> 2)] >> (8u * (x & 3u)) & 255u);
}

void main() {
  uint x = gl_GlobalInvocationID.x, y = gl_GlobalInvocationID.y;
  if (x >= push.width || y >= push.height) return;
  uint cx = x >> push.chroma_shift, cy = y >> push.chroma_shift;
  float luma = (sample_at(0u, push.luma_stride, x, y) - 16.0) * BS709_Y_SCALE;
  float u = sample_at(push.u_offset, push.chroma_stride, cx, cy) - 128.0;
  float v = sample_at(push.v_offset, push.chroma_stride, cx, cy) - 128.0;
  vec3 rgb = vec3(luma + BS709_RV * v, luma + BS709_GU * u + BS709_GV * v, luma + BS709_BU * u);
  uvec3 c = uvec3(clamp(rgb + 0.5, 0.0, 255.0));
  pixels[y * push.pixel_stride + x] = c.b | c.g << 8 | c.r << 16 | 0xff000000u;
}
