// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <cstdlib>

#include "engine/gpu/converter.h"
#include "engine/gpu/offscreen.h"
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

ports::DecodedPicture decoded(const OwnedPlanes& planes) {
  ports::DecodedPicture out;
  out.planes = planes.planes;
  return out;
}

// Planes filled with a fixed noise, or with one colour.
OwnedPlanes noisy_planes(int width, int height, ports::Chroma chroma) {
  OwnedPlanes out(width, height, chroma);
  for (auto& plane : out.memory) {
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = static_cast<std::uint8_t>(noise(static_cast<std::uint32_t>(i)));
  }
  return out;
}
OwnedPlanes flat_planes(int width, int height, std::uint8_t y, std::uint8_t u, std::uint8_t v) {
  OwnedPlanes out(width, height, ports::Chroma::k444);
  std::fill(out.memory[0].begin(), out.memory[0].end(), y);
  std::fill(out.memory[1].begin(), out.memory[1].end(), u);
  std::fill(out.memory[2].begin(), out.memory[2].end(), v);
  return out;
}

const std::uint8_t* pixel(const Bytes& rgba, int x, int y) { return rgba.data() + 4 * (y * kScreen + x); }

PictureDraw at(const Placement& placement) {
  PictureDraw out;
  out.viewport_width = out.viewport_height = kScreen;
  out.placement = placement;
  return out;
}

}  // namespace

TEST_CASE("a picture drawn one to one equals the CPU conversion within one step, for odd sizes and both chromas") {
  Scene scene;
  if (scene.device == nullptr) return;
  for (auto chroma : {ports::Chroma::k444, ports::Chroma::k420}) {
    const OwnedPlanes planes = noisy_planes(61, 43, chroma);
    REQUIRE(scene.picture->update(decoded(planes)));
    const Bytes shot = scene.draw(at(place_one_to_one({0, 0, kScreen, kScreen}, 61, 43, 0, 0)));
    auto expected = ports::make_pixel_buffer(61, 43);
    REQUIRE(planes_to_bgra_cpu(planes.planes, expected->memory.get(), expected->stride));
    int worst = 0;
    for (int y = 0; y < 43; ++y) {
      for (int x = 0; x < 61; ++x) {
        const auto* p = pixel(shot, x + 17, y + 26);
        const auto* q = expected->row(y) + 4 * x;
        for (int c = 0; c < 3; ++c) worst = std::max(worst, std::abs(p[c] - q[2 - c]));
      }
    }
    CHECK(worst <= 1);
    CHECK(pixel(shot, 16, 26)[0] == 0);  // beside the picture nothing is drawn
    CHECK(pixel(shot, 78, 69)[1] == 0);
  }
  CHECK(scene.device->validation_messages() == 0);
}

TEST_CASE("enlarging keeps texels flat and only softens the seams") {
  Scene scene;
  if (scene.device == nullptr) return;
  OwnedPlanes planes = flat_planes(8, 8, 16, 128, 128);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      if ((x + y) % 2 == 0) planes.planes.data[0][y * planes.planes.stride[0] + x] = 235;
    }
  }
  REQUIRE(scene.picture->update(decoded(planes)));
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
  OwnedPlanes planes = flat_planes(384, 384, 16, 128, 128);
  for (int y = 0; y < 384; ++y) {
    for (int x = 0; x < 384; x += 4) planes.planes.data[0][y * planes.planes.stride[0] + x] = 235;  // one-pixel lines
  }
  REQUIRE(scene.picture->update(decoded(planes)));
  const Bytes shot = scene.draw(at(place_fitted({0, 0, kScreen, kScreen}, 384, 384)));  // 4 texels a pixel
  for (int i = 2; i < kScreen - 2; ++i) CHECK(std::abs(pixel(shot, i, 40)[0] - 64) <= 4);
}

TEST_CASE("the veil darkens, the clip rectangle bounds, and nothing is drawn before the first picture") {
  Scene scene;
  if (scene.device == nullptr) return;
  PictureDraw draw = at(place_one_to_one({0, 0, kScreen, kScreen}, kScreen, kScreen, 0, 0));
  CHECK(pixel(scene.draw(draw), 40, 40)[0] == 0);
  REQUIRE(scene.picture->update(decoded(flat_planes(kScreen, kScreen, 235, 128, 128))));
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
  REQUIRE(scene.picture->update(decoded(flat_planes(64, 64, 16, 128, 128))));
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
    REQUIRE(scene.picture->update(decoded(noisy_planes(size, size, size % 2 == 0 ? ports::Chroma::k444 : ports::Chroma::k420))));
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
  ports::DecodedPicture huge;
  huge.planes.width = 1 << 22;
  huge.planes.height = 1;
  auto result = scene.picture->update(huge);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::Limit);
  CHECK_FALSE(scene.picture->has_picture());
}
