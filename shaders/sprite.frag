// SPDX-License-Identifier: GPL-3.0-or-later
// Draws a picture with straight alpha: the remote cursor, logos, thumbnails. Colours are weighted by their alpha while
// they are filtered, so that what is invisible leaves no fringe.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "picture_push.h"
#include "scaling.glsl"

layout(push_constant) uniform Push { PicturePush push; };
layout(set = 0, binding = 0) uniform sampler2D image;
layout(location = 0) in vec2 texel;
layout(location = 0) out vec4 colour;

// The four texels around a position, premultiplied; beyond the border there is nothing.
vec4 texel_at(ivec2 at) {
  ivec2 size = textureSize(image, 0);
  if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, size))) return vec4(0.0);
  vec4 c = texelFetch(image, at, 0);
  return vec4(c.rgb * c.a, c.a);
}
vec4 smooth_at(vec2 at) {
  vec2 base = floor(at - 0.5), part = at - 0.5 - base;
  ivec2 i = ivec2(base);
  return mix(mix(texel_at(i), texel_at(i + ivec2(1, 0)), part.x),
             mix(texel_at(i + ivec2(0, 1)), texel_at(i + ivec2(1, 1)), part.x), part.y);
}

void main() {
  vec4 sum = vec4(0.0);
  if (push.mode == BS_PICTURE_EXACT) {
    sum = texel_at(ivec2(floor(texel)));
  } else if (push.mode == BS_PICTURE_ENLARGE) {
    sum = smooth_at(sharp_position(texel, push.texels_per_pixel));
  } else {
    int taps = box_taps(push.texels_per_pixel);
    for (int iy = 0; iy < taps; ++iy)
      for (int ix = 0; ix < taps; ++ix) sum += smooth_at(texel + box_offset(ix, iy, taps, push.texels_per_pixel));
    sum /= float(taps * taps);
  }
  colour = vec4(sum.a > 0.0 ? sum.rgb / sum.a : vec3(0.0), sum.a * push.brightness);
}
