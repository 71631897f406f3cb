// SPDX-License-Identifier: GPL-3.0-or-later
// One validated device for all cases of this program, and pictures to put through it.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/gpu/device.h"
#include "engine/ports/frame.h"

namespace beside::gpu {

// The device, or nullptr after a message that the case is skipped (no Vulkan here).
inline Device* test_device() {
  static const Result<std::unique_ptr<Device>> device = [] {
    DeviceOptions options;
    options.validation = true;
    return Device::create(options);
  }();
  if (!device) {
    MESSAGE("skipped: " << dump_error(device.error()));
    return nullptr;
  }
  return device->get();
}

// A fixed noise, so that no test depends on the time.
inline std::uint32_t noise(std::uint32_t i) {
  i = i * 747796405U + 2891336453U;
  i = ((i >> ((i >> 28) + 4)) ^ i) * 277803737U;
  return i >> 22 ^ i;
}

struct OwnedPlanes {
  std::vector<std::uint8_t> memory[3];
  ports::Planes planes;
  OwnedPlanes(int width, int height, ports::Chroma chroma, int extra_stride = 7) {
    const int shift = chroma == ports::Chroma::k420 ? 1 : 0;
    planes.width = width;
    planes.height = height;
    planes.chroma = chroma;
    for (int i = 0; i < 3; ++i) {
      const int s = i == 0 ? 0 : shift;
      planes.stride[i] = ((width + s) >> s) + extra_stride;
      memory[i].assign(static_cast<std::size_t>(planes.stride[i]) * static_cast<std::size_t>((height + s) >> s), 0xAA);
      planes.data[i] = memory[i].data();
    }
  }
};

}  // namespace beside::gpu
