// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/offscreen.h"

#include "engine/gpu/resources.h"
#include "engine/gpu/vk_result.h"

namespace beside::gpu {
namespace {

class OffscreenImpl final : public Offscreen {
 public:
  explicit OffscreenImpl(const Device& device) : device_(device) {}
  ~OffscreenImpl() override {
    commands_.reset();  // waits
    if (framebuffer_ != VK_NULL_HANDLE) vkDestroyFramebuffer(device_.handle(), framebuffer_, nullptr);
    if (pass_ != VK_NULL_HANDLE) vkDestroyRenderPass(device_.handle(), pass_, nullptr);
  }

  Result<void> create(int width, int height) {
    auto image = Image::create(device_, width, height, VK_FORMAT_R8G8B8A8_UNORM,
                               VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT, "offscreen");
    if (!image) return fail(image);
    image_ = std::move(*image);
    auto buffer = HostBuffer::create(device_, VkDeviceSize{4} * static_cast<VkDeviceSize>(width) * static_cast<VkDeviceSize>(height),
                                     VK_BUFFER_USAGE_TRANSFER_DST_BIT, "offscreen read-back");
    if (!buffer) return fail(buffer);
    buffer_ = std::move(*buffer);
    auto commands = Commands::create(device_, "offscreen");
    if (!commands) return fail(commands);
    commands_ = std::move(*commands);
    VkAttachmentDescription attachment{};
    attachment.format = VK_FORMAT_R8G8B8A8_UNORM;
    attachment.samples = VK_SAMPLE_COUNT_1_BIT;
    attachment.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
    attachment.storeOp = VK_ATTACHMENT_STORE_OP_STORE;
    attachment.stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE;
    attachment.stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
    attachment.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED;
    attachment.finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
    const VkAttachmentReference reference{0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
    VkSubpassDescription subpass{};
    subpass.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS;
    subpass.colorAttachmentCount = 1;
    subpass.pColorAttachments = &reference;
    const VkSubpassDependency after{0, VK_SUBPASS_EXTERNAL, VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
                                    VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
                                    VK_ACCESS_TRANSFER_READ_BIT, 0};
    auto pass = vk_struct<VkRenderPassCreateInfo>(VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO);
    pass.attachmentCount = 1;
    pass.pAttachments = &attachment;
    pass.subpassCount = 1;
    pass.pSubpasses = &subpass;
    pass.dependencyCount = 1;
    pass.pDependencies = &after;
    BS_VK(vkCreateRenderPass(device_.handle(), &pass, nullptr, &pass_), "gpu/offscreen: render pass");
    const VkImageView view = image_->view();
    auto info = vk_struct<VkFramebufferCreateInfo>(VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO);
    info.renderPass = pass_;
    info.attachmentCount = 1;
    info.pAttachments = &view;
    info.width = static_cast<std::uint32_t>(width);
    info.height = static_cast<std::uint32_t>(height);
    info.layers = 1;
    BS_VK(vkCreateFramebuffer(device_.handle(), &info, nullptr, &framebuffer_), "gpu/offscreen: framebuffer");
    return {};
  }

  VkRenderPass render_pass() const override { return pass_; }

  Result<Bytes> draw_and_read(const std::function<void(VkCommandBuffer)>& draw) override {
    const VkExtent2D extent{static_cast<std::uint32_t>(image_->width()), static_cast<std::uint32_t>(image_->height())};
    auto ran = commands_->run([&](VkCommandBuffer c) {
      const VkClearValue clear{{{0, 0, 0, 1}}};
      auto begin = vk_struct<VkRenderPassBeginInfo>(VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO);
      begin.renderPass = pass_;
      begin.framebuffer = framebuffer_;
      begin.renderArea.extent = extent;
      begin.clearValueCount = 1;
      begin.pClearValues = &clear;
      vkCmdBeginRenderPass(c, &begin, VK_SUBPASS_CONTENTS_INLINE);
      draw(c);
      vkCmdEndRenderPass(c);
      VkBufferImageCopy copy{};
      copy.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
      copy.imageExtent = {extent.width, extent.height, 1};
      vkCmdCopyImageToBuffer(c, image_->handle(), VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, buffer_->handle(), 1, &copy);
      auto barrier = vk_struct<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
      barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
      barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
      vkCmdPipelineBarrier(c, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, nullptr, 0,
                           nullptr);
    });
    if (!ran) return fail(ran);
    if (auto done = commands_->wait(); !done) return fail(done);
    return Bytes(buffer_->data(), buffer_->data() + buffer_->size());
  }

 private:
  const Device& device_;
  std::unique_ptr<Image> image_;
  std::unique_ptr<HostBuffer> buffer_;
  std::unique_ptr<Commands> commands_;
  VkRenderPass pass_ = VK_NULL_HANDLE;
  VkFramebuffer framebuffer_ = VK_NULL_HANDLE;
};

}  // namespace

Result<std::unique_ptr<Offscreen>> Offscreen::create(const Device& device, int width, int height) {
  auto out = std::make_unique<OffscreenImpl>(device);
  if (auto made = out->create(width, height); !made) return fail(made);
  return std::unique_ptr<Offscreen>(std::move(out));
}

}  // namespace beside::gpu
