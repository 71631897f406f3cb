// SPDX-License-Identifier: GPL-3.0-or-later
// Push constants of the drawing passes, valid in GLSL and in C++.
#ifndef BESIDE_SHADERS_PICTURE_PUSH_H
#define BESIDE_SHADERS_PICTURE_PUSH_H

#ifdef __cplusplus
#include <cstdint>
#define BS_FLOAT float
#define BS_INT std::int32_t
namespace beside::gpu {
#else
#define BS_FLOAT float
#define BS_INT int
#endif

struct PicturePush {
  BS_FLOAT left, top, right, bottom;      // destination, normalised device coordinates
  BS_FLOAT source_width, source_height;   // texels shown over that destination
  BS_FLOAT texels_per_pixel;              // 1 / scale
  BS_FLOAT brightness;                    // 1 - veil; opacity for sprites
  BS_INT mode;                            // BS_PICTURE_*
};

#ifdef __cplusplus
static_assert(sizeof(PicturePush) == 36);
}  // namespace beside::gpu
#endif
#undef BS_FLOAT
#undef BS_INT

#define BS_PICTURE_EXACT 0    // one texel per pixel, no filter
#define BS_PICTURE_ENLARGE 1  // sharp bilinear
#define BS_PICTURE_REDUCE 2   // average over the covered area

#endif
