// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/picture_scaler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tests/gpu/gpu_fixture.h"

using namespace beside;
using namespace beside::gpu;

namespace {

std::unique_ptr<ports::PixelBuffer> noisy(int width, int height, std::uint32_t seed = 1) {
  auto out = ports::make_pixel_buffer(width, height);
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < 4 * width; ++i) out->row(y)[i] = static_cast<std::uint8_t>(noise(seed + static_cast<std::uint32_t>(y * 4 * width + i)));
  }
  return out;
}

std::vector<std::uint8_t> scaled(PictureScaler& scaler, const ports::PixelBuffer& source) {
  std::vector<std::uint8_t> out(std::size_t{4} * static_cast<std::size_t>(scaler.width()) * static_cast<std::size_t>(scaler.height()));
  scaler.scale(source, {0, 0, scaler.width(), scaler.height()}, out.data(), std::ptrdiff_t{4} * scaler.width());
  return out;
}

// The mean of what destination pixel (x, y) covers, in doubles and without tables.
double covered_mean(const ports::PixelBuffer& source, double scale, int x, int y, int channel) {
  const double left = x / scale, right = std::min((x + 1) / scale, static_cast<double>(source.width));
  const double top = y / scale, bottom = std::min((y + 1) / scale, static_cast<double>(source.height));
  double sum = 0, area = 0;
  for (int sy = static_cast<int>(top); sy < source.height && sy < bottom; ++sy) {
    for (int sx = static_cast<int>(left); sx < source.width && sx < right; ++sx) {
      const double part = std::max(0.0, std::min(right, sx + 1.0) - std::max(left, static_cast<double>(sx))) *
                          std::max(0.0, std::min(bottom, sy + 1.0) - std::max(top, static_cast<double>(sy)));
      sum += part * source.row(sy)[4 * sx + channel];
      area += part;
    }
  }
  return sum / area;
}

}  // namespace

TEST_CASE("a reduced pixel is the mean of what it covers, within one and a half steps, at whole and odd factors") {
  const auto source = noisy(173, 131);
  for (const float scale : {0.5F, 0.25F, 0.77F, 0.6F, 0.3333F, 0.99F, 0.12F}) {
    PictureScaler scaler(173, 131, scale);
    const auto out = scaled(scaler, *source);
    double worst = 0;
    for (int y = 0; y < scaler.height(); ++y) {
      for (int x = 0; x < scaler.width(); ++x) {
        for (int c = 0; c < 3; ++c) {
          worst = std::max(worst, std::abs(out[static_cast<std::size_t>(4 * (y * scaler.width() + x) + c)] -
                                           covered_mean(*source, static_cast<double>(scale), x, y, c)));
        }
      }
    }
    CAPTURE(scale);
    CHECK(worst <= 1.5);
  }
}

TEST_CASE("flat colours stay to the bit at every factor") {
  for (const int value : {0, 1, 127, 128, 254, 255}) {
    auto source = ports::make_pixel_buffer(97, 61);
    std::fill_n(source->memory.get(), static_cast<std::size_t>(source->stride) * 61, static_cast<std::uint8_t>(value));
    for (const float scale : {0.01F, 0.1F, 0.37F, 0.5F, 0.9F, 1.0F, 1.3F, 2.0F, 3.7F, 16.0F}) {
      PictureScaler scaler(97, 61, scale);
      const auto out = scaled(scaler, *source);
      CHECK(std::all_of(out.begin(), out.end(), [&](std::uint8_t v) { return v == value; }));
    }
  }
}

TEST_CASE("one to one copies and a doubled picture keeps its pixels flat but for the seams") {
  const auto source = noisy(40, 30);
  PictureScaler same(40, 30, 1.0F);
  CHECK(same.exact());
  const auto copied = scaled(same, *source);
  for (int y = 0; y < 30; ++y) CHECK(std::equal(source->row(y), source->row(y) + 160, copied.begin() + 160 * y));
  PictureScaler large(40, 30, 4.0F);
  const auto out = scaled(large, *source);
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 40; ++x) {
      for (const int d : {1, 2}) {   // the outer two of four lie on the seams
        for (int c = 0; c < 3; ++c) CHECK(out[static_cast<std::size_t>(4 * ((4 * y + d) * 160 + 4 * x + d) + c)] == source->row(y)[4 * x + c]);
      }
    }
  }
}

TEST_CASE("scaling only what a change affects gives the picture that scaling everything gives") {
  constexpr int kWidth = 211, kHeight = 139;
  std::uint32_t random = 7;
  const auto next = [&](int below) { return static_cast<int>((random = noise(random + 1)) % static_cast<std::uint32_t>(below)); };
  for (const float scale : {0.31F, 0.5F, 0.66F, 0.9F, 1.0F, 1.4F, 2.5F}) {
    auto source = noisy(kWidth, kHeight);
    PictureScaler scaler(kWidth, kHeight, scale);
    auto kept = scaled(scaler, *source);
    const std::ptrdiff_t stride = std::ptrdiff_t{4} * scaler.width();
    for (int round = 0; round < 60; ++round) {
      Rect change{next(kWidth), next(kHeight), 1 + next(40), 1 + next(25)};
      const Rect inside = change.clipped_to({0, 0, kWidth, kHeight});
      for (int y = inside.y; y < inside.bottom(); ++y) {
        for (int i = 4 * inside.x; i < 4 * inside.right(); ++i) source->row(y)[i] = static_cast<std::uint8_t>(next(256));
      }
      const Rect area = scaler.affected(change);
      REQUIRE(area.clipped_to({0, 0, scaler.width(), scaler.height()}) == area);
      scaler.scale(*source, area, kept.data() + area.y * stride + std::ptrdiff_t{4} * area.x, stride);
      CAPTURE(scale);
      REQUIRE(kept == scaled(scaler, *source));
    }
  }
}

TEST_CASE("no pixel outside of what a change affects depends on it, and none inside is named in vain at the edges") {
  for (const float scale : {0.4F, 0.73F, 1.7F}) {
    PictureScaler scaler(64, 48, scale);
    const Rect none = scaler.affected({64, 0, 5, 5});
    CHECK(none.empty());
    const Rect all = scaler.affected({-10, -10, 500, 500});
    CHECK(all == Rect{0, 0, scaler.width(), scaler.height()});
    const Rect one = scaler.affected({20, 20, 1, 1});
    const int most = static_cast<int>(std::ceil(static_cast<double>(scale))) + 2;
    CHECK_FALSE(one.empty());
    CHECK(one.width <= most);
    CHECK(one.height <= most);
  }
}

TEST_CASE("what lies outside of the scaled picture is not written") {
  const auto source = noisy(20, 20);
  PictureScaler scaler(20, 20, 0.5F);
  std::vector<std::uint8_t> out(4 * 30 * 30, 7);
  scaler.scale(*source, {-5, -5, 30, 30}, out.data(), 120);
  int written = 0;
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 30; ++x) {
      const bool inside = x >= 5 && y >= 5 && x < 15 && y < 15;
      const auto* pixel = out.data() + 120 * y + 4 * x;
      const bool same = pixel[0] == 7 && pixel[1] == 7 && pixel[2] == 7 && pixel[3] == 7;
      if (!inside) CHECK(same);
      else written += same ? 0 : 1;
    }
  }
  CHECK(written > 90);
}

TEST_CASE("sizes of zero and less than a pixel make one pixel, never none") {
  PictureScaler scaler(0, -4, 0.01F);
  CHECK(scaler.width() == 1);
  CHECK(scaler.height() == 1);
  const auto source = noisy(3, 3);
  PictureScaler tiny(3, 3, 0.01F);
  const auto out = scaled(tiny, *source);
  CHECK(out.size() == 4);
}
