// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/remote_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "engine/gpu/quad_pipeline.h"
#include "engine/gpu/resources.h"
#include "shaders/spirv/picture_frag.h"
#include "shaders/spirv/sprite_frag.h"

namespace beside::gpu {
namespace {

constexpr VkImageUsageFlags kTexture = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;

// One image as it goes up: rows of `bytes` bytes, `rows` of them.
struct Source {
  const std::uint8_t* data;
  int stride;
  int bytes;
  int rows;
};

// Uploads images through one staging buffer. The next upload waits for the one before, which has long finished.
class Uploader {
 public:
  explicit Uploader(const Device& device) : device_(device) {}
  Result<void> create(std::string_view name) {
    auto commands = Commands::create(device_, name);
    if (!commands) return fail(commands);
    commands_ = std::move(*commands);
    return {};
  }
  // After: every image is in SHADER_READ_ONLY_OPTIMAL for fragment shaders of later submissions.
  Result<void> upload(std::span<const std::unique_ptr<Image>> images, std::span<const Source> sources) {
    if (auto idle = commands_->wait(); !idle) return idle;
    VkDeviceSize total = 0;
    std::array<VkDeviceSize, 3> offsets{};
    for (std::size_t i = 0; i < sources.size(); ++i) {
      offsets[i] = total;
      total += (static_cast<VkDeviceSize>(sources[i].bytes) * static_cast<VkDeviceSize>(sources[i].rows) + 15) / 16 * 16;
    }
    if (!staging_ || staging_->size() < total) {
      staging_.reset();
      auto made = HostBuffer::create(device_, total, VK_BUFFER_USAGE_TRANSFER_SRC_BIT, "picture staging");
      if (!made) return fail(made);
      staging_ = std::move(*made);
    }
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Source& s = sources[i];
      for (int y = 0; y < s.rows; ++y) {
        std::memcpy(staging_->data() + offsets[i] + static_cast<std::size_t>(y) * static_cast<std::size_t>(s.bytes),
                    s.data + std::ptrdiff_t{y} * s.stride, static_cast<std::size_t>(s.bytes));
      }
    }
    return commands_->run([&](VkCommandBuffer c) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        Image& image = *images[i];
        image.record_transition(c, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT, 0,
                                VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT);
        VkBufferImageCopy copy{};
        copy.bufferOffset = offsets[i];
        copy.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
        copy.imageExtent = {static_cast<std::uint32_t>(image.width()), static_cast<std::uint32_t>(image.height()), 1};
        vkCmdCopyBufferToImage(c, staging_->handle(), image.handle(), VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &copy);
        image.record_transition(c, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, VK_PIPELINE_STAGE_TRANSFER_BIT,
                                VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT,
                                VK_ACCESS_SHADER_READ_BIT);
      }
    });
  }

 private:
  const Device& device_;
  std::unique_ptr<HostBuffer> staging_;
  std::unique_ptr<Commands> commands_;  // last: its destructor waits before the staging memory goes
};

class SpriteImpl final : public ImageSprite {
 public:
  explicit SpriteImpl(const Device& device) : device_(device), uploader_(device) {}
  ~SpriteImpl() override { (void)device_.queue().wait_idle(); }
  Result<void> create(VkRenderPass render_pass) {
    if (auto made = uploader_.create("sprite upload"); !made) return made;
    auto pipeline = QuadPipeline::create(device_, render_pass, spirv::sprite_frag, 1, true, "sprite");
    if (!pipeline) return fail(pipeline);
    pipeline_ = std::move(*pipeline);
    return {};
  }
  Result<void> set_image(int width, int height, const std::uint8_t* bgra, int stride_bytes) override {
    if (!image_[0] || image_[0]->width() != width || image_[0]->height() != height) {
      (void)device_.queue().wait_idle();  // a draw in flight may still read the old one
      image_[0].reset();
      auto image = Image::create(device_, width, height, VK_FORMAT_B8G8R8A8_UNORM, kTexture, "sprite");
      if (!image) return fail(image);
      auto fresh = std::move(*image);
      const VkImageView view = fresh->view();
      pipeline_->bind_images({&view, 1});
      image_[0] = std::move(fresh);
    }
    const Source source{bgra, stride_bytes, width * 4, height};
    auto sent = uploader_.upload(image_, {&source, 1});
    if (!sent) image_[0].reset();
    return sent;
  }
  void clear() { image_[0].reset(); }
  bool has_image() const { return image_[0] != nullptr; }
  int width() const { return image_[0] ? image_[0]->width() : 0; }
  int height() const { return image_[0] ? image_[0]->height() : 0; }
  void record_draw(VkCommandBuffer commands, int viewport_width, int viewport_height, const Rect& clip, float x, float y,
                   float width, float height, float opacity) const override {
    if (!image_[0] || width <= 0 || height <= 0) return;
    PicturePush push = make_push(viewport_width, viewport_height, x, y, width, height, image_[0]->width(), image_[0]->height());
    push.brightness = std::clamp(opacity, 0.0F, 1.0F);
    pipeline_->record(commands, viewport_width, viewport_height, clip, push);
  }

 private:
  const Device& device_;
  std::unique_ptr<QuadPipeline> pipeline_;
  std::array<std::unique_ptr<Image>, 1> image_;
  Uploader uploader_;
};

class PictureImpl final : public RemotePicture {
 public:
  explicit PictureImpl(const Device& device) : device_(device), cursor_(device), uploader_(device) {}
  ~PictureImpl() override { (void)device_.queue().wait_idle(); }
  Result<void> create(VkRenderPass render_pass) {
    if (auto made = uploader_.create("picture upload"); !made) return made;
    if (auto made = cursor_.create(render_pass); !made) return made;
    auto pipeline = QuadPipeline::create(device_, render_pass, spirv::picture_frag, 3, false, "remote picture");
    if (!pipeline) return fail(pipeline);
    pipeline_ = std::move(*pipeline);
    return {};
  }

  Result<void> update(const ports::DecodedPicture& picture) override {
    const ports::Planes& p = picture.planes;
    if (!ready_ || p.width != width_ || p.height != height_ || p.chroma != chroma_) {
      if (auto made = make_images(p); !made) return made;
    }
    std::array<Source, 3> sources{};
    for (std::size_t i = 0; i < 3; ++i) {
      sources[i] = {p.data[i], p.stride[i], images_[i]->width(), images_[i]->height()};
    }
    auto sent = uploader_.upload(images_, sources);
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
    for (auto& image : images_) image.reset();
    cursor_.clear();
    width_ = height_ = 0;
  }

  bool has_picture() const override { return ready_; }
  int width() const override { return width_; }
  int height() const override { return height_; }

  void record_draw(VkCommandBuffer commands, const PictureDraw& draw) const override {
    if (!ready_ || draw.viewport_width <= 0 || draw.viewport_height <= 0) return;
    const Placement& at = draw.placement;
    PicturePush push = make_push(draw.viewport_width, draw.viewport_height, at.x, at.y, at.scale * static_cast<float>(width_),
                                 at.scale * static_cast<float>(height_), width_, height_);
    push.brightness = 1 - std::clamp(draw.veil, 0.0F, 1.0F);
    push.chroma_shift = chroma_ == ports::Chroma::k420 ? 1 : 0;
    pipeline_->record(commands, draw.viewport_width, draw.viewport_height, at.clip, push);
    if (!draw.cursor || !cursor_.has_image()) return;
    // The cursor stays within the picture, as it does on the customer's screen.
    const float right = at.x + at.scale * static_cast<float>(width_), bottom = at.y + at.scale * static_cast<float>(height_);
    const Rect area{static_cast<int>(std::floor(at.x)), static_cast<int>(std::floor(at.y)),
                    static_cast<int>(std::ceil(right) - std::floor(at.x)), static_cast<int>(std::ceil(bottom) - std::floor(at.y))};
    cursor_.record_draw(commands, draw.viewport_width, draw.viewport_height, at.clip.clipped_to(area),
                        at.x + at.scale * static_cast<float>(draw.cursor_x - hot_x_),
                        at.y + at.scale * static_cast<float>(draw.cursor_y - hot_y_),
                        at.scale * static_cast<float>(cursor_.width()), at.scale * static_cast<float>(cursor_.height()),
                        push.brightness);
  }

 private:
  Result<void> make_images(const ports::Planes& p) {
    (void)device_.queue().wait_idle();  // draws in flight may still read the old ones
    ready_ = false;
    for (auto& image : images_) image.reset();
    const int shift = p.chroma == ports::Chroma::k420 ? 1 : 0;
    std::array<VkImageView, 3> views{};
    for (std::size_t i = 0; i < 3; ++i) {
      const int s = i == 0 ? 0 : shift;
      auto image = Image::create(device_, (p.width + s) >> s, (p.height + s) >> s, VK_FORMAT_R8_UNORM, kTexture, "plane");
      if (!image) return fail(image);
      images_[i] = std::move(*image);
      views[i] = images_[i]->view();
    }
    pipeline_->bind_images(views);
    width_ = p.width;
    height_ = p.height;
    chroma_ = p.chroma;
    return {};
  }

  const Device& device_;
  std::unique_ptr<QuadPipeline> pipeline_;
  std::array<std::unique_ptr<Image>, 3> images_;
  SpriteImpl cursor_;
  Uploader uploader_;
  int width_ = 0, height_ = 0, hot_x_ = 0, hot_y_ = 0;
  ports::Chroma chroma_ = ports::Chroma::k444;
  bool ready_ = false;
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
