// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/remote_picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/gpu/quad_pipeline.h"
#include "engine/gpu/resources.h"
#include "shaders/spirv/picture_frag.h"
#include "shaders/spirv/sprite_frag.h"

namespace beside::gpu {
namespace {

constexpr VkImageUsageFlags kTexture = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;

// Uploads parts of a four-byte image through one staging buffer. The next upload waits for the one before, which has long
// finished.
class Uploader {
 public:
  explicit Uploader(const Device& device) : device_(device) {}
  Result<void> create(std::string_view name) {
    auto commands = Commands::create(device_, name);
    if (!commands) return fail(commands);
    commands_ = std::move(*commands);
    return {};
  }
  // `areas` lie within the image, whose top left pixel is at `pixels`. After: the image is in SHADER_READ_ONLY_OPTIMAL for
  // fragment shaders of later submissions, its other pixels as they were.
  Result<void> upload(Image& image, const std::uint8_t* pixels, std::ptrdiff_t stride, std::span<const Rect> areas) {
    if (auto idle = commands_->wait(); !idle) return idle;
    VkDeviceSize total = 0;
    for (const Rect& area : areas) total += bytes_of(area);
    if (!staging_ || staging_->size() < total) {
      staging_.reset();
      auto made = HostBuffer::create(device_, total, VK_BUFFER_USAGE_TRANSFER_SRC_BIT, "picture staging");
      if (!made) return fail(made);
      staging_ = std::move(*made);
    }
    copies_.clear();
    VkDeviceSize offset = 0;
    for (const Rect& area : areas) {
      const std::size_t row = std::size_t{4} * static_cast<std::size_t>(area.width);
      for (int y = 0; y < area.height; ++y) {
        std::memcpy(staging_->data() + offset + static_cast<std::size_t>(y) * row,
                    pixels + (area.y + y) * stride + std::ptrdiff_t{4} * area.x, row);
      }
      VkBufferImageCopy copy{};
      copy.bufferOffset = offset;
      copy.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
      copy.imageOffset = {area.x, area.y, 0};
      copy.imageExtent = {static_cast<std::uint32_t>(area.width), static_cast<std::uint32_t>(area.height), 1};
      copies_.push_back(copy);
      offset += bytes_of(area);
    }
    return commands_->run([&](VkCommandBuffer c) {
      image.record_transition(c, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT, 0,
                              VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT);
      vkCmdCopyBufferToImage(c, staging_->handle(), image.handle(), VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                             static_cast<std::uint32_t>(copies_.size()), copies_.data());
      image.record_transition(c, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, VK_PIPELINE_STAGE_TRANSFER_BIT,
                              VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT, VK_ACCESS_SHADER_READ_BIT);
    });
  }

 private:
  static VkDeviceSize bytes_of(const Rect& area) {
    return VkDeviceSize{4} * static_cast<VkDeviceSize>(area.width) * static_cast<VkDeviceSize>(area.height);
  }
  const Device& device_;
  std::unique_ptr<HostBuffer> staging_;
  std::vector<VkBufferImageCopy> copies_;
  std::unique_ptr<Commands> commands_;  // last: its destructor waits before the staging memory goes
};

class SpriteImpl final : public ImageSprite {
 public:
  explicit SpriteImpl(const Device& device) : device_(device), uploader_(device) {}
  ~SpriteImpl() override { (void)device_.queue().wait_idle(); }
  Result<void> create(VkRenderPass render_pass) {
    if (auto made = uploader_.create("sprite upload"); !made) return made;
    auto pipeline = QuadPipeline::create(device_, render_pass, spirv::sprite_frag, true, "sprite");
    if (!pipeline) return fail(pipeline);
    pipeline_ = std::move(*pipeline);
    return {};
  }
  Result<void> set_image(int width, int height, const std::uint8_t* bgra, int stride_bytes) override {
    if (!image_ || image_->width() != width || image_->height() != height) {
      (void)device_.queue().wait_idle();  // a draw in flight may still read the old one
      image_.reset();
      auto image = Image::create(device_, width, height, VK_FORMAT_B8G8R8A8_UNORM, kTexture, "sprite");
      if (!image) return fail(image);
      image_ = std::move(*image);
      pipeline_->bind_image(image_->view());
    }
    const Rect whole{0, 0, width, height};
    auto sent = uploader_.upload(*image_, bgra, stride_bytes, {&whole, 1});
    if (!sent) image_.reset();
    return sent;
  }
  void clear() { image_.reset(); }
  bool has_image() const { return image_ != nullptr; }
  int width() const { return image_ ? image_->width() : 0; }
  int height() const { return image_ ? image_->height() : 0; }
  void record_draw(VkCommandBuffer commands, int viewport_width, int viewport_height, const Rect& clip, float x, float y,
                   float width, float height, float opacity) const override {
    if (!image_ || width <= 0 || height <= 0) return;
    PicturePush push = make_push(viewport_width, viewport_height, x, y, width, height, image_->width(), image_->height());
    push.brightness = std::clamp(opacity, 0.0F, 1.0F);
    pipeline_->record(commands, viewport_width, viewport_height, clip, push);
  }

 private:
  const Device& device_;
  std::unique_ptr<QuadPipeline> pipeline_;
  std::unique_ptr<Image> image_;
  Uploader uploader_;
};

class PictureImpl final : public RemotePicture {
 public:
  explicit PictureImpl(const Device& device) : device_(device), cursor_(device), uploader_(device) {}
  ~PictureImpl() override { (void)device_.queue().wait_idle(); }
  Result<void> create(VkRenderPass render_pass) {
    if (auto made = uploader_.create("picture upload"); !made) return made;
    if (auto made = cursor_.create(render_pass); !made) return made;
    auto pipeline = QuadPipeline::create(device_, render_pass, spirv::picture_frag, false, "remote picture");
    if (!pipeline) return fail(pipeline);
    pipeline_ = std::move(*pipeline);
    return {};
  }

  Result<void> update(const ports::PixelBuffer& pixels, std::span<const Rect> damage) override {
    const Rect whole{0, 0, pixels.width, pixels.height};
    areas_.clear();
    if (!ready_ || pixels.width != image_->width() || pixels.height != image_->height()) {
      if (auto made = make_image(pixels.width, pixels.height); !made) return made;
      areas_.push_back(whole);
    } else {
      for (const Rect& area : damage) {
        if (const Rect inside = area.clipped_to(whole); !inside.empty()) areas_.push_back(inside);
      }
      if (areas_.empty()) return {};
    }
    auto sent = uploader_.upload(*image_, pixels.memory.get(), pixels.stride, areas_);
    ready_ = sent.has_value();
    return sent;
  }

  Result<void> set_cursor(const ports::CursorImage& image) override {
    if (image.width <= 0 || image.height <= 0 ||
        image.bgra.size() < std::size_t{4} * static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height)) {
      return fail(ErrorKind::PeerFault, "gpu/cursor: size");
    }
    hot_x_ = image.hot_x;
    hot_y_ = image.hot_y;
    return cursor_.set_image(image.width, image.height, image.bgra.data(), image.width * 4);
  }

  void clear() override {
    (void)device_.queue().wait_idle();
    ready_ = false;
    image_.reset();
    cursor_.clear();
  }

  bool has_picture() const override { return ready_; }
  int width() const override { return ready_ ? image_->width() : 0; }
  int height() const override { return ready_ ? image_->height() : 0; }

  void record_draw(VkCommandBuffer commands, const PictureDraw& draw) const override {
    if (!ready_ || draw.viewport_width <= 0 || draw.viewport_height <= 0) return;
    const Placement& at = draw.placement;
    const float wide = at.scale * static_cast<float>(image_->width()), high = at.scale * static_cast<float>(image_->height());
    PicturePush push = make_push(draw.viewport_width, draw.viewport_height, at.x, at.y, wide, high, image_->width(), image_->height());
    push.brightness = 1 - std::clamp(draw.veil, 0.0F, 1.0F);
    pipeline_->record(commands, draw.viewport_width, draw.viewport_height, at.clip, push);
    if (!draw.cursor || !cursor_.has_image()) return;
    // The cursor stays within the picture, as it does on the customer's screen.
    const float right = at.x + wide, bottom = at.y + high;
    const Rect area{static_cast<int>(std::floor(at.x)), static_cast<int>(std::floor(at.y)),
                    static_cast<int>(std::ceil(right) - std::floor(at.x)), static_cast<int>(std::ceil(bottom) - std::floor(at.y))};
    cursor_.record_draw(commands, draw.viewport_width, draw.viewport_height, at.clip.clipped_to(area),
                        at.x + at.scale * static_cast<float>(draw.cursor_x - hot_x_),
                        at.y + at.scale * static_cast<float>(draw.cursor_y - hot_y_),
                        at.scale * static_cast<float>(cursor_.width()), at.scale * static_cast<float>(cursor_.height()),
                        push.brightness);
  }

 private:
  Result<void> make_image(int width, int height) {
    (void)device_.queue().wait_idle();  // draws in flight may still read the old one
    ready_ = false;
    image_.reset();
    auto image = Image::create(device_, width, height, VK_FORMAT_B8G8R8A8_UNORM, kTexture, "remote picture");
    if (!image) return fail(image);
    image_ = std::move(*image);
    pipeline_->bind_image(image_->view());
    return {};
  }

  const Device& device_;
  std::unique_ptr<QuadPipeline> pipeline_;
  std::unique_ptr<Image> image_;
  std::vector<Rect> areas_;
  SpriteImpl cursor_;
  Uploader uploader_;
  int hot_x_ = 0, hot_y_ = 0;
  bool ready_ = false;   // image_ is there and holds a picture
};

}  // namespace

Result<std::unique_ptr<RemotePicture>> RemotePicture::create(const Device& device, VkRenderPass render_pass) {
  auto picture = std::make_unique<PictureImpl>(device);
  if (auto made = picture->create(render_pass); !made) return fail(made);
  return std::unique_ptr<RemotePicture>(std::move(picture));
}

Result<std::unique_ptr<ImageSprite>> ImageSprite::create(const Device& device, VkRenderPass render_pass) {
  auto sprite = std::make_unique<SpriteImpl>(device);
  if (auto made = sprite->create(render_pass); !made) return fail(made);
  return std::unique_ptr<ImageSprite>(std::move(sprite));
}

}  // namespace beside::gpu
