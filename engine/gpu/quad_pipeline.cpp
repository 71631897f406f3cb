// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/quad_pipeline.h"

#include <algorithm>
#include <cmath>

#include "engine/gpu/vk_result.h"
#include "shaders/spirv/quad_vert.h"

namespace beside::gpu {
namespace {

constexpr VkShaderStageFlags kStages = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;

bool whole(float v) { return std::fabs(v - std::round(v)) < 1e-3F; }

}  // namespace

PicturePush make_push(int viewport_width, int viewport_height, float x, float y, float width, float height,
                      int source_width, int source_height) {
  PicturePush push{};
  const auto vw = static_cast<float>(viewport_width), vh = static_cast<float>(viewport_height);
  push.left = 2 * x / vw - 1;
  push.top = 2 * y / vh - 1;
  push.right = 2 * (x + width) / vw - 1;
  push.bottom = 2 * (y + height) / vh - 1;
  push.source_width = static_cast<float>(source_width);
  push.source_height = static_cast<float>(source_height);
  push.texels_per_pixel = width > 0 ? push.source_width / width : 1;
  const bool exact = std::fabs(push.texels_per_pixel - 1) < 1e-5F && whole(x) && whole(y);
  push.mode = exact ? BS_PICTURE_EXACT : push.texels_per_pixel <= 1 ? BS_PICTURE_ENLARGE : BS_PICTURE_REDUCE;
  push.brightness = 1;
  return push;
}

Result<std::unique_ptr<QuadPipeline>> QuadPipeline::create(const Device& device, VkRenderPass render_pass,
                                                           std::span<const std::uint32_t> fragment, bool blend,
                                                           std::string_view name) {
  std::unique_ptr<QuadPipeline> out(new QuadPipeline(device));
  if (auto made = out->create_set(); !made) return fail(made);
  auto vertex_module = make_shader(device, spirv::quad_vert);
  if (!vertex_module) return fail(vertex_module);
  auto fragment_module = make_shader(device, fragment);
  if (!fragment_module) {
    vkDestroyShaderModule(device.handle(), *vertex_module, nullptr);
    return fail(fragment_module);
  }
  auto made = out->create_pipeline(render_pass, *vertex_module, *fragment_module, blend);
  vkDestroyShaderModule(device.handle(), *vertex_module, nullptr);
  vkDestroyShaderModule(device.handle(), *fragment_module, nullptr);
  if (!made) return fail(made);
  device.name_object(VK_OBJECT_TYPE_PIPELINE, reinterpret_cast<std::uint64_t>(out->pipeline_), name);
  return out;
}

QuadPipeline::~QuadPipeline() {
  const VkDevice device = device_.handle();
  if (pipeline_ != VK_NULL_HANDLE) vkDestroyPipeline(device, pipeline_, nullptr);
  if (layout_ != VK_NULL_HANDLE) vkDestroyPipelineLayout(device, layout_, nullptr);
  if (pool_ != VK_NULL_HANDLE) vkDestroyDescriptorPool(device, pool_, nullptr);
  if (set_layout_ != VK_NULL_HANDLE) vkDestroyDescriptorSetLayout(device, set_layout_, nullptr);
  if (sampler_ != VK_NULL_HANDLE) vkDestroySampler(device, sampler_, nullptr);
}

Result<void> QuadPipeline::create_set() {
  const VkDevice device = device_.handle();
  auto sampler = vk_struct<VkSamplerCreateInfo>(VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO);
  sampler.magFilter = sampler.minFilter = VK_FILTER_LINEAR;
  sampler.addressModeU = sampler.addressModeV = sampler.addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
  BS_VK(vkCreateSampler(device, &sampler, nullptr, &sampler_), "gpu/quad: sampler");
  const VkDescriptorSetLayoutBinding binding{0, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1, VK_SHADER_STAGE_FRAGMENT_BIT, nullptr};
  auto set_layout = vk_struct<VkDescriptorSetLayoutCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO);
  set_layout.bindingCount = 1;
  set_layout.pBindings = &binding;
  BS_VK(vkCreateDescriptorSetLayout(device, &set_layout, nullptr, &set_layout_), "gpu/quad: set layout");
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1};
  auto pool = vk_struct<VkDescriptorPoolCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO);
  pool.maxSets = 1;
  pool.poolSizeCount = 1;
  pool.pPoolSizes = &size;
  BS_VK(vkCreateDescriptorPool(device, &pool, nullptr, &pool_), "gpu/quad: descriptor pool");
  auto set = vk_struct<VkDescriptorSetAllocateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO);
  set.descriptorPool = pool_;
  set.descriptorSetCount = 1;
  set.pSetLayouts = &set_layout_;
  BS_VK(vkAllocateDescriptorSets(device, &set, &set_), "gpu/quad: descriptor set");
  const VkPushConstantRange range{kStages, 0, sizeof(PicturePush)};
  auto layout = vk_struct<VkPipelineLayoutCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO);
  layout.setLayoutCount = 1;
  layout.pSetLayouts = &set_layout_;
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &range;
  BS_VK(vkCreatePipelineLayout(device, &layout, nullptr, &layout_), "gpu/quad: layout");
  return {};
}

Result<void> QuadPipeline::create_pipeline(VkRenderPass render_pass, VkShaderModule vertex, VkShaderModule fragment,
                                           bool blend) {
  const auto stage = vk_struct<VkPipelineShaderStageCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO);
  VkPipelineShaderStageCreateInfo stages[2] = {stage, stage};
  stages[0].stage = VK_SHADER_STAGE_VERTEX_BIT;
  stages[0].module = vertex;
  stages[1].stage = VK_SHADER_STAGE_FRAGMENT_BIT;
  stages[1].module = fragment;
  stages[0].pName = stages[1].pName = "main";
  auto input = vk_struct<VkPipelineVertexInputStateCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO);
  auto assembly = vk_struct<VkPipelineInputAssemblyStateCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO);
  assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP;
  auto viewport = vk_struct<VkPipelineViewportStateCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO);
  viewport.viewportCount = viewport.scissorCount = 1;
  auto raster = vk_struct<VkPipelineRasterizationStateCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO);
  raster.polygonMode = VK_POLYGON_MODE_FILL;
  raster.cullMode = VK_CULL_MODE_NONE;
  raster.lineWidth = 1;
  auto samples = vk_struct<VkPipelineMultisampleStateCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO);
  samples.rasterizationSamples = VK_SAMPLE_COUNT_1_BIT;
  VkPipelineColorBlendAttachmentState attachment{};
  attachment.blendEnable = blend ? VK_TRUE : VK_FALSE;
  attachment.srcColorBlendFactor = VK_BLEND_FACTOR_SRC_ALPHA;
  attachment.dstColorBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA;
  attachment.srcAlphaBlendFactor = VK_BLEND_FACTOR_ONE;
  attachment.dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA;
  attachment.colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT | VK_COLOR_COMPONENT_B_BIT |
                              VK_COLOR_COMPONENT_A_BIT;
  auto blending = vk_struct<VkPipelineColorBlendStateCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO);
  blending.attachmentCount = 1;
  blending.pAttachments = &attachment;
  const VkDynamicState states[2] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
  auto dynamic = vk_struct<VkPipelineDynamicStateCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO);
  dynamic.dynamicStateCount = 2;
  dynamic.pDynamicStates = states;
  auto info = vk_struct<VkGraphicsPipelineCreateInfo>(VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO);
  info.stageCount = 2;
  info.pStages = stages;
  info.pVertexInputState = &input;
  info.pInputAssemblyState = &assembly;
  info.pViewportState = &viewport;
  info.pRasterizationState = &raster;
  info.pMultisampleState = &samples;
  info.pColorBlendState = &blending;
  info.pDynamicState = &dynamic;
  info.layout = layout_;
  info.renderPass = render_pass;
  BS_VK(vkCreateGraphicsPipelines(device_.handle(), VK_NULL_HANDLE, 1, &info, nullptr, &pipeline_), "gpu/quad: pipeline");
  return {};
}

void QuadPipeline::bind_image(VkImageView view) {
  const VkDescriptorImageInfo image{sampler_, view, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
  auto write = vk_struct<VkWriteDescriptorSet>(VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET);
  write.dstSet = set_;
  write.descriptorCount = 1;
  write.descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
  write.pImageInfo = &image;
  vkUpdateDescriptorSets(device_.handle(), 1, &write, 0, nullptr);
}

void QuadPipeline::record(VkCommandBuffer commands, int viewport_width, int viewport_height, const Rect& clip,
                          const PicturePush& push) const {
  const Rect inside = clip.clipped_to({0, 0, viewport_width, viewport_height});
  if (inside.empty()) return;
  const VkViewport viewport{0, 0, static_cast<float>(viewport_width), static_cast<float>(viewport_height), 0, 1};
  const VkRect2D scissor{{inside.x, inside.y},
                         {static_cast<std::uint32_t>(inside.width), static_cast<std::uint32_t>(inside.height)}};
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline_);
  vkCmdSetViewport(commands, 0, 1, &viewport);
  vkCmdSetScissor(commands, 0, 1, &scissor);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, layout_, 0, 1, &set_, 0, nullptr);
  vkCmdPushConstants(commands, layout_, kStages, 0, sizeof push, &push);
  vkCmdDraw(commands, 4, 1, 0, 0);
}

}  // namespace beside::gpu
