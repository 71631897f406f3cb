// SPDX-License-Identifier: GPL-3.0-or-later
// Draws the remote picture from its planes. The conversion is linear, so filtering planes equals filtering colours.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "bt709.h"
#include "picture_push.h"
#include "scaling.glsl"

layout(push_constant) uniform Push { PicturePush push; };
layout(set = 0, binding = 0) uniform sampler2D y_plane;
layout(set = 0, binding = 1) uniform sampler2D u_plane;
layout(set = 0, binding = 2) uniform sampler2D v_plane;
layout(location = 0) in vec2 texel;
layout(location = 0) out vec4 colour;

vec3 planes_at(vec2 at) {
  vec2 chroma = at / float(1 << push.chroma_shift);
  return vec3(texture(y_plane, at / vec2(textureSize(y_plane, 0))).r,
              texture(u_plane, chroma / vec2(textureSize(u_plane, 0))).r,
              texture(v_plane, chroma / vec2(textureSize(v_plane, 0))).r);
}

void main() {
  vec3 yuv = vec3(0.0);
  if (push.mode == BS_PICTURE_EXACT) {
    ivec2 at = clamp(ivec2(floor(texel)), ivec2(0), textureSize(y_plane, 0) - 1);
    ivec2 chroma = at >> push.chroma_shift;
    yuv = vec3(texelFetch(y_plane, at, 0).r, texelFetch(u_plane, chroma, 0).r, texelFetch(v_plane, chroma, 0).r);
  } else if (push.mode == BS_PICTURE_ENLARGE) {
    yuv = planes_at(sharp_position(texel, push.texels_per_pixel));
  } else {
    int taps = box_taps(push.texels_per_pixel);
    for (int iy = 0; iy < taps; ++iy)
      for (int ix = 0; ix < taps; ++ix) yuv += planes_at(texel + box_offset(ix, iy, taps, push.texels_per_pixel));
    yuv /= float(taps * taps);
  }
  yuv *= 255.0;
  float luma = (yuv.x - 16.0) * BS709_Y_SCALE, u = yuv.y - 128.0, v = yuv.z - 128.0;
  vec3 rgb = vec3(luma + BS709_RV * v, luma + BS709_GU * u + BS709_GV * v, luma + BS709_BU * u) / 255.0;
  colour = vec4(clamp(rgb, 0.0, 1.0) * push.brightness, 1.0);
}
