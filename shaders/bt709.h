// SPDX-License-Identifier: GPL-3.0-or-later
// BT.709 limited range as integers of 1/65536, valid in GLSL and in C++. The compute passes and their CPU twin use the
// same numbers in the same order, so their results are equal to the bit. Source: ITU-R BT.709-6, 3.2-3.5 (8 bits).
#ifndef BESIDE_SHADERS_BT709_H
#define BESIDE_SHADERS_BT709_H

#define BS709_SHIFT 16

// Y = (KYR R + KYG G + KYB B + KY0) >> 16; 219/255 of 0.2126, 0.7152, 0.0722.
#define BS709_YR 11966
#define BS709_YG 40254
#define BS709_YB 4064
#define BS709_Y0 (16 * 65536 + 32768)

// Cb and Cr; 224/255 of (B - Y) / 1.8556 and (R - Y) / 1.5748. Each row sums to zero, so grey has no colour.
#define BS709_UR (-6596)
#define BS709_UG (-22188)
#define BS709_UB 28784
#define BS709_VR 28784
#define BS709_VG (-26145)
#define BS709_VB (-2639)
#define BS709_C0 (128 * 65536 + 32768)

// The way back (float in shaders, where planes are sampled): R = Y' + RV V', G = Y' + GU U' + GV V', B = Y' + BU U' with
// Y' = (Y - 16) * 255/219 and U', V' = (C - 128) * 255/224, all in 0..255.
#define BS709_Y_SCALE 1.164383562
#define BS709_RV 1.792741071
#define BS709_GU (-0.213248614)
#define BS709_GV (-0.532909329)
#define BS709_BU 2.112401786

#endif
