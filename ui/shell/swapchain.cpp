// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/swapchain.h"

#include <vulkan/vulkan.h>

#include <algorithm>
#include <limits>
#include <string>

namespace beside::shell {
namespace {

constexpr std::uint64_t kPatience_ns = 2'000'000'000;

Result<void> ok(VkResult result, std::string_view where) {
  if (result == VK_SUCCESS) return {};
  if (result == VK_ERROR_DEVICE_LOST) return fail(ErrorKind::Environment, where, "the graphics device is lost");
  return fail(ErrorKind::Environment, where, "VkResult " + std::to_string(result));
}

}  // namespace

VkPresentModeKHR choose_present_mode(std::span<const VkPresentModeKHR> offered, bool software) {
  constexpr VkPresentModeKHR kMailbox = VK_PRESENT_MODE_MAILBOX_KHR, kImmediate = VK_PRESENT_MODE_IMMEDIATE_KHR;
  for (const VkPresentModeKHR mode : {software ? kImmediate : kMailbox, software ? kMailbox : kImmediate}) {
    if (std::find(offered.begin(), offered.end(), mode) != offered.end()) return mode;
  }
  return VK_PRESENT_MODE_FIFO_KHR;
}

Result<std::unique_ptr<Swapchain>> Swapchain::create(const gpu::Device& device, int width, int height) {
  std::unique_ptr<Swapchain> chain(new Swapchain(device));
  if (auto done = chain->choose_format(); !done) return fail(done);
  if (auto done = chain->make_render_pass(false, chain->render_pass_); !done) return fail(done);
  if (auto done = chain->make_render_pass(true, chain->part_pass_); !done) return fail(done);
  if (auto done = chain->make_frames(); !done) return fail(done);
  if (auto done = chain->build(width, height); !done) return fail(done);
  return chain;
}

Swapchain::~Swapchain() {
  (void)device_.queue().wait_idle();
  drop_images();
  if (chain_ != VK_NULL_HANDLE) vkDestroySwapchainKHR(device_.handle(), chain_, nullptr);
  for (InFlight& frame : frames_) {
    if (frame.pool != VK_NULL_HANDLE) vkDestroyCommandPool(device_.handle(), frame.pool, nullptr);
    if (frame.acquired != VK_NULL_HANDLE) vkDestroySemaphore(device_.handle(), frame.acquired, nullptr);
    if (frame.done != VK_NULL_HANDLE) vkDestroyFence(device_.handle(), frame.done, nullptr);
  }
  if (part_pass_ != VK_NULL_HANDLE) vkDestroyRenderPass(device_.handle(), part_pass_, nullptr);
  if (render_pass_ != VK_NULL_HANDLE) vkDestroyRenderPass(device_.handle(), render_pass_, nullptr);
}

Result<void> Swapchain::choose_format() {
  std::uint32_t count = 0;
  vkGetPhysicalDeviceSurfaceFormatsKHR(device_.physical(), device_.surface(), &count, nullptr);
  std::vector<VkSurfaceFormatKHR> formats(count);
  vkGetPhysicalDeviceSurfaceFormatsKHR(device_.physical(), device_.surface(), &count, formats.data());
  for (const VkFormat wanted : {VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_R8G8B8A8_UNORM}) {
    for (const VkSurfaceFormatKHR& format : formats) {
      if (format.format == wanted && format.colorSpace == VK_COLOR_SPACE_SRGB_NONLINEAR_KHR) {
        format_ = format;
        count = 0;
        std::vector<VkPresentModeKHR> modes;
        vkGetPhysicalDeviceSurfacePresentModesKHR(device_.physical(), device_.surface(), &count, nullptr);
        modes.resize(count);
        vkGetPhysicalDeviceSurfacePresentModesKHR(device_.physical(), device_.surface(), &count, modes.data());
        mode_ = choose_present_mode(modes, device_.kind() == gpu::DeviceKind::Cpu);
        return {};
      }
    }
  }
  return fail(ErrorKind::Environment, "shell/swapchain: format", "the display offers no 8-bit RGB format");
}

// Both clear their area before anything is drawn; from UNDEFINED a device may drop the rest of the image as well.
Result<void> Swapchain::make_render_pass(bool keeps, VkRenderPass& pass) {
  VkAttachmentDescription colour{};
  colour.format = format_.format;
  colour.samples = VK_SAMPLE_COUNT_1_BIT;
  colour.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
  colour.storeOp = VK_ATTACHMENT_STORE_OP_STORE;
  colour.stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE;
  colour.stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
  colour.initialLayout = keeps ? VK_IMAGE_LAYOUT_PRESENT_SRC_KHR : VK_IMAGE_LAYOUT_UNDEFINED;
  colour.finalLayout = VK_IMAGE_LAYOUT_PRESENT_SRC_KHR;
  const VkAttachmentReference reference{0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
  VkSubpassDescription subpass{};
  subpass.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS;
  subpass.colorAttachmentCount = 1;
  subpass.pColorAttachments = &reference;
  // The image is ours once the acquire semaphore, waited for at colour output, is signalled.
  VkSubpassDependency dependency{};
  dependency.srcSubpass = VK_SUBPASS_EXTERNAL;
  dependency.srcStageMask = dependency.dstStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT;
  dependency.dstAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT;
  VkRenderPassCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO;
  info.attachmentCount = 1;
  info.pAttachments = &colour;
  info.subpassCount = 1;
  info.pSubpasses = &subpass;
  info.dependencyCount = 1;
  info.pDependencies = &dependency;
  return ok(vkCreateRenderPass(device_.handle(), &info, nullptr, &pass), "shell/swapchain: render pass");
}

Result<void> Swapchain::make_frames() {
  for (InFlight& frame : frames_) {
    VkCommandPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    pool.queueFamilyIndex = device_.queue().family();
    if (auto r = ok(vkCreateCommandPool(device_.handle(), &pool, nullptr, &frame.pool), "shell/swapchain: pool"); !r) return r;
    VkCommandBufferAllocateInfo commands{};
    commands.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    commands.commandPool = frame.pool;
    commands.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    commands.commandBufferCount = 1;
    if (auto r = ok(vkAllocateCommandBuffers(device_.handle(), &commands, &frame.commands), "shell/swapchain: commands"); !r) return r;
    VkSemaphoreCreateInfo semaphore{};
    semaphore.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
    if (auto r = ok(vkCreateSemaphore(device_.handle(), &semaphore, nullptr, &frame.acquired), "shell/swapchain: semaphore"); !r) return r;
    VkFenceCreateInfo fence{};
    fence.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
    fence.flags = VK_FENCE_CREATE_SIGNALED_BIT;
    if (auto r = ok(vkCreateFence(device_.handle(), &fence, nullptr, &frame.done), "shell/swapchain: fence"); !r) return r;
  }
  return {};
}

void Swapchain::drop_images() {
  for (Image& image : images_) {
    vkDestroyFramebuffer(device_.handle(), image.framebuffer, nullptr);
    vkDestroyImageView(device_.handle(), image.view, nullptr);
    vkDestroySemaphore(device_.handle(), image.drawn, nullptr);
  }
  images_.clear();
}

Result<void> Swapchain::build(int width, int height) {
  (void)device_.queue().wait_idle();
  drop_images();
  ++builds_;
  VkSurfaceCapabilitiesKHR caps{};
  if (auto r = ok(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(device_.physical(), device_.surface(), &caps), "shell/swapchain: surface"); !r) return r;
  extent_ = caps.currentExtent;
  if (extent_.width == std::numeric_limits<std::uint32_t>::max()) {
    extent_.width = std::clamp(static_cast<std::uint32_t>(std::max(width, 1)), caps.minImageExtent.width, caps.maxImageExtent.width);
    extent_.height = std::clamp(static_cast<std::uint32_t>(std::max(height, 1)), caps.minImageExtent.height, caps.maxImageExtent.height);
  }
  stale_ = true;
  if (extent_.width == 0 || extent_.height == 0) return {};
  VkSwapchainCreateInfoKHR info{};
  info.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR;
  info.surface = device_.surface();
  info.minImageCount = std::max(caps.minImageCount, 3U);
  if (caps.maxImageCount > 0) info.minImageCount = std::min(info.minImageCount, caps.maxImageCount);
  info.imageFormat = format_.format;
  info.imageColorSpace = format_.colorSpace;
  info.imageExtent = extent_;
  info.imageArrayLayers = 1;
  info.imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
  info.imageSharingMode = VK_SHARING_MODE_EXCLUSIVE;
  info.preTransform = caps.currentTransform;
  info.compositeAlpha = (caps.supportedCompositeAlpha & VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR) != 0 ? VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR
                                                                                             : VK_COMPOSITE_ALPHA_INHERIT_BIT_KHR;
  info.presentMode = mode_;
  info.clipped = VK_FALSE;   // what another window covers is kept as well, or it could not be drawn in parts
  info.oldSwapchain = chain_;
  VkSwapchainKHR fresh = VK_NULL_HANDLE;
  const VkResult made = vkCreateSwapchainKHR(device_.handle(), &info, nullptr, &fresh);
  if (chain_ != VK_NULL_HANDLE) vkDestroySwapchainKHR(device_.handle(), chain_, nullptr);
  chain_ = made == VK_SUCCESS ? fresh : VK_NULL_HANDLE;
  if (auto r = ok(made, "shell/swapchain: create"); !r) return r;

  std::uint32_t count = 0;
  vkGetSwapchainImagesKHR(device_.handle(), chain_, &count, nullptr);
  std::vector<VkImage> raw(count);
  if (auto r = ok(vkGetSwapchainImagesKHR(device_.handle(), chain_, &count, raw.data()), "shell/swapchain: images"); !r) return r;
  for (VkImage image : raw) {
    Image& made_image = images_.emplace_back();
    made_image.image = image;
    VkImageViewCreateInfo view{};
    view.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO;
    view.image = image;
    view.viewType = VK_IMAGE_VIEW_TYPE_2D;
    view.format = format_.format;
    view.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    if (auto r = ok(vkCreateImageView(device_.handle(), &view, nullptr, &made_image.view), "shell/swapchain: view"); !r) return r;
    VkFramebufferCreateInfo framebuffer{};
    framebuffer.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO;
    framebuffer.renderPass = render_pass_;
    framebuffer.attachmentCount = 1;
    framebuffer.pAttachments = &made_image.view;
    framebuffer.width = extent_.width;
    framebuffer.height = extent_.height;
    framebuffer.layers = 1;
    if (auto r = ok(vkCreateFramebuffer(device_.handle(), &framebuffer, nullptr, &made_image.framebuffer), "shell/swapchain: framebuffer"); !r) return r;
    VkSemaphoreCreateInfo semaphore{};
    semaphore.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
    if (auto r = ok(vkCreateSemaphore(device_.handle(), &semaphore, nullptr, &made_image.drawn), "shell/swapchain: semaphore"); !r) return r;
  }
  stale_ = false;
  return {};
}

Result<bool> Swapchain::fit(int width, int height) {
  if (width <= 0 || height <= 0) return false;
  if (stale_ || width != this->width() || height != this->height()) {
    if (auto built = build(width, height); !built) return fail(built);
  }
  return !stale_;
}

Result<VkCommandBuffer> Swapchain::begin(const float clear[4], const Rect& changed) {
  for (Image& image : images_) image.lacks = image.lacks.united_with(changed);
  InFlight& frame = frames_[current_frame_];
  if (vkWaitForFences(device_.handle(), 1, &frame.done, VK_TRUE, kPatience_ns) == VK_ERROR_DEVICE_LOST) {
    return fail(ErrorKind::Environment, "shell/swapchain: wait", "the graphics device is lost");
  }
  const VkResult got = vkAcquireNextImageKHR(device_.handle(), chain_, kPatience_ns, frame.acquired, VK_NULL_HANDLE, &current_image_);
  if (got == VK_ERROR_OUT_OF_DATE_KHR || got == VK_TIMEOUT || got == VK_NOT_READY) {
    stale_ = true;
    return VkCommandBuffer{VK_NULL_HANDLE};
  }
  if (got != VK_SUBOPTIMAL_KHR) {
    if (auto r = ok(got, "shell/swapchain: acquire"); !r) return fail(r);
  } else {
    stale_ = true;   // still good for this frame
  }
  vkResetFences(device_.handle(), 1, &frame.done);
  vkResetCommandPool(device_.handle(), frame.pool, 0);
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  if (auto r = ok(vkBeginCommandBuffer(frame.commands, &begin), "shell/swapchain: begin"); !r) return fail(r);
  VkClearValue value{};
  std::copy_n(clear, 4, value.color.float32);
  VkRenderPassBeginInfo pass{};
  pass.sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO;
  Image& image = images_[current_image_];
  const Rect whole{0, 0, width(), height()};
  drawn_ = image.fresh ? whole : image.lacks.clipped_to(whole);
  if (drawn_.empty()) drawn_ = {0, 0, 1, 1};
  pass.renderPass = image.fresh ? render_pass_ : part_pass_;
  image.fresh = false;
  image.lacks = {};
  pass.framebuffer = image.framebuffer;
  pass.renderArea = {{drawn_.x, drawn_.y}, {static_cast<std::uint32_t>(drawn_.width), static_cast<std::uint32_t>(drawn_.height)}};
  pass.clearValueCount = 1;
  pass.pClearValues = &value;
  vkCmdBeginRenderPass(frame.commands, &pass, VK_SUBPASS_CONTENTS_INLINE);
  return frame.commands;
}

Result<bool> Swapchain::end() {
  InFlight& frame = frames_[current_frame_];
  Image& image = images_[current_image_];
  vkCmdEndRenderPass(frame.commands);
  if (auto r = ok(vkEndCommandBuffer(frame.commands), "shell/swapchain: end"); !r) return fail(r);
  const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT;
  VkSubmitInfo submit{};
  submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  submit.waitSemaphoreCount = 1;
  submit.pWaitSemaphores = &frame.acquired;
  submit.pWaitDstStageMask = &stage;
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &frame.commands;
  submit.signalSemaphoreCount = 1;
  submit.pSignalSemaphores = &image.drawn;
  if (auto r = ok(device_.queue().submit(submit, frame.done), "shell/swapchain: submit"); !r) return fail(r);
  current_frame_ = 1 - current_frame_;
  VkPresentInfoKHR present{};
  present.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR;
  present.waitSemaphoreCount = 1;
  present.pWaitSemaphores = &image.drawn;
  present.swapchainCount = 1;
  present.pSwapchains = &chain_;
  present.pImageIndices = &current_image_;
  const VkResult shown = device_.queue().present(present);
  if (shown == VK_ERROR_OUT_OF_DATE_KHR || shown == VK_SUBOPTIMAL_KHR) {
    stale_ = true;
    return shown == VK_SUBOPTIMAL_KHR;
  }
  if (auto r = ok(shown, "shell/swapchain: present"); !r) return fail(r);
  return true;
}

}  // namespace beside::shell
