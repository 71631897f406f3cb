// SPDX-License-Identifier: GPL-3.0-or-later
// Included by the drawing shaders. `at` is a position in texels of the full-resolution source.

// Bilinear only on the seam between two texels, one output pixel wide: enlarged text keeps straight, even edges.
vec2 sharp_position(vec2 at, float texels_per_pixel) {
  vec2 base = floor(at - 0.5);
  vec2 part = clamp((at - 0.5 - base - 0.5) / texels_per_pixel + 0.5, 0.0, 1.0);
  return base + 0.5 + part;
}

// How many samples a side cover one output pixel; more than eight brings nothing that a person sees.
int box_taps(float texels_per_pixel) { return clamp(int(ceil(texels_per_pixel)), 2, 8); }
vec2 box_offset(int ix, int iy, int taps, float texels_per_pixel) {
  return (vec2(ix, iy) + 0.5) / float(taps) * texels_per_pixel - 0.5 * texels_per_pixel;
}
