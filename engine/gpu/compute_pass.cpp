// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/compute_pass.h"

#include <vector>

#include "engine/gpu/vk_result.h"
#include "shaders/spirv/bgrx_to_i420_comp.h"
#include "shaders/spirv/bgrx_to_i444_comp.h"
#include "shaders/spirv/planes_to_bgra_comp.h"

namespace beside::gpu {

Result<std::unique_ptr<ComputePass>> ComputePass::create(const Device& owner, std::span<const std::uint32_t> code, int buffers,
                                                         std::uint32_t push_bytes, std::string_view name) {
  std::unique_ptr<ComputePass> pass(new ComputePass(owner));
  pass->push_bytes_ = push_bytes;
  if (auto made = pass->make_set(buffers); !made) return fail(made);
  const VkDevice device = owner.handle();
  const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, push_bytes};
  auto layout = vk_struct<VkPipelineLayoutCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO);
  layout.setLayoutCount = 1;
  layout.pSetLayouts = &pass->set_layout_;
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &range;
  BS_VK(vkCreatePipelineLayout(device, &layout, nullptr, &pass->layout_), "gpu/pass: layout");
  auto shader = make_shader(owner, code);
  if (!shader) return fail(shader);
  auto pipeline = vk_struct<VkComputePipelineCreateInfo>(VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO);
  pipeline.stage = vk_struct<VkPipelineShaderStageCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO);
  pipeline.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  pipeline.stage.module = *shader;
  pipeline.stage.pName = "main";
  pipeline.layout = pass->layout_;
  const VkResult made = vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &pipeline, nullptr, &pass->pipeline_);
  vkDestroyShaderModule(device, *shader, nullptr);
  BS_VK(made, "gpu/pass: pipeline");
  owner.name_object(VK_OBJECT_TYPE_PIPELINE, reinterpret_cast<std::uint64_t>(pass->pipeline_), name);
  return pass;
}

Result<void> ComputePass::make_set(int buffers) {
  const VkDevice device = device_.handle();
  const auto count = static_cast<std::uint32_t>(buffers);
  std::vector<VkDescriptorSetLayoutBinding> bindings;
  for (std::uint32_t i = 0; i < count; ++i)
    bindings.push_back({i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr});
  auto set_layout = vk_struct<VkDescriptorSetLayoutCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO);
  set_layout.bindingCount = count;
  set_layout.pBindings = bindings.data();
  BS_VK(vkCreateDescriptorSetLayout(device, &set_layout, nullptr, &set_layout_), "gpu/pass: set layout");
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, count};
  auto pool = vk_struct<VkDescriptorPoolCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO);
  pool.maxSets = 1;
  pool.poolSizeCount = 1;
  pool.pPoolSizes = &size;
  BS_VK(vkCreateDescriptorPool(device, &pool, nullptr, &pool_), "gpu/pass: descriptor pool");
  auto set = vk_struct<VkDescriptorSetAllocateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO);
  set.descriptorPool = pool_;
  set.descriptorSetCount = 1;
  set.pSetLayouts = &set_layout_;
  BS_VK(vkAllocateDescriptorSets(device, &set, &set_), "gpu/pass: descriptor set");
  return {};
}

ComputePass::~ComputePass() {
  const VkDevice device = device_.handle();
  if (pipeline_ != VK_NULL_HANDLE) vkDestroyPipeline(device, pipeline_, nullptr);
  if (layout_ != VK_NULL_HANDLE) vkDestroyPipelineLayout(device, layout_, nullptr);
  if (pool_ != VK_NULL_HANDLE) vkDestroyDescriptorPool(device, pool_, nullptr);
  if (set_layout_ != VK_NULL_HANDLE) vkDestroyDescriptorSetLayout(device, set_layout_, nullptr);
}

void ComputePass::bind(std::span<const VkBuffer> buffers) {
  std::vector<VkDescriptorBufferInfo> infos;
  for (const VkBuffer buffer : buffers) infos.push_back({buffer, 0, VK_WHOLE_SIZE});
  auto write = vk_struct<VkWriteDescriptorSet>(VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET);
  write.dstSet = set_;
  write.descriptorCount = static_cast<std::uint32_t>(infos.size());
  write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
  write.pBufferInfo = infos.data();
  vkUpdateDescriptorSets(device_.handle(), 1, &write, 0, nullptr);
}

void ComputePass::record(VkCommandBuffer commands, const void* push, std::uint32_t groups_across, std::uint32_t groups_down) const {
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline_);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout_, 0, 1, &set_, 0, nullptr);
  vkCmdPushConstants(commands, layout_, VK_SHADER_STAGE_COMPUTE_BIT, 0, push_bytes_, push);
  vkCmdDispatch(commands, groups_across, groups_down, 1);
  auto barrier = vk_struct<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT | VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT;
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                       VK_PIPELINE_STAGE_HOST_BIT | VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

Result<void> ConvertPass::create(std::span<const std::uint32_t> code, std::string_view name) {
  auto made = ComputePass::create(device_, code, 2, sizeof(ConvertPush), name);
  if (!made) return fail(made);
  pass_ = std::move(*made);
  return {};
}

void ConvertPass::bind(VkBuffer in, VkBuffer out) {
  const VkBuffer buffers[2] = {in, out};
  pass_->bind(buffers);
}

void ConvertPass::record(VkCommandBuffer commands, const ConvertPush& push) const {
  const auto [across, down] = invocations(push);
  pass_->record(commands, &push, (across + BS_CONVERT_GROUP_X - 1) / BS_CONVERT_GROUP_X,
                (down + BS_CONVERT_GROUP_Y - 1) / BS_CONVERT_GROUP_Y);
}

Result<std::unique_ptr<BgrxToI444Pass>> BgrxToI444Pass::create(const Device& device) {
  std::unique_ptr<BgrxToI444Pass> pass(new BgrxToI444Pass(device));
  if (auto made = pass->ConvertPass::create(spirv::bgrx_to_i444_comp, "bgrx_to_i444"); !made) return fail(made);
  return pass;
}
Result<std::unique_ptr<BgrxToI420Pass>> BgrxToI420Pass::create(const Device& device) {
  std::unique_ptr<BgrxToI420Pass> pass(new BgrxToI420Pass(device));
  if (auto made = pass->ConvertPass::create(spirv::bgrx_to_i420_comp, "bgrx_to_i420"); !made) return fail(made);
  return pass;
}
Result<std::unique_ptr<PlanesToBgraPass>> PlanesToBgraPass::create(const Device& device) {
  std::unique_ptr<PlanesToBgraPass> pass(new PlanesToBgraPass(device));
  if (auto made = pass->ConvertPass::create(spirv::planes_to_bgra_comp, "planes_to_bgra"); !made) return fail(made);
  return pass;
}

}  // namespace beside::gpu
