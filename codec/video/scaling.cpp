// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/scaling.h"

#include <libyuv/scale.h>
#include <libyuv/scale_argb.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace beside::video {
namespace {

class ScaledEncoder final : public ports::VideoEncoder {
 public:
  ScaledEncoder(std::unique_ptr<ports::VideoEncoder> inner, const ports::VideoSettings& settings)
      : inner_(std::move(inner)), settings_(settings), small_(1, [&settings] { return ports::make_pixel_buffer(settings.width, settings.height); }) {}
  Bytes sps() const override { return inner_->sps(); }
  Bytes pps() const override { return inner_->pps(); }
  std::string name() const override { return inner_->name(); }
  ports::VideoCodec codec() const override { return inner_->codec(); }
  Result<void> set_target_kbps(int kbps) override { return inner_->set_target_kbps(kbps); }
  bool refined() const override { return inner_->refined(); }

  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override {
    if (!frame.pixels || frame.pixels->width != settings_.shown_width || frame.pixels->height != settings_.shown_height)
      return fail(ErrorKind::Refused, "codec/scaling: size", "the picture has another size; a new encoder is needed");
    ports::Frame small;
    small.pixels = small_.take();
    if (!small.pixels) return fail(ErrorKind::Limit, "codec/scaling: memory");
    const ports::PixelBuffer &from = *frame.pixels, &to = *small.pixels;
    if (libyuv::ARGBScale(from.row(0), from.stride, from.width, from.height, to.row(0), to.stride, to.width, to.height, libyuv::kFilterBox) != 0)
      return fail(ErrorKind::Limit, "codec/scaling: smaller");
    small.captured_at = frame.captured_at;
    small.layout_generation = frame.layout_generation;
    small.monitor_id = frame.monitor_id;
    small.area = frame.area;
    for (const Rect& r : frame.damage) {
      // Every pixel that some of it went into.
      const auto down = [](int v, int many, int few) { return static_cast<int>(std::int64_t{v} * few / many); };
      const int left = down(r.x, from.width, to.width) - 1, top = down(r.y, from.height, to.height) - 1;
      const int right = down(r.right(), from.width, to.width) + 2, bottom = down(r.bottom(), from.height, to.height) + 2;
      small.damage.push_back(Rect{left, top, right - left, bottom - top}.clipped_to({0, 0, to.width, to.height}));
    }
    return inner_->encode(small, force_key);
  }

 private:
  std::unique_ptr<ports::VideoEncoder> inner_;
  ports::VideoSettings settings_;
  Pool<ports::PixelBuffer> small_;
};

class ScaledDecoder final : public ports::VideoDecoder {
 public:
  ScaledDecoder(std::unique_ptr<ports::VideoDecoder> inner, int width, int height) : inner_(std::move(inner)), width_(width), height_(height) {}

  Result<std::optional<ports::DecodedPicture>> decode(ByteSpan access_unit) override {
    auto decoded = inner_->decode(access_unit);
    if (!decoded || !*decoded) return decoded;
    ports::DecodedPicture& picture = **decoded;
    const ports::Planes from = picture.planes;
    const bool full = from.chroma == ports::Chroma::k444;
    ports::Planes to;
    to.width = width_;
    to.height = height_;
    to.chroma = from.chroma;
    const int half_width = full ? width_ : (width_ + 1) / 2, half_height = full ? height_ : (height_ + 1) / 2;
    const auto bytes = [](int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); };
    // The picture may outlive the next call and this decoder, so its memory is lent.
    if (!memory_) memory_.emplace(kKept, [size = bytes(width_, height_) + 2 * bytes(half_width, half_height)] { return std::make_unique<std::vector<std::uint8_t>>(size); });
    auto memory = std::make_shared<Pool<std::vector<std::uint8_t>>::Lease>(memory_->take());
    if (!*memory) return fail(ErrorKind::Limit, "codec/scaling: more pictures are held than there is memory for");
    to.data[0] = (*memory)->data();
    to.data[1] = to.data[0] + bytes(width_, height_);
    to.data[2] = to.data[1] + bytes(half_width, half_height);
    to.stride[0] = width_;
    to.stride[1] = to.stride[2] = half_width;
    const auto scale = full ? libyuv::I444Scale : libyuv::I420Scale;
    if (scale(from.data[0], from.stride[0], from.data[1], from.stride[1], from.data[2], from.stride[2], from.width, from.height, to.data[0], to.stride[0],
              to.data[1], to.stride[1], to.data[2], to.stride[2], to.width, to.height, libyuv::kFilterBilinear) != 0)
      return fail(ErrorKind::Limit, "codec/scaling: larger");
    picture.planes = to;
    picture.keep_alive = std::move(memory);
    return decoded;
  }

 private:
  static constexpr std::size_t kKept = 4;   // pictures that whoever shows them may hold at a time
  std::unique_ptr<ports::VideoDecoder> inner_;
  int width_, height_;
  std::optional<Pool<std::vector<std::uint8_t>>> memory_;   // from the first picture on: its chroma tells how large
};

}  // namespace

std::unique_ptr<ports::VideoEncoder> scale_before(std::unique_ptr<ports::VideoEncoder> inner, const ports::VideoSettings& settings) {
  return std::make_unique<ScaledEncoder>(std::move(inner), settings);
}

std::unique_ptr<ports::VideoDecoder> scale_after(std::unique_ptr<ports::VideoDecoder> inner, int width, int height) {
  return std::make_unique<ScaledDecoder>(std::move(inner), width, height);
}

}  // namespace beside::video
