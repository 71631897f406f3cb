// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/gpu/resources.h"
#include "shaders/picture_push.h"

namespace beside::gpu {

// Draws a rectangle with quad.vert, one fragment shader and one image. Thread: main.
class QuadPipeline {
 public:
  // `blend`: straight alpha over what is there.
  static Result<std::unique_ptr<QuadPipeline>> create(const Device& device, VkRenderPass render_pass,
                                                      std::span<const std::uint32_t> fragment, bool blend, std::string_view name);
  ~QuadPipeline();
  QuadPipeline(const QuadPipeline&) = delete;
  QuadPipeline& operator=(const QuadPipeline&) = delete;
  // No draw that uses the old image may be in flight.
  void bind_image(VkImageView view);
  // The image must be in SHADER_READ_ONLY_OPTIMAL. `clip` is limited to the viewport; nothing is drawn where it is empty.
  void record(VkCommandBuffer commands, int viewport_width, int viewport_height, const Rect& clip,
              const PicturePush& push) const;

 private:
  explicit QuadPipeline(const Device& device) : device_(device) {}
  Result<void> create_set();
  Result<void> create_pipeline(VkRenderPass render_pass, VkShaderModule vertex, VkShaderModule fragment, bool blend);
  const Device& device_;
  VkSampler sampler_ = VK_NULL_HANDLE;
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkDescriptorPool pool_ = VK_NULL_HANDLE;
  VkDescriptorSet set_ = VK_NULL_HANDLE;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
};

// Push constants for a source of source_width x source_height texels over (x, y, width, height) framebuffer pixels;
// chooses the filter.
PicturePush make_push(int viewport_width, int viewport_height, float x, float y, float width, float height,
                      int source_width, int source_height);

}  // namespace beside::gpu
