// SPDX-License-Identifier: GPL-3.0-or-later
// A rectangle as a strip of four vertices, without buffers; hands on the position in texels of the source.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "picture_push.h"

layout(push_constant) uniform Push { PicturePush push; };
layout(location = 0) out vec2 texel;

void main() {
  vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
  texel = corner * vec2(push.source_width, push.source_height);
  gl_Position = vec4(mix(vec2(push.left, push.top), vec2(push.right, push.bottom), corner), 0.0, 1.0);
}
