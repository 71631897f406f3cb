// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vulkan/vulkan_core.h>

#include <functional>
#include <memory>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::gpu {

class Device;

// A colour target (R8G8B8A8 UNORM) without a window, for golden pictures and screenshots. Thread: main.
class Offscreen {
 public:
  static Result<std::unique_ptr<Offscreen>> create(const Device& device, int width, int height);
  virtual ~Offscreen() = default;
  virtual VkRenderPass render_pass() const = 0;
  // Clears to black, runs `draw` inside the render pass, waits, and gives width * height * 4 bytes R, G, B, A.
  virtual Result<Bytes> draw_and_read(const std::function<void(VkCommandBuffer)>& draw) = 0;
};

}  // namespace beside::gpu
