// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ports/frame.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace beside::ports {

std::unique_ptr<PixelBuffer> make_pixel_buffer(int width, int height) {
  auto buffer = std::make_unique<PixelBuffer>();
  buffer->width = width;
  buffer->height = height;
  buffer->stride = (width * 4 + 63) / 64 * 64;
  const std::size_t used = static_cast<std::size_t>(buffer->stride) * static_cast<std::size_t>(height);
  const std::size_t size = std::max<std::size_t>(1, (used + kPageBytes - 1) / kPageBytes) * kPageBytes;
  auto* memory = static_cast<std::uint8_t*>(std::aligned_alloc(kPageBytes, size));
  if (memory == nullptr) std::abort();
  std::memset(memory, 0, size);
  buffer->page_bytes = size;
  buffer->memory = {memory, [](std::uint8_t* p) { std::free(p); }};
  return buffer;
}

}  // namespace beside::ports
