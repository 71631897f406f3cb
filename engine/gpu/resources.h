// SPDX-License-Identifier: GPL-3.0-or-later
// Small owners of Vulkan objects for this room. None is shared between threads.
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "engine/base/result.h"
#include "engine/gpu/device.h"

namespace beside::gpu {

// A buffer that stays mapped (host visible and coherent; cached too where there is such memory, since it is read as well).
class HostBuffer {
 public:
  static Result<std::unique_ptr<HostBuffer>> create(const Device& device, VkDeviceSize bytes, VkBufferUsageFlags usage,
                                                    std::string_view name);
  ~HostBuffer();
  HostBuffer(const HostBuffer&) = delete;
  HostBuffer& operator=(const HostBuffer&) = delete;
  VkBuffer handle() const { return buffer_; }
  std::uint8_t* data() const { return data_; }
  VkDeviceSize size() const { return size_; }

 private:
  explicit HostBuffer(const Device& device) : device_(device) {}
  const Device& device_;
  VkBuffer buffer_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
  std::uint8_t* data_ = nullptr;
  VkDeviceSize size_ = 0;
};

// Room for so many bytes in a storage buffer of passes; what was in it is lost when it grows. Null after a failure.
Result<void> grow_storage(const Device& device, std::unique_ptr<HostBuffer>& buffer, VkDeviceSize bytes, std::string_view name);

// Memory of the program as a buffer, read by the device where it lies. Nothing is copied; what the host writes before a
// submission is seen by it. Lifetime: the memory must outlive it.
class ImportedBuffer {
 public:
  // Whole pages (Device::host_import_alignment()) from the beginning of one. Environment where the device cannot, or not
  // with this memory (some drivers take no memory that a file or another process shares).
  static Result<std::unique_ptr<ImportedBuffer>> create(const Device& device, void* memory, VkDeviceSize bytes,
                                                        VkBufferUsageFlags usage, std::string_view name);
  ~ImportedBuffer();
  ImportedBuffer(const ImportedBuffer&) = delete;
  ImportedBuffer& operator=(const ImportedBuffer&) = delete;
  VkBuffer handle() const { return buffer_; }
  const Device& device() const { return device_; }

 private:
  explicit ImportedBuffer(const Device& device) : device_(device) {}
  const Device& device_;
  VkBuffer buffer_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
};

// A two-dimensional optimal image in device memory with its view. layout() is what the last recorded barrier left.
class Image {
 public:
  static Result<std::unique_ptr<Image>> create(const Device& device, int width, int height, VkFormat format,
                                               VkImageUsageFlags usage, std::string_view name);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  VkImage handle() const { return image_; }
  VkImageView view() const { return view_; }
  int width() const { return width_; }
  int height() const { return height_; }
  // The one barrier helper: from its present layout to `to`; earlier work of `from_stage`/`from_access` happens before
  // later work of `to_stage`/`to_access`.
  void record_transition(VkCommandBuffer commands, VkImageLayout to, VkPipelineStageFlags from_stage,
                         VkAccessFlags from_access, VkPipelineStageFlags to_stage, VkAccessFlags to_access);

 private:
  explicit Image(const Device& device) : device_(device) {}
  const Device& device_;
  VkImage image_ = VK_NULL_HANDLE;
  VkImageView view_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
  VkImageLayout layout_ = VK_IMAGE_LAYOUT_UNDEFINED;
  int width_ = 0, height_ = 0;
};

// One command buffer with its fence. run() records and submits; the next run() waits for the one before.
class Commands {
 public:
  static Result<std::unique_ptr<Commands>> create(const Device& device, std::string_view name);
  ~Commands();
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;
  Result<void> run(const std::function<void(VkCommandBuffer)>& record);
  Result<void> wait();  // until what run() submitted has finished; 10 s at most

 private:
  explicit Commands(const Device& device) : device_(device) {}
  const Device& device_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  VkCommandBuffer buffer_ = VK_NULL_HANDLE;
  VkFence fence_ = VK_NULL_HANDLE;
  bool pending_ = false;
};

Result<VkShaderModule> make_shader(const Device& device, std::span<const std::uint32_t> code);

}  // namespace beside::gpu
