// SPDX-License-Identifier: GPL-3.0-or-later
// One workgroup compares one tile of 64x64: an invocation sees four pixels side by side in four rows, one row in each row of
// cells, so that a row of the workgroup reads 256 bytes in a stretch. The fourth byte of a pixel never counts. Its CPU twin:
// codec/tiles/change_detector.cpp.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "change_push.h"

layout(local_size_x = 16, local_size_y = 16) in;
layout(push_constant) uniform Push { ChangePush push; };
layout(set = 0, binding = 0, std430) readonly buffer Shadow { uvec4 shadow[]; };
layout(set = 0, binding = 1, std430) readonly buffer Frame { uvec4 frame[]; };
layout(set = 0, binding = 2, std430) readonly buffer Jobs { uvec2 jobs[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Cells { uint cells[]; };

shared uint left[BS_CHANGE_CELLS], top[BS_CHANGE_CELLS], right[BS_CHANGE_CELLS], bottom[BS_CHANGE_CELLS];

void main() {
  uint index = gl_WorkGroupID.y * uint(BS_CHANGE_GROUPS_ACROSS) + gl_WorkGroupID.x;
  if (index >= push.jobs) return;
  uint self = gl_LocalInvocationIndex;
  if (self < uint(BS_CHANGE_CELLS)) {
    left[self] = top[self] = uint(BS_CHANGE_CELL);
    right[self] = bottom[self] = 0u;
  }
  barrier();
  uvec2 job = jobs[index];
  uvec2 tile = uvec2(job.x & 0xffffu, job.x >> 16) * uvec2(BS_CHANGE_TILE);
  uvec4 box = uvec4(job.y, job.y >> 8, job.y >> 16, job.y >> 24) & 0xffu;
  uint x = gl_LocalInvocationID.x * 4u, row = gl_LocalInvocationID.y;
  uvec4 lanes = x + uvec4(0u, 1u, 2u, 3u);
  uvec4 counts = uvec4(greaterThanEqual(lanes, uvec4(box.x))) * uvec4(lessThan(lanes, uvec4(box.z))) * 0x00ffffffu;
  for (uint k = 0u; k < 4u; ++k) {
    uint y = k * uint(BS_CHANGE_CELL) + row;
    if (y < box.y || y >= box.w || counts == uvec4(0u)) continue;
    uint at_x = (tile.x + x) / 4u;
    uvec4 differs = (shadow[(tile.y + y) * push.shadow_stride + at_x] ^ frame[(tile.y + y) * push.frame_stride + at_x]) & counts;
    if (differs == uvec4(0u)) continue;
    uint first = differs.x != 0u ? 0u : differs.y != 0u ? 1u : differs.z != 0u ? 2u : 3u;
    uint last = differs.w != 0u ? 3u : differs.z != 0u ? 2u : differs.y != 0u ? 1u : 0u;
    uint cell = k * 4u + x / uint(BS_CHANGE_CELL), in_cell = x % uint(BS_CHANGE_CELL);
    atomicMin(left[cell], in_cell + first);
    atomicMax(right[cell], in_cell + last + 1u);
    atomicMin(top[cell], row);
    atomicMax(bottom[cell], row + 1u);
  }
  barrier();
  if (self < uint(BS_CHANGE_CELLS)) {
    cells[index * uint(BS_CHANGE_CELLS) + self] =
        right[self] == 0u ? 0u : left[self] | top[self] << 8 | right[self] << 16 | bottom[self] << 24;
  }
}
