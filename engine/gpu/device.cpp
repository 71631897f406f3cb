// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/device.h"

#include <vulkan/vulkan.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/base/log.h"
#include "engine/gpu/vk_result.h"
#include "engine/gpu/vulkan_loader.h"

namespace beside::gpu {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";
constexpr const char* kNoDevice =
    "No Vulkan device that can draw here was found: install the package mesa-vulkan-drivers or the driver of your graphics "
    "card.";

VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                          const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  static_cast<std::atomic<std::uint64_t>*>(user)->fetch_add(1);
  BS_LOG_LIMITED(Warn, "vulkan", "{}", data->pMessage);
  return VK_FALSE;
}

bool validation_wanted(const DeviceOptions& options) {
  const char* set = std::getenv("BESIDE_VULKAN_VALIDATION");
  return options.validation || (set != nullptr && std::strcmp(set, "1") == 0);
}

bool has_validation_layer() {
  std::uint32_t count = 0;
  vkEnumerateInstanceLayerProperties(&count, nullptr);
  std::vector<VkLayerProperties> layers(count);
  vkEnumerateInstanceLayerProperties(&count, layers.data());
  return std::any_of(layers.begin(), layers.end(),
                     [](const auto& l) { return std::strcmp(l.layerName, kValidationLayer) == 0; });
}

// A family with graphics and compute that can present to the surface (if there is one), or -1.
int find_family(VkPhysicalDevice device, VkSurfaceKHR surface) {
  std::uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  constexpr VkQueueFlags kNeeded = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
  for (std::uint32_t i = 0; i < count; ++i) {
    if ((families[i].queueFlags & kNeeded) != kNeeded) continue;
    VkBool32 presents = VK_TRUE;
    if (surface != VK_NULL_HANDLE &&
        vkGetPhysicalDeviceSurfaceSupportKHR(device, i, surface, &presents) != VK_SUCCESS) {
      continue;
    }
    if (presents == VK_TRUE) return static_cast<int>(i);
  }
  return -1;
}

bool has_extension(VkPhysicalDevice device, const char* name) {
  std::uint32_t count = 0;
  vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> extensions(count);
  vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data());
  return std::any_of(extensions.begin(), extensions.end(), [&](const auto& e) { return std::strcmp(e.extensionName, name) == 0; });
}

}  // namespace

const char* to_string(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::Discrete: return "discrete";
    case DeviceKind::Integrated: return "integrated";
    case DeviceKind::Virtual: return "virtual";
    case DeviceKind::Other: return "other";
    case DeviceKind::Cpu: return "software";
  }
  return "";
}

int device_rank(DeviceKind kind) { return static_cast<int>(kind); }

DeviceKind device_kind(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return DeviceKind::Discrete;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return DeviceKind::Integrated;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return DeviceKind::Virtual;
    case VK_PHYSICAL_DEVICE_TYPE_CPU: return DeviceKind::Cpu;
    default: return DeviceKind::Other;
  }
}

VkResult Queue::submit(const VkSubmitInfo& info, VkFence fence) {
  std::lock_guard lock(mutex_);
  return vkQueueSubmit(queue_, 1, &info, fence);
}
VkResult Queue::present(const VkPresentInfoKHR& info) {
  std::lock_guard lock(mutex_);
  return vkQueuePresentKHR(queue_, &info);
}
VkResult Queue::wait_idle() {
  std::lock_guard lock(mutex_);
  return vkQueueWaitIdle(queue_);
}

Result<std::unique_ptr<Device>> Device::create(const DeviceOptions& options) {
  if (auto loaded = load_vulkan(); !loaded) return fail(loaded);
  std::unique_ptr<Device> device(new Device);
  if (auto made = device->create_instance(options); !made) return fail(made);
  if (options.make_surface) {
    auto surface = options.make_surface(device->instance_);
    if (!surface) return fail(surface);
    device->surface_ = *surface;
  }
  if (auto chosen = device->choose_physical(); !chosen) return fail(chosen);
  if (auto made = device->create_device(); !made) return fail(made);
  BS_LOG(Info, "vulkan", "using {} ({}){}", device->name_, to_string(device->kind_),
         device->validating() ? ", validated" : "");
  return device;
}

Result<void> Device::create_instance(const DeviceOptions& options) {
  std::vector<const char*> extensions, layers;
  for (const auto& name : options.instance_extensions) extensions.push_back(name.c_str());
  bool validate = validation_wanted(options);
  if (validate && !has_validation_layer()) {
    BS_LOG(Warn, "vulkan", "validation was asked for and is missing: install the package vulkan-validationlayers");
    validate = false;
  }
  auto messages = vk_struct<VkDebugUtilsMessengerCreateInfoEXT>(VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT);
  messages.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  messages.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT;
  messages.pfnUserCallback = on_message;
  messages.pUserData = &messages_;
  if (validate) {
    layers.push_back(kValidationLayer);
    extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
  }
  auto application = vk_struct<VkApplicationInfo>(VK_STRUCTURE_TYPE_APPLICATION_INFO);
  application.pApplicationName = "beside";
  application.apiVersion = VK_API_VERSION_1_1;
  auto info = vk_struct<VkInstanceCreateInfo>(VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO);
  info.pApplicationInfo = &application;
  info.enabledLayerCount = static_cast<std::uint32_t>(layers.size());
  info.ppEnabledLayerNames = layers.data();
  info.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  if (const VkResult result = vkCreateInstance(&info, nullptr, &instance_); result != VK_SUCCESS) {
    instance_ = VK_NULL_HANDLE;
    return fail(ErrorKind::Environment, "gpu/device: instance", std::string(kNoDevice) + " (" + vk_text(result) + ")");
  }
  if (validate) {
    auto create = reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(
        vkGetInstanceProcAddr(instance_, "vkCreateDebugUtilsMessengerEXT"));
    set_name_ = reinterpret_cast<PFN_vkSetDebugUtilsObjectNameEXT>(
        vkGetInstanceProcAddr(instance_, "vkSetDebugUtilsObjectNameEXT"));
    if (create != nullptr && create(instance_, &messages, nullptr, &messenger_) != VK_SUCCESS) {
      messenger_ = VK_NULL_HANDLE;
    }
  }
  return {};
}

Result<void> Device::choose_physical() {
  std::uint32_t count = 0;
  vkEnumeratePhysicalDevices(instance_, &count, nullptr);
  std::vector<VkPhysicalDevice> devices(count);
  vkEnumeratePhysicalDevices(instance_, &count, devices.data());
  devices.resize(count);
  for (VkPhysicalDevice candidate : devices) {
    VkPhysicalDeviceProperties properties;
    vkGetPhysicalDeviceProperties(candidate, &properties);
    const DeviceKind kind = device_kind(properties.deviceType);
    if (physical_ != VK_NULL_HANDLE && device_rank(kind) >= device_rank(kind_)) continue;
    const int family = find_family(candidate, surface_);
    if (family < 0 || (surface_ != VK_NULL_HANDLE && !has_extension(candidate, VK_KHR_SWAPCHAIN_EXTENSION_NAME))) continue;
    physical_ = candidate;
    kind_ = kind;
    name_ = properties.deviceName;
    family_ = static_cast<std::uint32_t>(family);
    max_image_side_px_ = properties.limits.maxImageDimension2D;
    max_storage_bytes_ = properties.limits.maxStorageBufferRange;
    timestamp_ns_ = properties.limits.timestampComputeAndGraphics == VK_TRUE ? properties.limits.timestampPeriod : 0;
  }
  if (physical_ == VK_NULL_HANDLE) return fail(ErrorKind::Environment, "gpu/device: choose", kNoDevice);
  vkGetPhysicalDeviceMemoryProperties(physical_, &memory_);
  return {};
}

Result<void> Device::create_device() {
  const float priority = 1.0F;
  auto queue = vk_struct<VkDeviceQueueCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO);
  queue.queueFamilyIndex = family_;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  std::vector<const char*> extensions;
  if (surface_ != VK_NULL_HANDLE) extensions.push_back(VK_KHR_SWAPCHAIN_EXTENSION_NAME);
  const bool import = has_extension(physical_, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
  if (import) extensions.push_back(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
  auto info = vk_struct<VkDeviceCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO);
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  if (const VkResult result = vkCreateDevice(physical_, &info, nullptr, &device_); result != VK_SUCCESS) {
    device_ = VK_NULL_HANDLE;
    return vk_fail("gpu/device: create", result);
  }
  queue_.family_ = family_;
  vkGetDeviceQueue(device_, family_, 0, &queue_.queue_);
  if (!import) return {};
  auto host = vk_struct<VkPhysicalDeviceExternalMemoryHostPropertiesEXT>(
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT);
  auto properties = vk_struct<VkPhysicalDeviceProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2);
  properties.pNext = &host;
  vkGetPhysicalDeviceProperties2(physical_, &properties);
  host_pointer_properties_ = reinterpret_cast<PFN_vkGetMemoryHostPointerPropertiesEXT>(
      vkGetDeviceProcAddr(device_, "vkGetMemoryHostPointerPropertiesEXT"));
  if (host_pointer_properties_ != nullptr) host_import_alignment_ = host.minImportedHostPointerAlignment;
  return {};
}

Device::~Device() {
  if (device_ != VK_NULL_HANDLE) {
    vkDeviceWaitIdle(device_);
    vkDestroyDevice(device_, nullptr);
  }
  if (surface_ != VK_NULL_HANDLE) vkDestroySurfaceKHR(instance_, surface_, nullptr);
  if (messenger_ != VK_NULL_HANDLE) {
    auto destroy = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
        vkGetInstanceProcAddr(instance_, "vkDestroyDebugUtilsMessengerEXT"));
    if (destroy != nullptr) destroy(instance_, messenger_, nullptr);
  }
  if (instance_ != VK_NULL_HANDLE) vkDestroyInstance(instance_, nullptr);
}

std::uint32_t Device::host_import_types(const void* memory) const {
  if (host_import_alignment_ == 0) return 0;
  auto properties = vk_struct<VkMemoryHostPointerPropertiesEXT>(VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT);
  const VkResult asked =
      host_pointer_properties_(device_, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT, memory, &properties);
  return asked == VK_SUCCESS ? properties.memoryTypeBits : 0;
}

void Device::name_object(VkObjectType type, std::uint64_t handle, std::string_view name) const {
  if (set_name_ == nullptr) return;
  const std::string text(name);
  auto info = vk_struct<VkDebugUtilsObjectNameInfoEXT>(VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT);
  info.objectType = type;
  info.objectHandle = handle;
  info.pObjectName = text.c_str();
  set_name_(device_, &info);
}

int Device::memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const {
  for (std::uint32_t i = 0; i < memory_.memoryTypeCount; ++i) {
    if ((bits >> i & 1U) != 0 && (memory_.memoryTypes[i].propertyFlags & wanted) == wanted) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace beside::gpu
