// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <cstdlib>

#include "engine/gpu/converter.h"
#include "tests/gpu/gpu_fixture.h"

using namespace beside;
using namespace beside::gpu;

namespace {

std::unique_ptr<ports::PixelBuffer> noisy(int width, int height) {
  auto pixels = ports::make_pixel_buffer(width, height);
  for (int y = 0; y < height; ++y) {
    auto* row = pixels->row(y);
    for (int x = 0; x < 4 * width; ++x) row[x] = static_cast<std::uint8_t>(noise(static_cast<std::uint32_t>(y * 4099 + x)));
  }
  return pixels;
}

constexpr int kSizes[][2] = {{1, 1}, {2, 2}, {3, 5}, {16, 8}, {33, 17}, {101, 67}, {256, 31}, {129, 130}};

}  // namespace

TEST_CASE("the CPU conversion is BT.709 limited range within one step of the formula") {
  auto pixels = noisy(61, 7);
  OwnedPlanes out(61, 7, ports::Chroma::k444);
  REQUIRE(make_cpu_converter()->convert(*pixels, {0, 0, 61, 7}, out.planes));
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 61; ++x) {
      const auto* p = pixels->row(y) + 4 * x;
      const double b = p[0], g = p[1], r = p[2];
      const double luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      const double expected[3] = {16 + luma * 219 / 255, 128 + (b - luma) / 1.8556 * 224 / 255, 128 + (r - luma) / 1.5748 * 224 / 255};
      for (int i = 0; i < 3; ++i) {
        CHECK(std::fabs(out.planes.data[i][y * out.planes.stride[i] + x] - expected[i]) <= 0.51);
      }
    }
  }
}

TEST_CASE("the compute passes equal their CPU twins to the bit on odd sizes and strides") {
  Device* device = test_device();
  if (device == nullptr) return;
  auto gpu = make_gpu_converter(*device);
  REQUIRE(gpu);
  auto cpu = make_cpu_converter();
  for (auto chroma : {ports::Chroma::k444, ports::Chroma::k420}) {
    for (const auto& size : kSizes) {
      CAPTURE(size[0]);
      CAPTURE(size[1]);
      auto pixels = noisy(size[0], size[1]);
      OwnedPlanes a(size[0], size[1], chroma), b(size[0], size[1], chroma);
      REQUIRE(cpu->convert(*pixels, {0, 0, size[0], size[1]}, a.planes));
      REQUIRE((*gpu)->convert(*pixels, {0, 0, size[0], size[1]}, b.planes));
      for (int i = 0; i < 3; ++i) CHECK(a.memory[i] == b.memory[i]);  // the bytes between the rows are untouched, too
    }
  }
  CHECK(device->validation_messages() == 0);
}

TEST_CASE("planes patched by damage equal a full conversion") {
  Device* device = test_device();
  std::vector<std::unique_ptr<ports::Converter>> converters;
  converters.push_back(make_cpu_converter());
  if (device != nullptr) converters.push_back(std::move(*make_gpu_converter(*device)));
  for (auto& converter : converters) {
    CAPTURE(converter->describe());
    for (auto chroma : {ports::Chroma::k444, ports::Chroma::k420}) {
      auto before = noisy(101, 67), after = noisy(101, 67);
      const Rect damage[] = {{3, 5, 1, 1}, {99, 65, 2, 2}, {41, 20, 17, 9}};
      for (const Rect& r : damage) {
        for (int y = r.y; y < r.bottom(); ++y) {
          for (int x = 4 * r.x; x < 4 * r.right(); ++x) after->row(y)[x] = static_cast<std::uint8_t>(255 - after->row(y)[x]);
        }
      }
      OwnedPlanes patched(101, 67, chroma), whole(101, 67, chroma);
      REQUIRE(converter->convert(*before, {0, 0, 101, 67}, patched.planes));
      for (const Rect& r : damage) REQUIRE(converter->convert(*after, r, patched.planes));
      REQUIRE(converter->convert(*after, {0, 0, 101, 67}, whole.planes));
      for (int i = 0; i < 3; ++i) CHECK(patched.memory[i] == whole.memory[i]);
    }
  }
}

TEST_CASE("pieces of a large picture, made on two threads, are what one makes of it") {
  auto converter = make_cpu_converter();
  SideThread side;
  for (auto chroma : {ports::Chroma::k444, ports::Chroma::k420}) {
    for (const Rect& area : {Rect{0, 0, 701, 603}, Rect{33, 5, 603, 555}}) {
      auto pixels = noisy(701, 603);
      OwnedPlanes whole(701, 603, chroma), bands(701, 603, chroma);
      REQUIRE(converter->convert(*pixels, area, whole.planes));
      for (int y = area.y; y < area.bottom(); y += 10)
        REQUIRE(converter->convert(*pixels, Rect{area.x, y, area.width, 10}.clipped_to(area), bands.planes));
      for (int i = 0; i < 3; ++i) CHECK(whole.memory[i] == bands.memory[i]);
      auto one = ports::make_pixel_buffer(701, 603), two = ports::make_pixel_buffer(701, 603);
      REQUIRE(planes_to_bgra_cpu(whole.planes, one->memory.get(), one->stride));
      REQUIRE(planes_to_bgra_cpu(whole.planes, two->memory.get(), two->stride, &side));
      for (int y = 0; y < 603; ++y) REQUIRE(std::equal(one->row(y), one->row(y) + 4 * 701, two->row(y)));
    }
  }
}

TEST_CASE("planes come back as pixels by the pass and by its twin, within one step of each other") {
  Device* device = test_device();
  if (device == nullptr) return;
  for (auto chroma : {ports::Chroma::k444, ports::Chroma::k420}) {
    for (const auto& size : kSizes) {
      CAPTURE(size[0]);
      CAPTURE(size[1]);
      auto pixels = noisy(size[0], size[1]);
      OwnedPlanes planes(size[0], size[1], chroma);
      REQUIRE(make_cpu_converter()->convert(*pixels, {0, 0, size[0], size[1]}, planes.planes));
      auto a = ports::make_pixel_buffer(size[0], size[1]), b = ports::make_pixel_buffer(size[0], size[1]);
      REQUIRE(planes_to_bgra_cpu(planes.planes, a->memory.get(), a->stride));
      REQUIRE(planes_to_bgra_gpu(*device, planes.planes, b->memory.get(), b->stride));
      int worst = 0, from_source = 0;
      for (int y = 0; y < size[1]; ++y) {
        for (int x = 0; x < 4 * size[0]; ++x) {
          worst = std::max(worst, std::abs(a->row(y)[x] - b->row(y)[x]));
          if (x % 4 != 3) from_source = std::max(from_source, std::abs(a->row(y)[x] - pixels->row(y)[x]));
        }
      }
      CHECK(worst <= 1);
      if (chroma == ports::Chroma::k444) CHECK(from_source <= 3);
    }
  }
}

TEST_CASE("a software device is given the CPU twin, and says so") {
  CHECK(make_converter(nullptr)->describe().find("no Vulkan device") != std::string::npos);
  Device* device = test_device();
  if (device == nullptr) return;
  const bool software = device->kind() == DeviceKind::Cpu;
  CHECK((make_converter(device)->describe().find("CPU") == 0) == software);
}
