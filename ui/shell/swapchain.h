// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/gpu/device.h"

namespace beside::shell {

// We draw only when something changed, so waiting for a vertical blank would only add to the way of a key press: MAILBOX, which
// does not tear, else IMMEDIATE; FIFO, which every device has, is the last. Software devices pace MAILBOX by busy threads:
// IMMEDIATE first.
VkPresentModeKHR choose_present_mode(std::span<const VkPresentModeKHR> offered, bool software);

// The window's images, one render pass over them (one UNORM colour attachment: clear, then present), two frames in flight.
// Thread: main. Failure: Environment; "device lost" in the detail when the device is gone.
// Images are in PRESENT_SRC between frames and keep what was drawn into them; each knows what it lacks of the newest frame, so
// that only a box round that is cleared and drawn.
class Swapchain {
 public:
  static Result<std::unique_ptr<Swapchain>> create(const gpu::Device& device, int width, int height);
  ~Swapchain();
  Swapchain(const Swapchain&) = delete;
  Swapchain& operator=(const Swapchain&) = delete;

  VkRenderPass render_pass() const { return render_pass_; }
  std::uint32_t image_count() const { return static_cast<std::uint32_t>(images_.size()); }
  int width() const { return static_cast<int>(extent_.width); }
  int height() const { return static_cast<int>(extent_.height); }

  // Builds the images anew when the size differs or the window system asked for it. False: there is nothing to draw on
  // (minimised).
  Result<bool> fit(int width, int height);
  // How often the images were made anew; what was in them is gone then.
  std::uint64_t builds() const { return builds_; }
  // `changed`: what differs from the frame before. Commands inside the begun render pass, or null when the image could not be
  // had: fit() and try again. Draw only within drawn(); everything there was cleared.
  Result<VkCommandBuffer> begin(const float clear[4], const Rect& changed);
  const Rect& drawn() const { return drawn_; }
  // Submits and presents. False: out of date; the next fit() rebuilds.
  Result<bool> end();

 private:
  explicit Swapchain(const gpu::Device& device) : device_(device) {}
  struct Image {
    VkImage image = VK_NULL_HANDLE;
    VkImageView view = VK_NULL_HANDLE;
    VkFramebuffer framebuffer = VK_NULL_HANDLE;
    VkSemaphore drawn = VK_NULL_HANDLE;
    bool fresh = true;   // nothing was drawn into it yet
    Rect lacks;          // of the newest frame
  };
  struct InFlight {
    VkCommandPool pool = VK_NULL_HANDLE;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    VkSemaphore acquired = VK_NULL_HANDLE;
    VkFence done = VK_NULL_HANDLE;
  };
  Result<void> choose_format();
  Result<void> make_render_pass(bool keeps, VkRenderPass& pass);
  Result<void> make_frames();
  Result<void> build(int width, int height);
  void drop_images();
  const gpu::Device& device_;
  VkSurfaceFormatKHR format_{};
  VkPresentModeKHR mode_ = VK_PRESENT_MODE_FIFO_KHR;
  VkRenderPass render_pass_ = VK_NULL_HANDLE;   // for an image whose pixels do not matter
  VkRenderPass part_pass_ = VK_NULL_HANDLE;     // the same, but what lies outside of its area stays
  Rect drawn_;
  VkSwapchainKHR chain_ = VK_NULL_HANDLE;
  VkExtent2D extent_{};
  std::vector<Image> images_;
  InFlight frames_[2];
  std::uint32_t current_image_ = 0;
  int current_frame_ = 0;
  std::uint64_t builds_ = 0;
  bool stale_ = false;
};

}  // namespace beside::shell
