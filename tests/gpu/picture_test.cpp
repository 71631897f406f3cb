// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <cstdlib>

#include "engine/gpu/offscreen.h"
#include "engine/gpu/picture_scaler.h"
#include "engine/gpu/remote_picture.h"
#include "tests/gpu/gpu_fixture.h"

using namespace beside;
using namespace beside::gpu;

namespace {

constexpr int kScreen = 96;

struct Scene {
  Device* device = test_device();
  std::unique_ptr<Offscreen> screen;
  std::unique_ptr<RemotePicture> picture;
  Scene() {
    if (device == nullptr) return;
    screen = std::move(*Offscreen::create(*device, kScreen, kScreen));
    picture = std::move(*RemotePicture::create(*device, screen->render_pass()));
  }
  Bytes draw(const PictureDraw& what) {
    auto read = screen->draw_and_read([&](VkCommandBuffer c) { picture->record_draw(c, what); });
    REQUIRE(read);
    return *read;
  }
};

// Pixels filled with a fixed noise, or with one grey.
std::unique_ptr<ports::PixelBuffer> noisy(int width, int height, std::uint32_t seed = 0) {
  auto out = ports::make_pixel_buffer(width, height);
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < 4 * width; ++i) out->row(y)[i] = static_cast<std::uint8_t>(noise(seed + static_cast<std::uint32_t>(4 * y * width + i)));
  }
  return out;
}
std::unique_ptr<ports::PixelBuffer> flat(int width, int height, std::uint8_t grey) {
  auto out = ports::make_pixel_buffer(width, height);
  for (int y = 0; y < height; ++y) std::fill_n(out->row(y), 4 * width, grey);
  return out;
}
void grey_at(ports::PixelBuffer& pixels, int x, int y, std::uint8_t grey) { std::fill_n(pixels.row(y) + 4 * x, 4, grey); }

const std::uint8_t* pixel(const Bytes& rgba, int x, int y) { return rgba.data() + 4 * (y * kScreen + x); }

PictureDraw at(const Placement& placement) {
  PictureDraw out;
  out.viewport_width = out.viewport_height = kScreen;
  out.placement = placement;
  return out;
}

}  // namespace

TEST_CASE("a picture drawn one to one is the customer's to the bit, and nothing is drawn beside it") {
  Scene scene;
  if (scene.device == nullptr) return;
  const auto source = noisy(61, 43);
  REQUIRE(scene.picture->update(*source, {}));
  const Bytes shot = scene.draw(at(place_one_to_one({0, 0, kScreen, kScreen}, 61, 43, 0, 0)));
  int wrong = 0;
  for (int y = 0; y < 43; ++y) {
    for (int x = 0; x < 61; ++x) {
      for (int c = 0; c < 3; ++c) wrong += pixel(shot, x + 17, y + 26)[c] != source->row(y)[4 * x + 2 - c] ? 1 : 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(pixel(shot, 16, 26)[0] == 0);
  CHECK(pixel(shot, 78, 69)[1] == 0);
  CHECK(scene.device->validation_messages() == 0);
}

TEST_CASE("only the damaged rectangles are taken over, the rest stays as it was") {
  Scene scene;
  if (scene.device == nullptr) return;
  const auto before = noisy(90, 70), after = noisy(90, 70, 99999);
  REQUIRE(scene.picture->update(*before, {}));
  const Rect damage[] = {{3, 5, 20, 9}, {50, 40, 1, 1}, {80, 60, 400, 400}, {-5, -5, 3, 3}};
  REQUIRE(scene.picture->update(*after, damage));
  const Bytes shot = scene.draw(at(place_one_to_one({0, 0, 90, 70}, 90, 70, 0, 0)));
  int wrong = 0;
  for (int y = 0; y < 70; ++y) {
    for (int x = 0; x < 90; ++x) {
      bool changed = false;
      for (const Rect& r : damage) changed = changed || r.contains(x, y);
      const std::uint8_t* expected = (changed ? after : before)->row(y) + 4 * x;
      for (int c = 0; c < 3; ++c) wrong += pixel(shot, x, y)[c] != expected[2 - c] ? 1 : 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(scene.device->validation_messages() == 0);
}

TEST_CASE("the CPU twin draws what the GPU draws: the same when enlarging, nearly the same when reducing") {
  Scene scene;
  if (scene.device == nullptr) return;
  auto source = ports::make_pixel_buffer(120, 110);   // smooth, with hard lines: neither noise nor flat
  for (int y = 0; y < 110; ++y) {
    for (int x = 0; x < 120; ++x) {
      std::uint8_t* p = source->row(y) + 4 * x;
      p[0] = static_cast<std::uint8_t>(2 * x);
      p[1] = static_cast<std::uint8_t>(2 * y);
      p[2] = static_cast<std::uint8_t>(x % 8 == 0 || y % 12 == 0 ? 20 : 230);
    }
  }
  REQUIRE(scene.picture->update(*source, {}));
  const struct {
    float scale;
    int most;        // steps at any pixel
    double mean;
  } cases[] = {{0.5F, 2, 1}, {0.8F, 40, 4}, {0.3F, 24, 3}, {1.7F, 3, 1}, {3.0F, 3, 1}};
  for (const auto& c : cases) {
    PictureScaler scaler(120, 110, c.scale);
    const int width = std::min(scaler.width(), kScreen), height = std::min(scaler.height(), kScreen);
    std::vector<std::uint8_t> twin(static_cast<std::size_t>(4 * width * height));
    scaler.scale(*source, {0, 0, width, height}, twin.data(), std::ptrdiff_t{4} * width);
    const Bytes shot = scene.draw(at({0, 0, c.scale, {0, 0, kScreen, kScreen}}));
    int worst = 0;
    double sum = 0;
    for (int y = 0; y < height - 1; ++y) {      // the last row and column of a reduced picture may be partly beside it
      for (int x = 0; x < width - 1; ++x) {
        for (int channel = 0; channel < 3; ++channel) {
          const int off = std::abs(pixel(shot, x, y)[channel] - twin[static_cast<std::size_t>(4 * (y * width + x) + 2 - channel)]);
          worst = std::max(worst, off);
          sum += off;
        }
      }
    }
    CAPTURE(c.scale);
    CHECK(worst <= c.most);
    CHECK(sum / (3.0 * (width - 1) * (height - 1)) <= c.mean);
  }
}

TEST_CASE("enlarging keeps texels flat and only softens the seams") {
  Scene scene;
  if (scene.device == nullptr) return;
  auto source = flat(8, 8, 0);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      if ((x + y) % 2 == 0) grey_at(*source, x, y, 255);
    }
  }
  REQUIRE(scene.picture->update(*source, {}));
  const Bytes shot = scene.draw(at(place_fitted({0, 0, kScreen, kScreen}, 8, 8)));  // 12 pixels a texel
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      const int expected = (x + y) % 2 == 0 ? 255 : 0;
      for (int d = 3; d <= 8; ++d) CHECK(std::abs(pixel(shot, 12 * x + d, 12 * y + d)[0] - expected) <= 2);
    }
  }
}

TEST_CASE("reducing averages what is covered instead of picking texels") {
  Scene scene;
  if (scene.device == nullptr) return;
  auto source = flat(384, 384, 0);
  for (int y = 0; y < 384; ++y) {
    for (int x = 0; x < 384; x += 4) grey_at(*source, x, y, 255);  // one-pixel lines
  }
  REQUIRE(scene.picture->update(*source, {}));
  const Bytes shot = scene.draw(at(place_fitted({0, 0, kScreen, kScreen}, 384, 384)));  // 4 texels a pixel
  for (int i = 2; i < kScreen - 2; ++i) CHECK(std::abs(pixel(shot, i, 40)[0] - 64) <= 4);
}

TEST_CASE("the veil darkens, the clip rectangle bounds, and nothing is drawn before the first picture") {
  Scene scene;
  if (scene.device == nullptr) return;
  PictureDraw draw = at(place_one_to_one({0, 0, kScreen, kScreen}, kScreen, kScreen, 0, 0));
  CHECK(pixel(scene.draw(draw), 40, 40)[0] == 0);
  REQUIRE(scene.picture->update(*flat(kScreen, kScreen, 255), {}));
  CHECK(pixel(scene.draw(draw), 40, 40)[0] >= 253);
  draw.veil = 0.5F;
  draw.placement.clip = {0, 0, 20, kScreen};
  const Bytes shot = scene.draw(draw);
  CHECK(std::abs(pixel(shot, 10, 40)[0] - 127) <= 2);
  CHECK(pixel(shot, 20, 40)[0] == 0);
  scene.picture->clear();
  CHECK_FALSE(scene.picture->has_picture());
  CHECK(pixel(scene.draw(draw), 10, 40)[0] == 0);
}

TEST_CASE("the cursor is blended with straight alpha at its hot spot and stays inside the picture") {
  Scene scene;
  if (scene.device == nullptr) return;
  REQUIRE(scene.picture->update(*flat(64, 64, 0), {}));
  ports::CursorImage cursor;
  cursor.width = cursor.height = 4;
  cursor.hot_x = cursor.hot_y = 1;
  cursor.bgra.assign(64, 255);
  for (std::size_t i = 0; i < 16; ++i) cursor.bgra[4 * i + 3] = i < 8 ? 255 : 128;
  REQUIRE(scene.picture->set_cursor(cursor));
  PictureDraw draw = at({0, 0, 1, {0, 0, kScreen, kScreen}});
  draw.cursor = true;
  draw.cursor_x = 10;
  draw.cursor_y = 20;
  Bytes shot = scene.draw(draw);
  CHECK(pixel(shot, 9, 19)[0] == 255);
  CHECK(std::abs(pixel(shot, 12, 22)[0] - 128) <= 2);
  CHECK(pixel(shot, 13, 19)[0] <= 2);
  CHECK(pixel(shot, 8, 19)[0] <= 2);
  draw.cursor_x = draw.cursor_y = 64;
  shot = scene.draw(draw);
  CHECK(pixel(shot, 63, 63)[0] == 255);
  CHECK(pixel(shot, 64, 64)[0] == 0);
  cursor.bgra.resize(3);
  CHECK(scene.picture->set_cursor(cursor).error().kind == ErrorKind::PeerFault);
}

TEST_CASE("pictures of changing size replace each other without a word from the validation layer") {
  Scene scene;
  if (scene.device == nullptr) return;
  for (int size : {64, 64, 31, 95, 2}) {
    REQUIRE(scene.picture->update(*noisy(size, size), {}));
    scene.draw(at(place_fitted({0, 0, kScreen, kScreen}, size, size)));
    CHECK(scene.picture->width() == size);
  }
  auto sprite = ImageSprite::create(*scene.device, scene.screen->render_pass());
  REQUIRE(sprite);
  const std::vector<std::uint8_t> red = {0, 0, 255, 255, 0, 0, 255, 255};
  REQUIRE((*sprite)->set_image(2, 1, red.data(), 8));
  auto shot = scene.screen->draw_and_read([&](VkCommandBuffer c) {
    (*sprite)->record_draw(c, kScreen, kScreen, {0, 0, kScreen, kScreen}, 10, 10, 40, 20);
  });
  REQUIRE(shot);
  CHECK(pixel(*shot, 30, 20)[0] == 255);
  CHECK(pixel(*shot, 30, 20)[1] == 0);
  CHECK(scene.device->validation_messages() == 0);
}

TEST_CASE("a picture larger than the device can hold is refused in words") {
  Scene scene;
  if (scene.device == nullptr) return;
  const auto huge = ports::make_pixel_buffer(1 << 18, 1);
  auto result = scene.picture->update(*huge, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::Limit);
  CHECK_FALSE(scene.picture->has_picture());
}
