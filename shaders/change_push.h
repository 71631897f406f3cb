// SPDX-License-Identifier: GPL-3.0-or-later
// Push constants and packed words of the change pass, valid in GLSL and in C++.
#ifndef BESIDE_SHADERS_CHANGE_PUSH_H
#define BESIDE_SHADERS_CHANGE_PUSH_H

#ifdef __cplusplus
#include <cstdint>
#define BS_UINT std::uint32_t
namespace beside::gpu {
#else
#define BS_UINT uint
#endif

struct ChangePush {
  BS_UINT jobs;            // tiles to look at
  BS_UINT shadow_stride;   // of each picture, in groups of four pixels
  BS_UINT frame_stride;
};

#ifdef __cplusplus
static_assert(sizeof(ChangePush) == 12);
}  // namespace beside::gpu
#endif
#undef BS_UINT

// A job is two words: the tile's column and row (16 bits each, row above), then what of it counts: left, top, right and
// bottom in pixels of the tile (8 bits each, left lowest). A result is 16 words, one per cell of 16x16 in reading order:
// the changed pixels' left, top, right and bottom within the cell, packed likewise; 0 where nothing changed.
#define BS_CHANGE_TILE 64
#define BS_CHANGE_CELL 16
#define BS_CHANGE_CELLS 16       // of a tile
#define BS_CHANGE_GROUPS_ACROSS 1024   // workgroups of a row of the dispatch; one workgroup per job

#endif
