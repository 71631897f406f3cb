// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vulkan/vulkan_core.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace beside::gpu {

enum class DeviceKind : std::uint8_t { Discrete, Integrated, Virtual, Other, Cpu };
const char* to_string(DeviceKind kind);

// The one queue, and the one mutex around submit and present (many devices have a single queue). Any thread.
class Queue {
 public:
  VkResult submit(const VkSubmitInfo& info, VkFence fence);
  VkResult present(const VkPresentInfoKHR& info);
  VkResult wait_idle();
  VkQueue handle() const { return queue_; }
  std::uint32_t family() const { return family_; }

 private:
  friend class Device;
  std::mutex mutex_;
  VkQueue queue_ = VK_NULL_HANDLE;
  std::uint32_t family_ = 0;
};

struct DeviceOptions {
  bool validation = false;                             // also switched on by BESIDE_VULKAN_VALIDATION=1
  std::vector<std::string> instance_extensions;        // what the window system needs (glfwGetRequiredInstanceExtensions)
  // Makes the surface that the device must be able to present to. Absent: compute and offscreen only. The surface is
  // destroyed with the Device.
  std::function<Result<VkSurfaceKHR>(VkInstance)> make_surface;
};

// What: instance, physical device (one that can present to the surface; discrete before integrated before virtual, one
// of type CPU last), logical device and its queue.
// Thread: create and destroy on main; the const accessors and queue() from any.
// Lifetime: outlives all that was made from it.
class Device {
 public:
  // Errors: Environment, with the package to install in its detail.
  static Result<std::unique_ptr<Device>> create(const DeviceOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  VkInstance instance() const { return instance_; }
  VkPhysicalDevice physical() const { return physical_; }
  VkDevice handle() const { return device_; }
  VkSurfaceKHR surface() const { return surface_; }
  Queue& queue() const { return queue_; }
  DeviceKind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  std::uint32_t max_image_side_px() const { return max_image_side_px_; }
  VkDeviceSize max_storage_bytes() const { return max_storage_bytes_; }   // of one storage buffer
  // Nanoseconds of one step of a timestamp; 0: this queue has none.
  float timestamp_ns() const { return timestamp_ns_; }
  // What memory of the program must be aligned to, so that the device can read it where it lies (VK_EXT_external_memory_host);
  // 0: it cannot.
  VkDeviceSize host_import_alignment() const { return host_import_alignment_; }
  // Memory types that can hold such memory; 0: none.
  std::uint32_t host_import_types(const void* memory) const;
  bool validating() const { return messenger_ != VK_NULL_HANDLE; }
  // Warnings and errors of the validation layer so far; each is logged as well.
  std::uint64_t validation_messages() const { return messages_.load(); }
  // Gives an object its name in captures and validation messages; nothing happens without validation.
  void name_object(VkObjectType type, std::uint64_t handle, std::string_view name) const;
  // Index of a memory type out of `bits` with all of `wanted` flags, or -1.
  int memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const;

 private:
  Device() = default;
  Result<void> create_instance(const DeviceOptions& options);
  Result<void> choose_physical();
  Result<void> create_device();
  VkInstance instance_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  VkSurfaceKHR surface_ = VK_NULL_HANDLE;
  VkPhysicalDevice physical_ = VK_NULL_HANDLE;
  VkDevice device_ = VK_NULL_HANDLE;
  VkPhysicalDeviceMemoryProperties memory_{};
  PFN_vkSetDebugUtilsObjectNameEXT set_name_ = nullptr;
  DeviceKind kind_ = DeviceKind::Other;
  std::string name_;
  std::uint32_t family_ = 0;
  std::uint32_t max_image_side_px_ = 0;
  VkDeviceSize max_storage_bytes_ = 0, host_import_alignment_ = 0;
  float timestamp_ns_ = 0;
  PFN_vkGetMemoryHostPointerPropertiesEXT host_pointer_properties_ = nullptr;
  mutable Queue queue_;
  mutable std::atomic<std::uint64_t> messages_{0};
};

// How a physical device ranks for us: lower is better. Pure, for tests.
int device_rank(DeviceKind kind);
DeviceKind device_kind(VkPhysicalDeviceType type);

}  // namespace beside::gpu
