// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/base/result.h"
#include "engine/gpu/device.h"
#include "engine/gpu/placement.h"
#include "engine/ports/desktop.h"
#include "engine/ports/frame.h"

namespace beside::gpu {

// What one draw shows. The placement's scale decides the filter: exactly 1 on whole pixels is drawn without any,
// enlarging is sharp bilinear, reducing averages the covered area.
struct PictureDraw {
  int viewport_width = 0, viewport_height = 0;  // of the framebuffer, pixels
  Placement placement;
  float veil = 0;                               // 0 = clear ... 1 = black
  bool cursor = false;
  int cursor_x = 0, cursor_y = 0;               // hot spot, picture pixels
};

// What: keeps the customer's picture on the GPU, takes what changed of it, and draws it with its cursor and veil. Its CPU
// twin is engine/gpu/picture_scaler.h.
// Thread: main. Owns its image, pipelines and staging memory.
// Lifetime: `device` and the render pass (or a compatible one) must outlive it; destruction waits for the queue.
// Failure: Environment from Vulkan; Limit for a picture larger than the device's limit.
class RemotePicture {
 public:
  // `render_pass`: subpass 0 has one colour attachment of a UNORM format, one sample.
  static Result<std::unique_ptr<RemotePicture>> create(const Device& device, VkRenderPass render_pass);
  virtual ~RemotePicture() = default;
  // Takes over the pixels of `damage` (cut to the picture; all of them where the size changed); submits on the queue
  // itself, ordered after every draw submitted so far. Call it outside of a render pass. The memory of `pixels` is free
  // again when it returns. After a failure has_picture() is false and the next update takes everything.
  virtual Result<void> update(const ports::PixelBuffer& pixels, std::span<const Rect> damage) = 0;
  virtual Result<void> set_cursor(const ports::CursorImage& image) = 0;
  virtual void clear() = 0;                     // forgets picture and cursor (end of session); waits for the queue
  virtual bool has_picture() const = 0;
  virtual int width() const = 0;
  virtual int height() const = 0;
  // Inside a render pass compatible with the one given at creation. Sets pipeline, viewport and scissor and leaves them
  // changed: in an ImDrawList callback follow it with ImDrawCallback_ResetRenderState. Draws nothing without a picture.
  virtual void record_draw(VkCommandBuffer commands, const PictureDraw& draw) const = 0;
};

// A BGRA image (straight alpha) for logos and thumbnails, drawn the same way. Thread: main.
class ImageSprite {
 public:
  static Result<std::unique_ptr<ImageSprite>> create(const Device& device, VkRenderPass render_pass);
  virtual ~ImageSprite() = default;
  virtual Result<void> set_image(int width, int height, const std::uint8_t* bgra, int stride_bytes) = 0;
  // Destination in framebuffer pixels, drawn inside `clip` only; opacity 0..1.
  virtual void record_draw(VkCommandBuffer commands, int viewport_width, int viewport_height, const Rect& clip, float x,
                           float y, float width, float height, float opacity = 1) const = 0;
};

}  // namespace beside::gpu
