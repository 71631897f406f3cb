// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vulkan/vulkan_core.h>

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace beside::gpu {

// An empty Vulkan struct of its type.
template <typename T>
T vk_struct(VkStructureType type) {
  T out{};
  out.sType = type;
  return out;
}

inline std::string vk_text(VkResult result) {
  switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY: return "out of memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: return "out of graphics memory";
    case VK_ERROR_DEVICE_LOST: return "the graphics device was lost";
    case VK_ERROR_INCOMPATIBLE_DRIVER: return "no driver";
    default: return "Vulkan error " + std::to_string(static_cast<int>(result));
  }
}
inline tl::unexpected<Error> vk_fail(std::string_view where, VkResult result) {
  return fail(ErrorKind::Environment, where, vk_text(result));
}

}  // namespace beside::gpu

// In a function returning Result<T>: an Environment error unless the call succeeds.
#define BS_VK(call, where)                                                     \
  do {                                                                         \
    if (const VkResult bs_vk = (call); bs_vk != VK_SUCCESS) return ::beside::gpu::vk_fail((where), bs_vk); \
  } while (false)
