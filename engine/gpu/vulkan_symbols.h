// SPDX-License-Identifier: GPL-3.0-or-later
// Every vk* symbol that libimgui.a 1.86 or code of ours calls. A test compares the first list with the package's archive.
#pragma once

#define BS_VULKAN_IMGUI_SYMBOLS(X)                                                                                  \
  X(vkAllocateCommandBuffers) \
  X(vkAllocateDescriptorSets) \
  X(vkAllocateMemory) \
  X(vkBindBufferMemory) \
  X(vkBindImageMemory) \
  X(vkCmdBindDescriptorSets) \
  X(vkCmdBindIndexBuffer) \
  X(vkCmdBindPipeline) \
  X(vkCmdBindVertexBuffers) \
  X(vkCmdCopyBufferToImage) \
  X(vkCmdDrawIndexed) \
  X(vkCmdPipelineBarrier) \
  X(vkCmdPushConstants) \
  X(vkCmdSetScissor) \
  X(vkCmdSetViewport) \
  X(vkCreateBuffer) \
  X(vkCreateCommandPool) \
  X(vkCreateDescriptorSetLayout) \
  X(vkCreateFence) \
  X(vkCreateFramebuffer) \
  X(vkCreateGraphicsPipelines) \
  X(vkCreateImage) \
  X(vkCreateImageView) \
  X(vkCreatePipelineLayout) \
  X(vkCreateRenderPass) \
  X(vkCreateSampler) \
  X(vkCreateSemaphore) \
  X(vkCreateShaderModule) \
  X(vkCreateSwapchainKHR) \
  X(vkDestroyBuffer) \
  X(vkDestroyCommandPool) \
  X(vkDestroyDescriptorSetLayout) \
  X(vkDestroyFence) \
  X(vkDestroyFramebuffer) \
  X(vkDestroyImage) \
  X(vkDestroyImageView) \
  X(vkDestroyPipeline) \
  X(vkDestroyPipelineLayout) \
  X(vkDestroyRenderPass) \
  X(vkDestroySampler) \
  X(vkDestroySemaphore) \
  X(vkDestroyShaderModule) \
  X(vkDestroySurfaceKHR) \
  X(vkDestroySwapchainKHR) \
  X(vkDeviceWaitIdle) \
  X(vkFlushMappedMemoryRanges) \
  X(vkFreeCommandBuffers) \
  X(vkFreeMemory) \
  X(vkGetBufferMemoryRequirements) \
  X(vkGetImageMemoryRequirements) \
  X(vkGetPhysicalDeviceMemoryProperties) \
  X(vkGetPhysicalDeviceSurfaceCapabilitiesKHR) \
  X(vkGetPhysicalDeviceSurfaceFormatsKHR) \
  X(vkGetPhysicalDeviceSurfacePresentModesKHR) \
  X(vkGetSwapchainImagesKHR) \
  X(vkMapMemory) \
  X(vkUnmapMemory) \
  X(vkUpdateDescriptorSets)

// What only our own code calls (the shell included).
#define BS_VULKAN_OWN_SYMBOLS(X)                                                                                    \
  X(vkAcquireNextImageKHR) \
  X(vkBeginCommandBuffer) \
  X(vkCmdBeginRenderPass) \
  X(vkCmdBlitImage) \
  X(vkCmdClearColorImage) \
  X(vkCmdCopyBuffer) \
  X(vkCmdCopyImage) \
  X(vkCmdCopyImageToBuffer) \
  X(vkCmdDispatch) \
  X(vkCmdDraw) \
  X(vkCmdEndRenderPass) \
  X(vkCmdNextSubpass) \
  X(vkCmdResetQueryPool) \
  X(vkCmdWriteTimestamp) \
  X(vkCreateComputePipelines) \
  X(vkCreateDescriptorPool) \
  X(vkCreateDevice) \
  X(vkCreateInstance) \
  X(vkCreatePipelineCache) \
  X(vkCreateQueryPool) \
  X(vkDestroyDescriptorPool) \
  X(vkDestroyDevice) \
  X(vkDestroyInstance) \
  X(vkDestroyPipelineCache) \
  X(vkDestroyQueryPool) \
  X(vkEndCommandBuffer) \
  X(vkEnumerateDeviceExtensionProperties) \
  X(vkEnumerateInstanceExtensionProperties) \
  X(vkEnumerateInstanceLayerProperties) \
  X(vkEnumerateInstanceVersion) \
  X(vkEnumeratePhysicalDevices) \
  X(vkFreeDescriptorSets) \
  X(vkGetDeviceProcAddr) \
  X(vkGetDeviceQueue) \
  X(vkGetFenceStatus) \
  X(vkGetImageSubresourceLayout) \
  X(vkGetInstanceProcAddr) \
  X(vkGetPhysicalDeviceFeatures) \
  X(vkGetPhysicalDeviceFormatProperties) \
  X(vkGetPhysicalDeviceProperties) \
  X(vkGetPhysicalDeviceProperties2) \
  X(vkGetPhysicalDeviceQueueFamilyProperties) \
  X(vkGetPhysicalDeviceSurfaceSupportKHR) \
  X(vkGetQueryPoolResults) \
  X(vkInvalidateMappedMemoryRanges) \
  X(vkQueuePresentKHR) \
  X(vkQueueSubmit) \
  X(vkQueueWaitIdle) \
  X(vkResetCommandBuffer) \
  X(vkResetCommandPool) \
  X(vkResetDescriptorPool) \
  X(vkResetFences) \
  X(vkWaitForFences)

#define BS_VULKAN_SYMBOLS(X) \
  BS_VULKAN_IMGUI_SYMBOLS(X) \
  BS_VULKAN_OWN_SYMBOLS(X)
