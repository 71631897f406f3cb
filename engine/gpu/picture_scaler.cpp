// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/picture_scaler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace beside::gpu {
namespace {

constexpr unsigned kSumDown = 256;      // weights of a column: a byte times their sum fits into 16 bits
constexpr unsigned kSumAcross = 65535;  // of a row: the high half of a 16-bit product is the weighted value

// 8.8 sums of up to 100 truncated products lie less than half a step below the true value, which this rounds to.
constexpr unsigned kHalf = 128;

void first_row(const std::uint8_t* __restrict source, unsigned weight, std::uint16_t* __restrict sums, std::size_t count) {
  const auto w = static_cast<std::uint16_t>(weight);
  for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<std::uint16_t>(source[i] * w);
}
void add_row(const std::uint8_t* __restrict source, unsigned weight, std::uint16_t* __restrict sums, std::size_t count) {
  const auto w = static_cast<std::uint16_t>(weight);
  for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<std::uint16_t>(sums[i] + source[i] * w);
}
// Two at once: most reductions cover two or three rows, and the sums are what costs.
void two_rows(const std::uint8_t* __restrict a, unsigned weight_a, const std::uint8_t* __restrict b, unsigned weight_b,
              std::uint16_t* __restrict sums, std::size_t count) {
  const auto wa = static_cast<std::uint16_t>(weight_a), wb = static_cast<std::uint16_t>(weight_b);
  for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<std::uint16_t>(a[i] * wa + b[i] * wb);
}

// One destination pixel of a row: `kTaps` sums from `first` on, four channels each. The weights come four times over, as
// they are multiplied; taps that a pixel does not need weigh nothing.
template <int kTaps>
inline void row_across(const std::uint16_t* sums, const int* first, const std::uint16_t* weights, int taps, std::uint8_t* out, int count) {
  const int all = kTaps > 0 ? kTaps : taps;
  const std::ptrdiff_t step = std::ptrdiff_t{4} * all;
#if defined(__SSE2__)
  const auto pixel = [](const std::uint16_t* at) { return reinterpret_cast<const __m128i*>(at); };
  const __m128i half = _mm_set1_epi16(static_cast<short>(kHalf));
  int x = 0;
  for (; x + 1 < count; x += 2, weights += 2 * step) {
    const std::uint16_t *a = sums + std::ptrdiff_t{4} * first[x], *b = sums + std::ptrdiff_t{4} * first[x + 1];
    __m128i total = half;
    for (int k = 0; k < all; ++k) {
      const __m128i p = _mm_unpacklo_epi64(_mm_loadl_epi64(pixel(a + 4 * k)), _mm_loadl_epi64(pixel(b + 4 * k)));
      const __m128i w = _mm_unpacklo_epi64(_mm_loadl_epi64(pixel(weights + 4 * k)), _mm_loadl_epi64(pixel(weights + step + 4 * k)));
      total = _mm_add_epi16(total, _mm_mulhi_epu16(p, w));
    }
    const __m128i bytes = _mm_srli_epi16(total, 8);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + std::ptrdiff_t{4} * x), _mm_packus_epi16(bytes, bytes));
  }
#else
  int x = 0;
#endif
  for (; x < count; ++x, weights += step) {
    for (int channel = 0; channel < 4; ++channel) {
      unsigned total = kHalf;
      for (int k = 0; k < all; ++k) total += static_cast<unsigned>(sums[4 * (first[x] + k) + channel]) * weights[4 * k + channel] >> 16;
      out[4 * x + channel] = static_cast<std::uint8_t>(total >> 8);
    }
  }
}

}  // namespace

PictureScaler::Axis PictureScaler::make_axis(int source, int destination, double scale, unsigned sum) {
  Axis axis;
  axis.taps.reserve(static_cast<std::size_t>(destination));
  const double step = 1 / scale;   // source pixels per destination pixel
  std::vector<double> parts;
  for (int i = 0; i < destination; ++i) {
    Tap tap;
    parts.clear();
    if (scale > 1) {
      // Bilinear only on the seam between two pixels, one destination pixel wide (shaders/scaling.glsl).
      const double at = (i + 0.5) * step - 0.5, base = std::floor(at);
      const double part = std::clamp((at - base - 0.5) / step + 0.5, 0.0, 1.0);
      const int left = std::clamp(static_cast<int>(base), 0, source - 1), right = std::clamp(static_cast<int>(base) + 1, 0, source - 1);
      tap.first = part < 1 ? left : right;
      if (left == right || part <= 0 || part >= 1) parts = {1};
      else parts = {1 - part, part};
    } else {
      const double from = std::min(i * step, source - 1e-6), to = std::clamp((i + 1) * step, from + 1e-9, static_cast<double>(source));
      tap.first = std::clamp(static_cast<int>(std::floor(from + 1e-6)), 0, source - 1);
      const int end = std::clamp(static_cast<int>(std::ceil(to - 1e-6)), tap.first + 1, source);
      for (int s = tap.first; s < end; ++s) parts.push_back(std::max(std::min(to, s + 1.0) - std::max(from, static_cast<double>(s)), 0.0));
    }
    double whole = 0;
    for (const double part : parts) whole += part;
    tap.count = static_cast<int>(parts.size());
    tap.weights = axis.weights.size();
    // The difference of rounded running sums: the weights always add up, so flat colours stay what they are.
    double running = 0;
    unsigned given = 0;
    for (const double part : parts) {
      running += whole > 0 ? part / whole : 1.0 / static_cast<double>(parts.size());
      const unsigned until = std::min(sum, static_cast<unsigned>(std::lround(running * sum)));
      axis.weights.push_back(static_cast<std::uint16_t>(until - given));
      given = until;
    }
    axis.weights.back() = static_cast<std::uint16_t>(axis.weights.back() + sum - given);
    axis.taps.push_back(tap);
  }
  return axis;
}

PictureScaler::PictureScaler(int source_width, int source_height, float scale)
    : source_width_(std::max(source_width, 1)), source_height_(std::max(source_height, 1)) {
  exact_ = std::fabs(1 / scale - 1) < 1e-5F;
  width_ = exact_ ? source_width_ : std::max(1, static_cast<int>(std::lround(static_cast<float>(source_width_) * scale)));
  height_ = exact_ ? source_height_ : std::max(1, static_cast<int>(std::lround(static_cast<float>(source_height_) * scale)));
  if (exact_) return;
  across_ = make_axis(source_width_, width_, static_cast<double>(scale), kSumAcross);
  down_ = make_axis(source_height_, height_, static_cast<double>(scale), kSumDown);
  for (const Tap& t : across_.taps) most_ = std::max(most_, t.count);
  const auto most = static_cast<std::size_t>(most_);
  spread_.assign(std::size_t{4} * most * across_.taps.size(), 0);
  for (std::size_t x = 0; x < across_.taps.size(); ++x) {
    const Tap& t = across_.taps[x];
    for (std::size_t k = 0; k < static_cast<std::size_t>(t.count); ++k)
      std::fill_n(spread_.begin() + static_cast<std::ptrdiff_t>(4 * (most * x + k)), 4, across_.weights[t.weights + k]);
  }
  row_.resize(std::size_t{4} * (static_cast<std::size_t>(source_width_) + most));   // taps that weigh nothing reach past the end
}

Rect PictureScaler::span_of(const Axis& axis, int from, int to) {
  // Both ends of what a destination pixel reads grow along the axis.
  const auto begin = std::partition_point(axis.taps.begin(), axis.taps.end(), [&](const Tap& t) { return t.first + t.count <= from; });
  const auto end = std::partition_point(begin, axis.taps.end(), [&](const Tap& t) { return t.first < to; });
  return {static_cast<int>(begin - axis.taps.begin()), 0, static_cast<int>(end - begin), 0};
}

Rect PictureScaler::affected(const Rect& source) const {
  const Rect inside = source.clipped_to({0, 0, source_width_, source_height_});
  if (inside.empty() || exact_) return inside;
  const Rect x = span_of(across_, inside.x, inside.right()), y = span_of(down_, inside.y, inside.bottom());
  return {x.x, y.x, x.width, y.width};
}

void PictureScaler::scale(const ports::PixelBuffer& source, const Rect& wanted, std::uint8_t* out, std::ptrdiff_t stride) {
  const Rect area = wanted.clipped_to({0, 0, width_, height_});
  if (area.empty()) return;
  out += (area.y - wanted.y) * stride + std::ptrdiff_t{4} * (area.x - wanted.x);
  if (exact_) {
    for (int y = area.y; y < area.bottom(); ++y, out += stride) {
      std::memcpy(out, source.row(y) + std::ptrdiff_t{4} * area.x, std::size_t{4} * static_cast<std::size_t>(area.width));
    }
    return;
  }
  const Tap& last = across_.taps[static_cast<std::size_t>(area.right() - 1)];
  const int left = across_.taps[static_cast<std::size_t>(area.x)].first, right = last.first + last.count;
  firsts_.resize(static_cast<std::size_t>(area.width));
  for (int x = 0; x < area.width; ++x) firsts_[static_cast<std::size_t>(x)] = across_.taps[static_cast<std::size_t>(area.x + x)].first - left;
  const std::uint16_t* const spread = spread_.data() + std::size_t{4} * static_cast<std::size_t>(most_) * static_cast<std::size_t>(area.x);
  const std::size_t count = std::size_t{4} * static_cast<std::size_t>(right - left);
  const Tap* before = nullptr;
  for (int y = area.y; y < area.bottom(); ++y, out += stride) {
    const Tap& tap = down_.taps[static_cast<std::size_t>(y)];
    const std::uint16_t* weights = down_.weights.data() + tap.weights;
    // Enlarged, most rows are the one above once more.
    if (before != nullptr && before->first == tap.first && before->count == 1 && tap.count == 1) {
      std::memcpy(out, out - stride, std::size_t{4} * static_cast<std::size_t>(area.width));
      continue;
    }
    before = &tap;
    const auto line = [&](int i) { return source.row(tap.first + i) + std::ptrdiff_t{4} * left; };
    int done = 1;
    if (tap.count == 1) {
      first_row(line(0), weights[0], row_.data(), count);
    } else {
      two_rows(line(0), weights[0], line(1), weights[1], row_.data(), count);
      done = 2;
    }
    for (; done < tap.count; ++done) add_row(line(done), weights[done], row_.data(), count);
    switch (most_) {
      case 2: row_across<2>(row_.data(), firsts_.data(), spread, 2, out, area.width); break;
      case 3: row_across<3>(row_.data(), firsts_.data(), spread, 3, out, area.width); break;
      default: row_across<0>(row_.data(), firsts_.data(), spread, most_, out, area.width); break;
    }
  }
}

}  // namespace beside::gpu
