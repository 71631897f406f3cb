// SPDX-License-Identifier: GPL-3.0-or-later
// Draws the remote picture. Its CPU twin: engine/gpu/picture_scaler.cpp.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "picture_push.h"
#include "scaling.glsl"

layout(push_constant) uniform Push { PicturePush push; };
layout(set = 0, binding = 0) uniform sampler2D picture;
layout(location = 0) in vec2 texel;
layout(location = 0) out vec4 colour;

vec3 colour_at(vec2 at) { return texture(picture, at / vec2(textureSize(picture, 0))).rgb; }

void main() {
  vec3 rgb = vec3(0.0);
  if (push.mode == BS_PICTURE_EXACT) {
    rgb = texelFetch(picture, clamp(ivec2(floor(texel)), ivec2(0), textureSize(picture, 0) - 1), 0).rgb;
  } else if (push.mode == BS_PICTURE_ENLARGE) {
    rgb = colour_at(sharp_position(texel, push.texels_per_pixel));
  } else {
    int taps = box_taps(push.texels_per_pixel);
    for (int iy = 0; iy < taps; ++iy)
      for (int ix = 0; ix < taps; ++ix) rgb += colour_at(texel + box_offset(ix, iy, taps, push.texels_per_pixel));
    rgb /= float(taps * taps);
  }
  colour = vec4(rgb * push.brightness, 1.0);
}
