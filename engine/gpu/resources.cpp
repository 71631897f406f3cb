// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/resources.h"

#include <algorithm>
#include <bit>

#include "engine/gpu/vk_result.h"

namespace beside::gpu {
namespace {

constexpr std::uint64_t kWaitNs = 10'000'000'000;

template <typename Handle>
std::uint64_t number(Handle handle) {
  return reinterpret_cast<std::uint64_t>(handle);
}

}  // namespace

Result<std::unique_ptr<HostBuffer>> HostBuffer::create(const Device& device, VkDeviceSize bytes,
                                                       VkBufferUsageFlags usage, std::string_view name) {
  std::unique_ptr<HostBuffer> out(new HostBuffer(device));
  auto info = vk_struct<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
  info.size = bytes;
  info.usage = usage;
  BS_VK(vkCreateBuffer(device.handle(), &info, nullptr, &out->buffer_), "gpu/buffer: create");
  VkMemoryRequirements needs;
  vkGetBufferMemoryRequirements(device.handle(), out->buffer_, &needs);
  constexpr VkMemoryPropertyFlags kHost = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  int type = device.memory_type(needs.memoryTypeBits, kHost | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
  if (type < 0) type = device.memory_type(needs.memoryTypeBits, kHost);
  if (type < 0) return fail(ErrorKind::Environment, "gpu/buffer: memory type");
  auto memory = vk_struct<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
  memory.allocationSize = needs.size;
  memory.memoryTypeIndex = static_cast<std::uint32_t>(type);
  BS_VK(vkAllocateMemory(device.handle(), &memory, nullptr, &out->memory_), "gpu/buffer: memory");
  BS_VK(vkBindBufferMemory(device.handle(), out->buffer_, out->memory_, 0), "gpu/buffer: bind");
  void* mapped = nullptr;
  BS_VK(vkMapMemory(device.handle(), out->memory_, 0, VK_WHOLE_SIZE, 0, &mapped), "gpu/buffer: map");
  out->data_ = static_cast<std::uint8_t*>(mapped);
  out->size_ = bytes;
  device.name_object(VK_OBJECT_TYPE_BUFFER, number(out->buffer_), name);
  return out;
}

Result<void> grow_storage(const Device& device, std::unique_ptr<HostBuffer>& buffer, VkDeviceSize bytes, std::string_view name) {
  if (buffer && buffer->size() >= bytes) return {};
  buffer.reset();
  auto made = HostBuffer::create(device, bytes, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, name);
  if (!made) return fail(made);
  buffer = std::move(*made);
  return {};
}

HostBuffer::~HostBuffer() {
  if (buffer_ != VK_NULL_HANDLE) vkDestroyBuffer(device_.handle(), buffer_, nullptr);
  if (memory_ != VK_NULL_HANDLE) vkFreeMemory(device_.handle(), memory_, nullptr);
}

Result<std::unique_ptr<ImportedBuffer>> ImportedBuffer::create(const Device& device, void* memory, VkDeviceSize bytes,
                                                               VkBufferUsageFlags usage, std::string_view name) {
  const VkDeviceSize grain = device.host_import_alignment();
  const auto no = [](const char* why) { return fail(ErrorKind::Environment, "gpu/import", why); };
  if (grain == 0) return no("the device cannot read memory of the program in place");
  if (bytes == 0 || bytes % grain != 0 || std::bit_cast<std::uintptr_t>(memory) % grain != 0) return no("the memory is not whole pages");
  std::unique_ptr<ImportedBuffer> out(new ImportedBuffer(device));
  auto external = vk_struct<VkExternalMemoryBufferCreateInfo>(VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO);
  external.handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  auto info = vk_struct<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
  info.pNext = &external;
  info.size = bytes;
  info.usage = usage;
  BS_VK(vkCreateBuffer(device.handle(), &info, nullptr, &out->buffer_), "gpu/import: buffer");
  VkMemoryRequirements needs;
  vkGetBufferMemoryRequirements(device.handle(), out->buffer_, &needs);
  if (needs.size > bytes) return no("the device wants more memory than there is");
  const std::uint32_t types = needs.memoryTypeBits & device.host_import_types(memory);
  const int type = device.memory_type(types, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
  if (type < 0) return no("the device has no type for this memory");
  auto import = vk_struct<VkImportMemoryHostPointerInfoEXT>(VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT);
  import.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  import.pHostPointer = memory;
  auto allocate = vk_struct<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
  allocate.pNext = &import;
  allocate.allocationSize = bytes;
  allocate.memoryTypeIndex = static_cast<std::uint32_t>(type);
  BS_VK(vkAllocateMemory(device.handle(), &allocate, nullptr, &out->memory_), "gpu/import: memory");
  BS_VK(vkBindBufferMemory(device.handle(), out->buffer_, out->memory_, 0), "gpu/import: bind");
  device.name_object(VK_OBJECT_TYPE_BUFFER, number(out->buffer_), name);
  return out;
}

ImportedBuffer::~ImportedBuffer() {
  if (buffer_ != VK_NULL_HANDLE) vkDestroyBuffer(device_.handle(), buffer_, nullptr);
  if (memory_ != VK_NULL_HANDLE) vkFreeMemory(device_.handle(), memory_, nullptr);
}

Result<std::unique_ptr<Image>> Image::create(const Device& device, int width, int height, VkFormat format,
                                             VkImageUsageFlags usage, std::string_view name) {
  const auto limit = static_cast<int>(std::min<std::uint32_t>(device.max_image_side_px(), 1U << 20));
  if (width <= 0 || height <= 0 || width > limit || height > limit) {
    return fail(ErrorKind::Limit, "gpu/image: size", "the picture is larger than the graphics device can hold");
  }
  std::unique_ptr<Image> out(new Image(device));
  out->width_ = width;
  out->height_ = height;
  auto info = vk_struct<VkImageCreateInfo>(VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO);
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = format;
  info.extent = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), 1};
  info.mipLevels = 1;
  info.arrayLayers = 1;
  info.samples = VK_SAMPLE_COUNT_1_BIT;
  info.tiling = VK_IMAGE_TILING_OPTIMAL;
  info.usage = usage;
  BS_VK(vkCreateImage(device.handle(), &info, nullptr, &out->image_), "gpu/image: create");
  VkMemoryRequirements needs;
  vkGetImageMemoryRequirements(device.handle(), out->image_, &needs);
  const int type = device.memory_type(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  if (type < 0) return fail(ErrorKind::Environment, "gpu/image: memory type");
  auto memory = vk_struct<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
  memory.allocationSize = needs.size;
  memory.memoryTypeIndex = static_cast<std::uint32_t>(type);
  BS_VK(vkAllocateMemory(device.handle(), &memory, nullptr, &out->memory_), "gpu/image: memory");
  BS_VK(vkBindImageMemory(device.handle(), out->image_, out->memory_, 0), "gpu/image: bind");
  auto view = vk_struct<VkImageViewCreateInfo>(VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO);
  view.image = out->image_;
  view.viewType = VK_IMAGE_VIEW_TYPE_2D;
  view.format = format;
  view.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  BS_VK(vkCreateImageView(device.handle(), &view, nullptr, &out->view_), "gpu/image: view");
  device.name_object(VK_OBJECT_TYPE_IMAGE, number(out->image_), name);
  return out;
}

Image::~Image() {
  if (view_ != VK_NULL_HANDLE) vkDestroyImageView(device_.handle(), view_, nullptr);
  if (image_ != VK_NULL_HANDLE) vkDestroyImage(device_.handle(), image_, nullptr);
  if (memory_ != VK_NULL_HANDLE) vkFreeMemory(device_.handle(), memory_, nullptr);
}

void Image::record_transition(VkCommandBuffer commands, VkImageLayout to, VkPipelineStageFlags from_stage,
                              VkAccessFlags from_access, VkPipelineStageFlags to_stage, VkAccessFlags to_access) {
  auto barrier = vk_struct<VkImageMemoryBarrier>(VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER);
  barrier.srcAccessMask = from_access;
  barrier.dstAccessMask = to_access;
  barrier.oldLayout = layout_;
  barrier.newLayout = to;
  barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.image = image_;
  barrier.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  vkCmdPipelineBarrier(commands, from_stage, to_stage, 0, 0, nullptr, 0, nullptr, 1, &barrier);
  layout_ = to;
}

Result<std::unique_ptr<Commands>> Commands::create(const Device& device, std::string_view name) {
  std::unique_ptr<Commands> out(new Commands(device));
  auto pool = vk_struct<VkCommandPoolCreateInfo>(VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO);
  pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = device.queue().family();
  BS_VK(vkCreateCommandPool(device.handle(), &pool, nullptr, &out->pool_), "gpu/commands: pool");
  auto info = vk_struct<VkCommandBufferAllocateInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO);
  info.commandPool = out->pool_;
  info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  info.commandBufferCount = 1;
  BS_VK(vkAllocateCommandBuffers(device.handle(), &info, &out->buffer_), "gpu/commands: buffer");
  auto fence = vk_struct<VkFenceCreateInfo>(VK_STRUCTURE_TYPE_FENCE_CREATE_INFO);
  BS_VK(vkCreateFence(device.handle(), &fence, nullptr, &out->fence_), "gpu/commands: fence");
  device.name_object(VK_OBJECT_TYPE_COMMAND_BUFFER, number(out->buffer_), name);
  return out;
}

Commands::~Commands() {
  (void)wait();
  if (fence_ != VK_NULL_HANDLE) vkDestroyFence(device_.handle(), fence_, nullptr);
  if (pool_ != VK_NULL_HANDLE) vkDestroyCommandPool(device_.handle(), pool_, nullptr);
}

Result<void> Commands::run(const std::function<void(VkCommandBuffer)>& record) {
  if (auto done = wait(); !done) return done;
  auto begin = vk_struct<VkCommandBufferBeginInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO);
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  BS_VK(vkBeginCommandBuffer(buffer_, &begin), "gpu/commands: begin");
  record(buffer_);
  BS_VK(vkEndCommandBuffer(buffer_), "gpu/commands: end");
  auto submit = vk_struct<VkSubmitInfo>(VK_STRUCTURE_TYPE_SUBMIT_INFO);
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &buffer_;
  BS_VK(device_.queue().submit(submit, fence_), "gpu/commands: submit");
  pending_ = true;
  return {};
}

Result<void> Commands::wait() {
  if (!pending_) return {};
  BS_VK(vkWaitForFences(device_.handle(), 1, &fence_, VK_TRUE, kWaitNs), "gpu/commands: wait");
  BS_VK(vkResetFences(device_.handle(), 1, &fence_), "gpu/commands: reset");
  pending_ = false;
  return {};
}

Result<VkShaderModule> make_shader(const Device& device, std::span<const std::uint32_t> code) {
  auto info = vk_struct<VkShaderModuleCreateInfo>(VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO);
  info.codeSize = code.size_bytes();
  info.pCode = code.data();
  VkShaderModule shader = VK_NULL_HANDLE;
  BS_VK(vkCreateShaderModule(device.handle(), &info, nullptr, &shader), "gpu/shader");
  return shader;
}

}  // namespace beside::gpu
