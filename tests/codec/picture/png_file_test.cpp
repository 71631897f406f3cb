// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/picture/png_file.h"

#include <doctest/doctest.h>
#include <png.h>
#include <sys/stat.h>

#include <cstdlib>
#include <random>
#include <vector>

using namespace beside;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/beside-png-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("a picture comes back from its file to the bit, odd sizes and strides too, and is the user's alone") {
  Folder folder;
  std::mt19937 dice(5);
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(37, 19), std::pair(641, 3)}) {
    auto pixels = ports::make_pixel_buffer(width, height);
    for (int y = 0; y < height; ++y)
      for (int i = 0; i < width * 4; ++i) pixels->row(y)[i] = static_cast<std::uint8_t>(dice());
    const auto file = folder.path / "one.png";
    REQUIRE(picture::write_png(file, *pixels, "a comment"));
    struct stat about {};
    REQUIRE(stat(file.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_file(&image, file.c_str()) != 0);
    image.format = PNG_FORMAT_BGR;
    REQUIRE(static_cast<int>(image.width) == width);
    REQUIRE(static_cast<int>(image.height) == height);
    std::vector<std::uint8_t> back(static_cast<std::size_t>(width * height * 3));
    REQUIRE(png_image_finish_read(&image, nullptr, back.data(), 0, nullptr) != 0);
    int wrong = 0;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int c = 0; c < 3; ++c) wrong += pixels->row(y)[x * 4 + c] != back[static_cast<std::size_t>((y * width + x) * 3 + c)] ? 1 : 0;
    CHECK(wrong == 0);
  }
}

TEST_CASE("a file that cannot be written is said, and nothing half-written stays") {
  Folder folder;
  auto pixels = ports::make_pixel_buffer(8, 8);
  CHECK_FALSE(picture::write_png(folder.path / "no" / "such" / "place.png", *pixels));
  std::filesystem::create_directory(folder.path / "taken.png");
  CHECK_FALSE(picture::write_png(folder.path / "taken.png", *pixels));
  CHECK_FALSE(std::filesystem::exists(folder.path / "taken.png.part"));
}
