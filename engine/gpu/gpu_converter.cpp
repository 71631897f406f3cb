// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/gpu/compute_pass.h"
#include "engine/gpu/converter.h"

namespace beside::gpu {
namespace {


std::uint32_t words(int bytes) { return static_cast<std::uint32_t>((bytes + 3) / 4); }

// Strides and offsets of planes that lie one behind the other. A chroma word covers eight pixels of luma in 4:2:0, so
// luma rows are then whole pairs of words.
ConvertPush layout_of(int width, int height, ports::Chroma chroma) {
  ConvertPush push{};
  push.width = static_cast<std::uint32_t>(width);
  push.height = static_cast<std::uint32_t>(height);
  push.pixel_stride = push.width;
  const bool half = chroma == ports::Chroma::k420;
  push.chroma_shift = half ? 1 : 0;
  push.chroma_stride = words(half ? (width + 1) / 2 : width);
  push.luma_stride = half ? push.chroma_stride * 2 : push.chroma_stride;
  const std::uint32_t chroma_rows = half ? (push.height + 1) / 2 : push.height;
  push.u_offset = push.luma_stride * push.height;
  push.v_offset = push.u_offset + push.chroma_stride * chroma_rows;
  return push;
}
VkDeviceSize planes_bytes(const ConvertPush& p) {
  return VkDeviceSize{4} * (p.v_offset + (p.v_offset - p.u_offset));
}
int plane_shift(const ConvertPush& p, int plane) { return plane == 0 ? 0 : static_cast<int>(p.chroma_shift); }
std::size_t plane_offset(const ConvertPush& p, int plane) {
  return std::size_t{4} * (plane == 0 ? 0U : plane == 1 ? p.u_offset : p.v_offset);
}
std::size_t plane_stride(const ConvertPush& p, int plane) {
  return std::size_t{4} * (plane == 0 ? p.luma_stride : p.chroma_stride);
}

class GpuConverter final : public ports::Converter {
 public:
  explicit GpuConverter(const Device& device) : device_(device) {}
  Result<void> create() {
    auto full = BgrxToI444Pass::create(device_);
    if (!full) return fail(full);
    auto half = BgrxToI420Pass::create(device_);
    if (!half) return fail(half);
    auto commands = Commands::create(device_, "convert");
    if (!commands) return fail(commands);
    full_ = std::move(*full);
    half_ = std::move(*half);
    commands_ = std::move(*commands);
    return {};
  }

  Result<void> convert(const ports::PixelBuffer& source, const Rect& area, const ports::Planes& target) override {
    BS_ASSERT(source.width == target.width && source.height == target.height);
    Rect in = area.clipped_to({0, 0, target.width, target.height});
    if (in.empty()) return {};
    const bool half = target.chroma == ports::Chroma::k420;
    if (half) {  // whole blocks of 2x2, as far as the picture goes
      const int right = std::min((in.right() + 1) & ~1, target.width);
      const int bottom = std::min((in.bottom() + 1) & ~1, target.height);
      in.x &= ~1;
      in.y &= ~1;
      in.width = right - in.x;
      in.height = bottom - in.y;
    }
    const ConvertPush push = layout_of(in.width, in.height, target.chroma);
    if (auto ok = grow_storage(device_, pixels_, VkDeviceSize{4} * push.pixel_stride * push.height, "convert pixels"); !ok) return ok;
    if (auto ok = grow_storage(device_, planes_, planes_bytes(push), "convert planes"); !ok) return ok;
    const std::size_t row_bytes = std::size_t{4} * push.width;
    for (int y = 0; y < in.height; ++y) {
      std::memcpy(pixels_->data() + static_cast<std::size_t>(y) * row_bytes,
                  source.row(in.y + y) + std::ptrdiff_t{4} * in.x, row_bytes);
    }
    ConvertPass& pass = half ? static_cast<ConvertPass&>(*half_) : static_cast<ConvertPass&>(*full_);
    pass.bind(pixels_->handle(), planes_->handle());
    if (auto ran = commands_->run([&](VkCommandBuffer c) { pass.record(c, push); }); !ran) return ran;
    if (auto done = commands_->wait(); !done) return done;
    for (int plane = 0; plane < 3; ++plane) {
      const int shift = plane_shift(push, plane), round = (1 << shift) - 1;
      const auto bytes = static_cast<std::size_t>((in.width + round) >> shift);
      for (int y = 0; y < (in.height + round) >> shift; ++y) {
        std::memcpy(target.data[plane] + std::ptrdiff_t{(in.y >> shift) + y} * target.stride[plane] + (in.x >> shift),
                    planes_->data() + plane_offset(push, plane) + static_cast<std::size_t>(y) * plane_stride(push, plane),
                    bytes);
      }
    }
    return {};
  }
  std::string describe() const override { return "GPU passes on " + device_.name(); }

 private:
  const Device& device_;
  std::unique_ptr<BgrxToI444Pass> full_;
  std::unique_ptr<BgrxToI420Pass> half_;
  std::unique_ptr<HostBuffer> pixels_, planes_;
  std::unique_ptr<Commands> commands_;  // last: destroyed first, and waits for what uses the buffers
};

}  // namespace

Result<std::unique_ptr<ports::Converter>> make_gpu_converter(const Device& device) {
  auto converter = std::make_unique<GpuConverter>(device);
  if (auto made = converter->create(); !made) return fail(made);
  return std::unique_ptr<ports::Converter>(std::move(converter));
}

std::unique_ptr<ports::Converter> make_converter(const Device* device) {
  if (device == nullptr) return make_cpu_converter("because there is no Vulkan device");
  if (device->kind() == DeviceKind::Cpu) return make_cpu_converter("because the only Vulkan device is software");
  auto gpu = make_gpu_converter(*device);
  if (!gpu) return make_cpu_converter("because the device refused the passes: " + dump_error(gpu.error()));
  return std::move(*gpu);
}

Result<void> planes_to_bgra_gpu(const Device& device, const ports::Planes& p, std::uint8_t* bgra, int stride_bytes) {
  auto pass = PlanesToBgraPass::create(device);
  if (!pass) return fail(pass);
  auto commands = Commands::create(device, "planes to bgra");
  if (!commands) return fail(commands);
  const ConvertPush push = layout_of(p.width, p.height, p.chroma);
  std::unique_ptr<HostBuffer> planes, pixels;
  if (auto ok = grow_storage(device, planes, planes_bytes(push), "planes"); !ok) return ok;
  if (auto ok = grow_storage(device, pixels, VkDeviceSize{4} * push.pixel_stride * push.height, "pixels"); !ok) return ok;
  for (int plane = 0; plane < 3; ++plane) {
    const int shift = plane_shift(push, plane), round = (1 << shift) - 1;
    const auto bytes = static_cast<std::size_t>((p.width + round) >> shift);
    for (int y = 0; y < (p.height + round) >> shift; ++y) {
      std::memcpy(planes->data() + plane_offset(push, plane) + static_cast<std::size_t>(y) * plane_stride(push, plane),
                  p.data[plane] + std::ptrdiff_t{y} * p.stride[plane], bytes);
    }
  }
  (*pass)->bind(planes->handle(), pixels->handle());
  auto ran = (*commands)->run([&](VkCommandBuffer c) { (*pass)->record(c, push); });
  if (!ran) return ran;
  if (auto done = (*commands)->wait(); !done) return done;
  for (int y = 0; y < p.height; ++y) {
    std::memcpy(bgra + std::ptrdiff_t{y} * stride_bytes,
                pixels->data() + std::size_t{4} * push.pixel_stride * static_cast<std::size_t>(y), std::size_t{4} * push.width);
  }
  return {};
}

}  // namespace beside::gpu
