// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <string_view>

#include "engine/base/result.h"
#include "engine/gpu/resources.h"
#include "shaders/convert_push.h"

namespace beside::gpu {

// One compute shader over some storage buffers, bound in their order, and a push block.
class ComputePass {
 public:
  static Result<std::unique_ptr<ComputePass>> create(const Device& device, std::span<const std::uint32_t> code, int buffers,
                                                     std::uint32_t push_bytes, std::string_view name);
  ~ComputePass();
  ComputePass(const ComputePass&) = delete;
  ComputePass& operator=(const ComputePass&) = delete;
  // Once per recording, before it: which buffers. No recording with others may be in flight.
  void bind(std::span<const VkBuffer> buffers);
  // Before: the buffers were written by the host or an earlier submission. After: what was written may be read by the host once
  // the fence of the submission is signalled, and by later passes (compute write -> host read, shader read).
  void record(VkCommandBuffer commands, const void* push, std::uint32_t groups_across, std::uint32_t groups_down) const;

 private:
  explicit ComputePass(const Device& device) : device_(device) {}
  Result<void> make_set(int buffers);
  const Device& device_;
  std::uint32_t push_bytes_ = 0;
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkDescriptorPool pool_ = VK_NULL_HANDLE;
  VkDescriptorSet set_ = VK_NULL_HANDLE;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
};

// One conversion shader over two storage buffers: 0 is read, 1 is written. Base of the passes below.
class ConvertPass {
 public:
  virtual ~ConvertPass() = default;
  ConvertPass(const ConvertPass&) = delete;
  ConvertPass& operator=(const ConvertPass&) = delete;
  // As ComputePass::bind() and record(): at most one recording may be in flight.
  void bind(VkBuffer in, VkBuffer out);
  void record(VkCommandBuffer commands, const ConvertPush& push) const;

 protected:
  explicit ConvertPass(const Device& device) : device_(device) {}
  Result<void> create(std::span<const std::uint32_t> code, std::string_view name);
  // Invocations that the shader needs, across and down.
  virtual std::pair<std::uint32_t, std::uint32_t> invocations(const ConvertPush& push) const = 0;

 private:
  const Device& device_;
  std::unique_ptr<ComputePass> pass_;
};

class BgrxToI444Pass final : public ConvertPass {
 public:
  static Result<std::unique_ptr<BgrxToI444Pass>> create(const Device& device);

 private:
  using ConvertPass::ConvertPass;
  std::pair<std::uint32_t, std::uint32_t> invocations(const ConvertPush& p) const override {
    return {p.luma_stride, p.height};
  }
};

class BgrxToI420Pass final : public ConvertPass {
 public:
  static Result<std::unique_ptr<BgrxToI420Pass>> create(const Device& device);

 private:
  using ConvertPass::ConvertPass;
  std::pair<std::uint32_t, std::uint32_t> invocations(const ConvertPush& p) const override {
    return {p.chroma_stride, (p.height + 1) / 2};
  }
};

class PlanesToBgraPass final : public ConvertPass {
 public:
  static Result<std::unique_ptr<PlanesToBgraPass>> create(const Device& device);

 private:
  using ConvertPass::ConvertPass;
  std::pair<std::uint32_t, std::uint32_t> invocations(const ConvertPush& p) const override { return {p.width, p.height}; }
};

}  // namespace beside::gpu
