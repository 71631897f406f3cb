// SPDX-License-Identifier: GPL-3.0-or-later
// What exact pictures cost beside PNG of the whole picture at its best level.
#include <doctest/doctest.h>
#include <png.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "codec/tiles/tiles.h"
#include "engine/wire/tiles.h"
#include "tests/codec/tiles/screens.h"

using namespace beside;
using namespace beside::tiles;

namespace {

std::size_t png_bytes(const ports::PixelBuffer& p) {
  std::size_t bytes = 0;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png)) != 0) std::abort();
  png_set_write_fn(png, &bytes, [](png_structp s, png_bytep, std::size_t n) { *static_cast<std::size_t*>(png_get_io_ptr(s)) += n; }, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(p.width), static_cast<png_uint_32>(p.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 9);
  png_write_info(png, info);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(p.width) * 3);
  for (int y = 0; y < p.height; ++y) {
    for (int x = 0; x < p.width; ++x)
      for (int i = 0; i < 3; ++i) row[static_cast<std::size_t>(3 * x + i)] = p.row(y)[4 * x + 2 - i];
    png_write_row(png, row.data());
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::size_t our_bytes(ports::TileEncoder& encoder, const ports::PixelBuffer& p, int most_continued) {
  ports::TileUpdate u;
  u.width = p.width;
  u.height = p.height;
  u.most_continued = most_continued;
  encoder.begin(u, [](const ports::TilePart&) {}, {});
  encoder.exact(p, {0, 0, p.width, p.height});
  return encoder.finish();
}

}  // namespace

TEST_CASE("two hundred whole screens are never larger than their PNG, but for noise, which nothing makes smaller") {
  auto encoder = make_tile_encoder();
  for (int i = 0; i < 200; ++i) {
    const int kind = i % kScreenKinds;
    const int width = 330 + i * 37 % 331, height = 240 + i * 53 % 283;
    const auto screen = make_screen(kind, width, height, static_cast<std::uint32_t>(i));
    const std::size_t png = png_bytes(*screen), ours = our_bytes(*encoder, *screen, 15);
    INFO("screen " << i << " kind " << kind << " " << width << "x" << height << " png " << png << " ours " << ours);
    // Packets have headers and PNG has none: 28 bytes in each 1152, and padding in steps of 128.
    const std::size_t packets = (ours + wire::kMaxTilePayload - 1) / wire::kMaxTilePayload;
    CHECK(ours <= (kind == 10 ? png + png / 10 : std::max(png, std::size_t{128} + packets * wire::kTileHeaderBytes)));
  }
}

TEST_CASE("parts that build on one another are much smaller than parts that stand alone") {
  auto encoder = make_tile_encoder();
  for (const int kind : {0, 1, 3}) {
    const auto screen = make_screen(kind, 900, 700, 5);
    const std::size_t alone = our_bytes(*encoder, *screen, 0), chained = our_bytes(*encoder, *screen, 15);
    INFO("kind " << kind << " alone " << alone << " chained " << chained);
    CHECK(chained * 10 <= alone * 8);
  }
}
