// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/icon.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace beside::shell {
namespace {

constexpr std::array<float, 3> kGround{0x24, 0x59, 0xA9}, kFront{0xFF, 0xFF, 0xFF}, kBack{0xB9, 0xD0, 0xF2};

// Distances to shapes' edges, inside below zero, on a field of 1 by 1.
float box(float x, float y, float left, float top, float right, float bottom, float round) {
  const float dx = std::abs(x - (left + right) / 2) - (right - left) / 2 + round;
  const float dy = std::abs(y - (top + bottom) / 2) - (bottom - top) / 2 + round;
  return std::hypot(std::max(dx, 0.0F), std::max(dy, 0.0F)) + std::min(std::max(dx, dy), 0.0F) - round;
}

float person(float x, float y, float middle, float top) {
  const float head = std::hypot(x - middle, y - top - 0.12F) - 0.12F;
  const float body = std::max(box(x, y, middle - 0.17F, top + 0.29F, middle + 0.17F, 1.2F, 0.15F), y - 0.82F);
  return std::min(head, body);
}

}  // namespace

Icon draw_icon(int size) {
  Icon icon{size, std::vector<std::uint8_t>(static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 4)};
  const auto scale = static_cast<float>(size);
  std::uint8_t* out = icon.rgba.data();
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const float x = (static_cast<float>(column) + 0.5F) / scale, y = (static_cast<float>(row) + 0.5F) / scale;
      const auto cover = [&](float distance) { return std::clamp(0.5F - distance * scale, 0.0F, 1.0F); };
      const float front = cover(person(x, y, 0.66F, 0.26F));
      // A gap keeps the two apart where they meet.
      const float back = cover(std::max(person(x, y, 0.33F, 0.18F), 0.06F - person(x, y, 0.66F, 0.26F)));
      for (std::size_t i = 0; i < 3; ++i) {
        const float ground = kGround[i] + (kBack[i] - kGround[i]) * back;
        *out++ = static_cast<std::uint8_t>(std::lround(ground + (kFront[i] - ground) * front));
      }
      *out++ = static_cast<std::uint8_t>(std::lround(255 * cover(box(x, y, 0.02F, 0.02F, 0.98F, 0.98F, 0.2F))));
    }
  }
  return icon;
}

}  // namespace beside::shell
