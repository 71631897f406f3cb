// SPDX-License-Identifier: GPL-3.0-or-later
// The picture's own window on displays of every kind, read back from real X servers; and what is put, pixel by pixel.
#include "ui/shell/picture_window.h"

#include <doctest/doctest.h>
#include <xcb/xcb.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "engine/x11/pixel_layout.h"
#include "engine/x11/xcb_handles.h"
#include "tests/capture/support.h"
#include "ui/shell/direct_picture.h"
#include "ui/shell/pixel_writer.h"

using namespace beside;
using namespace beside::capture_test;
using namespace beside::shell;
using x11::SharedMemory;

namespace {

constexpr int kWide = 200, kHigh = 90;

struct Rig {
  explicit Rig(const std::string& screen, const std::vector<std::string>& extra = {}) : server(extra, screen) {
    REQUIRE(server.ok());
    setenv("DISPLAY", server.display().c_str(), 1);
    c.reset(xcb_connect(server.display().c_str(), nullptr));
    REQUIRE(xcb_connection_has_error(c.get()) == 0);
    root = xcb_setup_roots_iterator(xcb_get_setup(c.get())).data;
    parent = xcb_generate_id(c.get());
    const std::uint32_t values[] = {root->black_pixel, 1};
    xcb_create_window(c.get(), XCB_COPY_FROM_PARENT, parent, root->root, 10, 10, 260, 150, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                      XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, values);
    xcb_map_window(c.get(), parent);
    sync();
  }
  void sync() const { x11::Reply<xcb_get_input_focus_reply_t> r{xcb_get_input_focus_reply(c.get(), xcb_get_input_focus(c.get()), nullptr)}; }
  // Pixels of the root, as the server stores them.
  std::vector<std::uint32_t> seen(const Rect& r) const {
    const auto layout = x11::pixel_layout(*xcb_get_setup(c.get()), root->root_visual, root->root_depth);
    REQUIRE(layout);
    const x11::Reply<xcb_get_image_reply_t> image{xcb_get_image_reply(
        c.get(), xcb_get_image(c.get(), XCB_IMAGE_FORMAT_Z_PIXMAP, root->root, static_cast<std::int16_t>(r.x), static_cast<std::int16_t>(r.y),
                               static_cast<std::uint16_t>(r.width), static_cast<std::uint16_t>(r.height), ~0U), nullptr)};
    REQUIRE(image);
    std::vector<std::uint32_t> out;
    for (int y = 0; y < r.height; ++y)
      for (int x = 0; x < r.width; ++x) {
        std::uint32_t value = 0;
        std::memcpy(&value, xcb_get_image_data(image.get()) + std::ptrdiff_t{y} * layout->bytes_per_row(r.width) + std::ptrdiff_t{x} * layout->bits_per_pixel / 8,
                    static_cast<std::size_t>(layout->bits_per_pixel / 8));
        out.push_back(value & (layout->red | layout->green | layout->blue));
      }
    return out;
  }
  XServer server;
  x11::Link c;
  xcb_screen_t* root = nullptr;
  xcb_window_t parent = 0;
};

std::uint8_t byte_at(int x, int y, int channel) { return static_cast<std::uint8_t>(x * 7 + y * 13 + channel * 71 + x * y); }

// What a visual of these masks shows of B, G, R, by the rule and not by our tables.
std::uint32_t stored(const x11::PixelLayout& layout, const std::uint8_t* bgr) {
  std::uint32_t value = 0;
  const std::uint32_t masks[] = {layout.blue, layout.green, layout.red};
  for (int i = 0; i < 3; ++i) {
    int shift = 0;
    while ((masks[i] >> shift & 1) == 0) ++shift;
    const double top = static_cast<double>(masks[i] >> shift);
    value |= static_cast<std::uint32_t>(bgr[i] * top / 255 + 0.5) << shift;
  }
  return value;
}

}  // namespace

TEST_CASE("pictures are put on displays of 15, 16, 24 and 30 bits, by every way to the server's memory") {
  BS_NEEDS_XVFB();
  for (const char* screen : {"300x200x15", "300x200x16", "300x200x24", "300x200x30"}) {
    for (const auto way : {SharedMemory::Way::Descriptor, SharedMemory::Way::Segment, SharedMemory::Way::None}) {
      CAPTURE(screen);
      Rig rig(screen, way == SharedMemory::Way::None ? std::vector<std::string>{"-extension", "MIT-SHM"} : std::vector<std::string>{});
      auto made = PictureWindow::create(rig.parent, way);
      REQUIRE(made);
      PictureWindow& window = **made;
      REQUIRE(window.resize(kWide, kHigh));
      for (int y = 0; y < kHigh; ++y)
        for (int x = 0; x < kWide; ++x)
          for (int i = 0; i < 4; ++i) window.pixels()[y * window.stride() + 4 * x + i] = byte_at(x, y, i);
      const Rect all{0, 0, kWide, kHigh};
      window.place(20, 30, {&all, 1});
      window.put({&all, 1});
      // Something over it, from elsewhere, whose rows are longer than what is shown of them.
      std::vector<std::uint8_t> over(4 * 64 * 20);
      for (std::size_t i = 0; i < over.size(); ++i) over[i] = static_cast<std::uint8_t>(i * 3);
      window.put_over({50, 40, 33, 20}, over.data(), 4 * 64);
      // And a part of it again, changed.
      for (int y = 70; y < 80; ++y) std::memset(window.pixels() + y * window.stride() + 4 * 3, 0x5a, 4 * 9);
      const Rect part{3, 70, 9, 10};
      window.put({&part, 1});
      window.sync();
      const auto words = window.describe();
      CAPTURE(words);
      CHECK((words.find("fd") != std::string::npos) == (way == SharedMemory::Way::Descriptor));
      CHECK((words.find("segment") != std::string::npos) == (way == SharedMemory::Way::Segment));
      CHECK((words.find("PutImage") != std::string::npos) == (way == SharedMemory::Way::None));
      CHECK((words.find("-bit colours") == std::string::npos) == (std::strstr(screen, "x24") != nullptr));
      const auto layout = x11::pixel_layout(*xcb_get_setup(rig.c.get()), rig.root->root_visual, rig.root->root_depth);
      REQUIRE(layout);
      const auto seen = rig.seen({30, 40, kWide, kHigh});
      int wrong = 0;
      for (int y = 0; y < kHigh; ++y)
        for (int x = 0; x < kWide; ++x) {
          std::uint8_t bgr[3] = {byte_at(x, y, 0), byte_at(x, y, 1), byte_at(x, y, 2)};
          if (Rect{50, 40, 33, 20}.contains(x, y)) std::memcpy(bgr, over.data() + (y - 40) * 4 * 64 + (x - 50) * 4, 3);
          if (part.contains(x, y)) std::memset(bgr, 0x5a, 3);
          wrong += seen[static_cast<std::size_t>(y * kWide + x)] != stored(*layout, bgr) ? 1 : 0;
        }
      CHECK(wrong == 0);
      CHECK(window.pump().size() <= 1);
      CHECK(window.alive());
    }
  }
}

TEST_CASE("pictures larger than one request go through the socket in strips") {
  BS_NEEDS_XVFB();
  Rig rig("3000x2000x24", {"-extension", "MIT-SHM"});
  const std::uint32_t size[] = {3000, 2000};
  xcb_configure_window(rig.c.get(), rig.parent, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
  rig.sync();
  auto made = PictureWindow::create(rig.parent);
  REQUIRE(made);
  REQUIRE((*made)->resize(2900, 1900));   // 22 MB; a request carries 16 at most
  std::memset((*made)->pixels(), 0x77, static_cast<std::size_t>((*made)->stride()) * 1900);
  const Rect all{0, 0, 2900, 1900};
  (*made)->place(0, 0, {&all, 1});
  (*made)->put({&all, 1});
  (*made)->sync();
  REQUIRE((*made)->alive());
  CHECK(rig.seen({10, 10, 1, 1})[0] == 0x777777);
  CHECK(rig.seen({2909, 1909, 1, 1})[0] == 0x777777);
}

TEST_CASE("what is uncovered while an answer is awaited is known without another word of the server") {
  BS_NEEDS_XVFB();
  Rig rig("300x200x24");
  auto made = PictureWindow::create(rig.parent);
  REQUIRE(made);
  PictureWindow& window = **made;
  REQUIRE(window.resize(100, 80));
  const Rect all{0, 0, 100, 80};
  window.place(0, 0, {&all, 1});
  window.sync();
  (void)window.pump();
  CHECK_FALSE(window.has_events());
  const xcb_window_t cover = xcb_generate_id(rig.c.get());
  const std::uint32_t direct = 1;
  xcb_create_window(rig.c.get(), XCB_COPY_FROM_PARENT, cover, rig.root->root, 20, 20, 30, 20, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                    XCB_CW_OVERRIDE_REDIRECT, &direct);
  xcb_map_window(rig.c.get(), cover);
  xcb_unmap_window(rig.c.get(), cover);
  rig.sync();
  window.sync();
  CHECK(window.has_events());
  CHECK(window.pump() == std::vector<Rect>{{10, 10, 30, 20}});
  CHECK_FALSE(window.has_events());
}

TEST_CASE("a display with a palette has no window for pictures, and a broken one is no crash") {
  BS_NEEDS_XVFB();
  {
    Rig rig("300x200x8");
    const auto made = PictureWindow::create(rig.parent);
    REQUIRE_FALSE(made);
    CHECK(made.error().detail.find("palette") != std::string::npos);
  }
  Rig rig("300x200x24");
  auto made = PictureWindow::create(rig.parent);
  REQUIRE(made);
  REQUIRE((*made)->resize(100, 100));
  CHECK_FALSE((*made)->resize(0, 5));
  CHECK_FALSE((*made)->resize(40'000, 5));
  rig.server.kill();
  const Rect all{0, 0, 100, 100};
  (*made)->place(0, 0, {&all, 1});
  (*made)->put({&all, 1});
  (*made)->sync();
  CHECK_FALSE((*made)->alive());
}

TEST_CASE("every 8-bit colour that a narrower visual can show comes back as it was") {
  for (const auto& [red, green, blue, bits] : {std::tuple{0xf800U, 0x07e0U, 0x001fU, 16}, std::tuple{0x7c00U, 0x03e0U, 0x001fU, 16}, std::tuple{0x3ff00000U, 0xffc00U, 0x3ffU, 32}, std::tuple{0xffU, 0xff00U, 0xff0000U, 24}}) {
    for (const bool big : {false, true}) {
      x11::PixelLayout layout;
      layout.red = red, layout.green = green, layout.blue = blue, layout.bits_per_pixel = bits, layout.big_endian = big;
      PixelWriter writer(layout);
      int wrong = 0;
      for (int v = 0; v < 256; ++v) {
        const std::uint8_t bgrx[4] = {static_cast<std::uint8_t>(v), static_cast<std::uint8_t>(255 - v), static_cast<std::uint8_t>(v ^ 0x3c), 9};
        std::uint8_t out[4] = {};
        writer.write_row(bgrx, out, 1);
        std::uint32_t value = 0;
        for (int i = 0; i < bits / 8; ++i) value |= std::uint32_t{out[i]} << (8 * (big ? bits / 8 - 1 - i : i));
        wrong += value != stored(layout, bgrx) ? 1 : 0;
      }
      CHECK(wrong == 0);
    }
  }
}

namespace {

// Keeps what is put, and how often each pixel was since the last sync().
class Glass final : public PictureWindow {
 public:
  std::uint8_t* pixels() override { return memory.data(); }
  std::ptrdiff_t stride() const override { return std::ptrdiff_t{4} * w; }
  int width() const override { return w; }
  int height() const override { return h; }
  Result<bool> resize(int width, int height) override {
    w = width;
    h = height;
    memory.assign(static_cast<std::size_t>(4 * w * h), 0);
    screen.assign(memory.size(), 0);
    puts.assign(static_cast<std::size_t>(w * h), 0);
    return true;
  }
  void place(int, int, std::span<const Rect>) override { mapped = true; }
  void hide() override { mapped = false; }
  bool shown() const override { return mapped; }
  void put(std::span<const Rect> areas) override {
    for (const Rect& wanted : areas) {
      const Rect r = wanted.clipped_to({0, 0, w, h});
      if (!r.empty()) take(r, memory.data() + r.y * stride() + 4 * r.x, stride());
    }
  }
  void put_over(const Rect& area, const std::uint8_t* bgrx, std::ptrdiff_t bytes) override { take(area, bgrx, bytes); }
  void flush() override { ++flushes; }
  void sync() override {
    most = 0;
    put_pixels = 0;
    for (int& n : puts) {
      most = std::max(most, n);
      put_pixels += n;
      n = 0;
    }
  }
  int fd() const override { return -1; }
  bool has_events() override { return false; }
  std::vector<Rect> pump() override { return {}; }
  bool alive() const override { return true; }
  std::string describe() const override { return "glass"; }
  const std::uint8_t* at(int x, int y) const { return screen.data() + 4 * (y * w + x); }
  int w = 0, h = 0, most = 0, put_pixels = 0, flushes = 0;
  bool mapped = false;

 private:
  void take(const Rect& r, const std::uint8_t* from, std::ptrdiff_t bytes) {
    for (int y = 0; y < r.height; ++y) {
      std::memcpy(screen.data() + 4 * ((r.y + y) * w + r.x), from + y * bytes, static_cast<std::size_t>(4 * r.width));
      for (int x = 0; x < r.width; ++x) ++puts[static_cast<std::size_t>((r.y + y) * w + r.x + x)];
    }
  }
  std::vector<std::uint8_t> memory, screen;
  std::vector<int> puts;
};

void paint(ports::Canvas& canvas, const Rect& r, std::uint8_t value) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(4 * r.width * r.height), value);
  canvas.write(r, pixels.data(), std::ptrdiff_t{4} * r.width, true);
  canvas.commit({});
}

// A picture of one colour over the whole of a window that is glass.
struct OnGlass {
  OnGlass(int width, int height, std::uint8_t value) {
    const Rect all{0, 0, width, height};
    canvas.reset(width, height, 1, 0);
    paint(canvas, all, value);
    place.session = 1;
    place.picture_width = width;
    place.picture_height = height;
    place.placement = {0, 0, static_cast<float>(width), static_cast<float>(height), 1};
    place.area = all;
    place.visible = {all};
  }
  std::unique_ptr<Glass> window = std::make_unique<Glass>();
  Glass& screen = *window;
  DirectPicture picture{std::move(window)};
  ports::Canvas canvas{[] {}};
  DirectPicture::Place place;
};

}  // namespace

TEST_CASE("no pixel is put twice in one update: pointer and marks never flicker") {
  OnGlass on(200, 100, 100);
  auto& [window, screen, picture, canvas, place] = on;
  REQUIRE(picture.show(place));
  ports::CursorImage cursor;
  cursor.serial = 1;
  cursor.width = cursor.height = 16;
  for (int i = 0; i < 256; ++i) cursor.bgra.insert(cursor.bgra.end(), {10, 20, 30, static_cast<std::uint8_t>(i % 2 == 0 ? 255 : 0)});
  picture.set_marks({{0, 0, 100, 60}, {100, 0, 100, 60}}, 9, {0, 200, 250});
  picture.set_cursor(&cursor, 85, 3);   // over the first mark
  REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
  CHECK(screen.most <= 2);   // two that lie on each other are both put whole, with the same pixels
  CHECK(screen.mapped);
  for (int step = 0; step < 40; ++step) {
    const int x = 20 + step * 4;
    picture.set_cursor(&cursor, x, 50);
    const Rect changed{step * 3, 30, 60, 40};
    paint(canvas, changed, static_cast<std::uint8_t>(120 + step));
    picture.damage({&changed, 1});
    REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
    CHECK(screen.most == 1);
    CHECK(int{screen.at(x, 50)[2]} == 30);                                        // the pointer's own pixel
    if (changed.contains(x + 1, 50)) CHECK(int{screen.at(x + 1, 50)[0]} == 120 + step);   // through its gaps
  }
  CHECK(picture.put(canvas) == DirectPicture::Put::Current);
}

TEST_CASE("a large picture is drawn by the server while the rest is copied, each pixel once") {
  OnGlass on(900, 700, 100);
  auto& [window, screen, picture, canvas, place] = on;
  REQUIRE(picture.show(place));
  REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
  CHECK(screen.flushes >= 3);
  CHECK(screen.most == 1);
  CHECK(screen.put_pixels == 900 * 700);
  screen.flushes = 0;
  paint(canvas, {0, 100, 900, 600}, 50);
  const Rect changed[] = {{0, 100, 900, 300}, {0, 390, 450, 310}, {400, 390, 500, 310}};   // on each other
  for (const Rect& r : changed) picture.damage({&r, 1});
  REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
  CHECK(screen.flushes >= 2);
  CHECK(screen.most == 1);
  int wrong = 0;
  for (int y = 0; y < 700; ++y)
    for (int x = 0; x < 900; ++x) wrong += int{screen.at(x, y)[0]} == (y < 100 ? 100 : 50) ? 0 : 1;
  CHECK(wrong == 0);
  screen.flushes = 0;
  const Rect little{10, 10, 60, 20};
  paint(canvas, little, 7);
  picture.damage({&little, 1});
  REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
  CHECK(screen.flushes == 0);   // what is small goes at once with the question that follows
}

TEST_CASE("a veil darkens picture and pointer in the memory, and leaves the marks bright") {
  OnGlass on(200, 100, 200);
  auto& [window, screen, picture, canvas, place] = on;
  place.veil = 0.5F;
  REQUIRE(picture.show(place));
  ports::CursorImage cursor;
  cursor.serial = 1;
  cursor.width = cursor.height = 8;
  for (int i = 0; i < 64; ++i) cursor.bgra.insert(cursor.bgra.end(), {40, 80, 240, 255});
  picture.set_cursor(&cursor, 50, 50);
  picture.set_marks({{0, 0, 200, 100}}, 9, {0, 200, 250});
  REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
  CHECK(int{screen.at(10, 90)[0]} == 100);
  CHECK(int{screen.at(52, 52)[2]} == 120);
  CHECK(int{screen.at(200 - 9 - 3 + 4, 3 + 4)[1]} == 200);   // the middle of the mark
  const Rect changed{0, 80, 20, 20};
  paint(canvas, changed, 60);
  picture.damage({&changed, 1});
  REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
  CHECK(int{screen.at(10, 90)[0]} == 30);
  CHECK(screen.put_pixels == 400);
  place.veil = 0;
  REQUIRE(picture.show(place));
  REQUIRE(picture.put(canvas) == DirectPicture::Put::Done);
  CHECK(int{screen.at(10, 90)[0]} == 60);
  CHECK(int{screen.at(100, 70)[0]} == 200);
  CHECK(int{screen.at(52, 52)[2]} == 240);
}
