// SPDX-License-Identifier: GPL-3.0-or-later
// Two pictures made from the input: whatever they hold, moves and changes stay inside, agree with the shadow, and together make
// the shadow the frame.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "codec/tiles/tiles.h"

using namespace beside;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  static const auto detector = tiles::make_change_detector();
  static const auto finder = tiles::make_move_finder();
  const int width = 1 + data[0] % 128, height = 1 + data[1] % 128, dx = static_cast<std::int8_t>(data[2]), dy = static_cast<std::int8_t>(data[3]);
  const int coarse = 1 + data[4] % 8;
  auto shadow = ports::make_pixel_buffer(width, height), frame = ports::make_pixel_buffer(width, height);
  data += 5;
  size -= 5;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::size_t at = static_cast<std::size_t>((y / coarse) * 131 + x / coarse);
      const std::uint32_t pixel = data[at % size] * 0x010307u + (at / size % 7) * 0x203u;
      std::memcpy(shadow->row(y) + std::ptrdiff_t{4} * x, &pixel, 4);
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x - dx >= 0 && y - dy >= 0 && x - dx < width && y - dy < height;
      const std::uint8_t* from = inside ? shadow->row(y - dy) + std::ptrdiff_t{4} * (x - dx) : data + (x + y) % (size > 3 ? static_cast<int>(size - 3) : 1);
      std::memcpy(frame->row(y) + std::ptrdiff_t{4} * x, from, inside || size > 3 ? 4 : 1);
    }
  }
  auto replay = ports::make_pixel_buffer(width, height);
  ports::copy_pixels(*replay, *shadow, {0, 0, width, height});
  const Rect all{0, 0, width, height};
  std::vector<Rect> changed;
  std::vector<ports::Move> moves;
  detector->find(*shadow, *frame, {&all, 1}, changed);
  finder->find(*shadow, *frame, changed, moves);
  for (const ports::Move& m : moves) {
    const Rect to{m.x, m.y, m.from.width, m.from.height};
    if (m.from.empty() || m.from.clipped_to(all) != m.from || to.clipped_to(all) != to) __builtin_trap();
    ports::move_pixels(*replay, m);
    if (!ports::same_pixels(*replay, *frame, to)) __builtin_trap();
  }
  if (!ports::same_pixels(*replay, *shadow, all)) __builtin_trap();
  detector->find(*shadow, *frame, {&all, 1}, changed);
  for (const Rect& r : changed) ports::copy_pixels(*shadow, *frame, r);
  if (!ports::same_pixels(*shadow, *frame, all)) __builtin_trap();
  return 0;
}
