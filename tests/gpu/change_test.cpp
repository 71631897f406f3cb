// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstring>
#include <string>

#include "codec/tiles/tiles.h"
#include "engine/gpu/change_detector.h"
#include "engine/gpu/offscreen.h"
#include "engine/gpu/remote_picture.h"
#include "engine/gpu/resources.h"
#include "tests/gpu/gpu_fixture.h"

using namespace beside;
using namespace beside::gpu;

namespace {

struct Dice {
  std::uint32_t state;
  int below(int limit) { return static_cast<int>((state = noise(state + 0x9e3779b9U)) % static_cast<std::uint32_t>(limit)); }
};

std::unique_ptr<ports::PixelBuffer> noisy(int width, int height, std::uint32_t seed) {
  auto pixels = ports::make_pixel_buffer(width, height);
  for (int y = 0; y < height; ++y)
    for (int i = 0; i < 4 * width; ++i) pixels->row(y)[i] = static_cast<std::uint8_t>(noise(seed + static_cast<std::uint32_t>(y * 8191 + i)));
  return pixels;
}

std::unique_ptr<ports::PixelBuffer> copy_of(const ports::PixelBuffer& p) {
  auto out = ports::make_pixel_buffer(p.width, p.height);
  for (int y = 0; y < p.height; ++y) std::memcpy(out->row(y), p.row(y), std::size_t{4} * static_cast<std::size_t>(p.width));
  return out;
}

// Memory as a decoder or a test has it: neither pages of its own nor a stride of whole groups.
std::unique_ptr<ports::PixelBuffer> crooked(const ports::PixelBuffer& p) {
  auto out = std::make_unique<ports::PixelBuffer>();
  out->width = p.width;
  out->height = p.height;
  out->stride = 4 * p.width + 4;
  auto* memory = new std::uint8_t[static_cast<std::size_t>(out->stride) * static_cast<std::size_t>(p.height) + 4];
  out->memory = {memory, [](std::uint8_t* m) { delete[] m; }};
  for (int y = 0; y < p.height; ++y) std::memcpy(out->row(y), p.row(y), std::size_t{4} * static_cast<std::size_t>(p.width));
  return out;
}

void change_some(ports::PixelBuffer& p, Dice& dice) {
  for (int n = dice.below(12); n >= 0; --n) {
    const Rect r = Rect{dice.below(p.width), dice.below(p.height), 1 + dice.below(n % 3 == 0 ? 120 : 20), 1 + dice.below(n % 4 == 0 ? 90 : 15)}.clipped_to({0, 0, p.width, p.height});
    for (int y = r.y; y < r.bottom(); ++y)
      for (int x = r.x; x < r.right(); ++x)
        if (dice.below(5) == 0) p.row(y)[4 * x + dice.below(4)] ^= static_cast<std::uint8_t>(1 + dice.below(255));   // the fourth byte now and then
  }
}

// A screen of lines of text in black on white, and the same scrolled by some rows.
void text(ports::PixelBuffer& p, int scrolled) {
  for (int y = 0; y < p.height; ++y)
    for (int x = 0; x < p.width; ++x) {
      const int line = (y + scrolled) / 17, in_line = (y + scrolled) % 17;
      const bool ink = in_line > 3 && in_line < 14 && noise(static_cast<std::uint32_t>(line * 1000 + x / 2 * 16 + in_line)) % 3 == 0;
      std::memset(p.row(y) + std::ptrdiff_t{4} * x, ink ? 0 : 255, 4);
    }
}

struct Both {
  std::unique_ptr<ports::ChangeDetector> cpu = tiles::make_change_detector(), gpu;
  std::vector<Rect> a, b;
  Both(const Device& device, bool in_place) {
    auto made = make_gpu_change_detector(device, tiles::make_change_detector(), 0, in_place);
    REQUIRE(made);
    gpu = std::move(*made);
  }
  bool agree(const ports::PixelBuffer& shadow, const ports::PixelBuffer& frame, std::span<const Rect> where) {
    cpu->find(shadow, frame, where, a);
    gpu->find(shadow, frame, where, b);
    return a == b;
  }
};

}  // namespace

TEST_CASE("the change pass finds the rectangles of its CPU twin, to the bit and in its order") {
  Device* device = test_device();
  if (device == nullptr) return;
  for (const bool in_place : {true, false}) {
    Both both(*device, in_place);
    int found = 0;
    for (std::uint32_t seed = 0; seed < 40; ++seed) {
      Dice dice{seed};
      const int width = 1 + dice.below(400), height = 1 + dice.below(260);
      auto shadow = noisy(width, height, seed);
      auto frame = copy_of(*shadow);
      change_some(*frame, dice);
      std::vector<Rect> where;
      for (int n = dice.below(6); n >= 0; --n) where.push_back({dice.below(width) - 20, dice.below(height) - 20, 1 + dice.below(300), 1 + dice.below(200)});
      if (seed % 3 == 0) where.push_back({-7, -7, width + 20, height + 20});
      CAPTURE(seed);
      CHECK(both.agree(*shadow, *frame, where));
      found += static_cast<int>(both.b.size());
      CHECK(both.agree(*crooked(*shadow), *frame, where));
    }
    CHECK(found > 150);
  }
  CHECK(device->validation_messages() == 0);
}

TEST_CASE("on text, scrolled text and false damage the pass and its twin agree") {
  Device* device = test_device();
  if (device == nullptr) return;
  Both both(*device, true);
  auto shadow = ports::make_pixel_buffer(1000, 700), frame = ports::make_pixel_buffer(1000, 700);
  const Rect all{0, 0, 1000, 700};
  text(*shadow, 0);
  for (const int scrolled : {0, 3, 17, 400}) {
    text(*frame, scrolled);
    CAPTURE(scrolled);
    CHECK(both.agree(*shadow, *frame, {&all, 1}));
    CHECK(both.a.empty() == (scrolled == 0));
  }
  // What the caller wrote since is seen, though the memory is the device's already.
  for (const Rect& r : both.a) ports::copy_pixels(*shadow, *frame, r);
  CHECK(both.agree(*shadow, *frame, {&all, 1}));
  CHECK(both.a.empty());
  CHECK(both.agree(*shadow, *frame, {}));
  CHECK(device->validation_messages() == 0);
}

TEST_CASE("pictures of two sizes are compared where both are") {
  Device* device = test_device();
  if (device == nullptr) return;
  Both both(*device, true);
  auto shadow = noisy(300, 80, 1), frame = noisy(130, 200, 2);
  const Rect all{0, 0, 500, 500};
  CHECK(both.agree(*shadow, *frame, {&all, 1}));
  CHECK(!both.a.empty());
}

TEST_CASE("a screen of more tiles than a dispatch has groups across is compared whole") {
  Device* device = test_device();
  if (device == nullptr) return;
  Both both(*device, true);
  auto shadow = ports::make_pixel_buffer(64 * 40, 64 * 30), frame = ports::make_pixel_buffer(64 * 40, 64 * 30);   // 1200 tiles
  for (int ty = 0; ty < 30; ++ty)
    for (int tx = 0; tx < 40; ++tx) frame->row(64 * ty + (tx * 7) % 64)[4 * (64 * tx + (ty * 11) % 64)] = 9;
  const Rect all{0, 0, shadow->width, shadow->height};
  CHECK(both.agree(*shadow, *frame, {&all, 1}));
  CHECK(both.b.size() == 1200);
}

TEST_CASE("a picture that the device's buffers cannot hold is compared by the twin") {
  Device* device = test_device();
  if (device == nullptr) return;
  const auto most = static_cast<std::int64_t>(device->max_storage_bytes());
  constexpr int kWidth = 16'400;   // wider than the pictures of most devices, too
  const std::int64_t height = most / (std::int64_t{4} * kWidth) + 8;
  if (height > 4000) {
    MESSAGE("skipped: this device's buffers hold more than a test should");
    return;
  }
  Both both(*device, true);
  auto shadow = ports::make_pixel_buffer(kWidth, static_cast<int>(height)), frame = ports::make_pixel_buffer(kWidth, static_cast<int>(height));
  const Rect corner{kWidth - 70, static_cast<int>(height) - 3, 70, 3};
  frame->row(static_cast<int>(height) - 1)[4 * (kWidth - 1)] = 1;
  CHECK(both.agree(*shadow, *frame, {&corner, 1}));
  CHECK(both.b == std::vector<Rect>{{kWidth - 1, static_cast<int>(height) - 1, 1, 1}});
  CHECK(shadow->device_view == nullptr);   // the device was not even asked
  CHECK(both.gpu->describe().find("passes on") == 0);   // and is still there for the next picture
  CHECK(device->validation_messages() == 0);
}

TEST_CASE("a picture beyond the device's limit is refused as Limit, and the next one is drawn") {
  Device* device = test_device();
  if (device == nullptr) return;
  auto target = Offscreen::create(*device, 32, 32);
  REQUIRE(target);
  auto picture = RemotePicture::create(*device, (*target)->render_pass());
  REQUIRE(picture);
  const int beyond = static_cast<int>(device->max_image_side_px()) + 1;
  for (const auto& [width, height] : {std::pair{beyond, 2}, std::pair{2, beyond}, std::pair{0, 0}}) {
    const auto pixels = ports::make_pixel_buffer(width, height);
    const auto updated = (*picture)->update(*pixels, {});
    REQUIRE_FALSE(updated);
    CHECK(updated.error().kind == ErrorKind::Limit);
    CHECK_FALSE((*picture)->has_picture());
  }
  const auto pixels = ports::make_pixel_buffer(20, 20);
  REQUIRE((*picture)->update(*pixels, {}));
  CHECK((*picture)->width() == 20);
  CHECK(device->validation_messages() == 0);
}

TEST_CASE("memory that is no whole pages is refused, and the pass then copies") {
  Device* device = test_device();
  if (device == nullptr) return;
  if (device->host_import_alignment() == 0) {
    MESSAGE("skipped: this device cannot read memory in place");
    return;
  }
  CHECK(device->host_import_alignment() <= ports::kPageBytes);
  auto pixels = ports::make_pixel_buffer(64, 64);
  REQUIRE(ImportedBuffer::create(*device, pixels->memory.get(), pixels->page_bytes, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, "pages"));
  CHECK_FALSE(ImportedBuffer::create(*device, pixels->memory.get() + 64, pixels->page_bytes - 4096, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, "crooked"));
  CHECK_FALSE(ImportedBuffer::create(*device, pixels->memory.get(), 100, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, "part of a page"));
  CHECK_FALSE(ImportedBuffer::create(*device, pixels->memory.get(), 0, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, "nothing"));
  CHECK(device->validation_messages() == 0);
}

TEST_CASE("the pass pays from where its submission is earned back, and never where it is slower") {
  using namespace std::chrono_literals;
  // pixels, CPU, pass, pass for one tile
  CHECK(passes_pay_from({1'000'000, 1000us, 200us, 100us}) == 111'112);   // 100 us / 900 us of a million
  CHECK(passes_pay_from({1'000'000, 1000us, 100us, 100us}) == 100'000);
  CHECK_FALSE(passes_pay_from({1'000'000, 300us, 4000us, 100us}));        // a CPU that plays GPU
  CHECK_FALSE(passes_pay_from({1'000'000, 300us, 400us, 100us}));         // no gain per pixel
  CHECK_FALSE(passes_pay_from({1'000'000, 301us, 400us, 100us}));         // earned back by no picture that is sent
  CHECK(passes_pay_from({1'000'000, 1000us, 50us, 60us}) == 59'406);      // noise: the whole no dearer than a tile
  CHECK_FALSE(passes_pay_from({}));
}

TEST_CASE("what is quicker is chosen by measurement, and says so") {
  CHECK(choose_change_detector(nullptr, tiles::make_change_detector())->describe() == "CPU, no graphics device");
  Device* device = test_device();
  if (device == nullptr) return;
  auto chosen = choose_change_detector(device, tiles::make_change_detector());
  const std::string words = chosen->describe();
  MESSAGE(words);
  CHECK(words.find("ms") != std::string::npos);
  if (device->kind() == DeviceKind::Cpu) CHECK(words.find("CPU (") == 0);
  auto shadow = noisy(200, 100, 1), frame = copy_of(*shadow);
  frame->row(50)[400] ^= 1;
  const Rect all{0, 0, 200, 100};
  std::vector<Rect> changed;
  chosen->find(*shadow, *frame, {&all, 1}, changed);
  CHECK(changed == std::vector<Rect>{{100, 50, 1, 1}});
  CHECK(device->validation_messages() == 0);
}
