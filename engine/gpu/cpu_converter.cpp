// SPDX-License-Identifier: GPL-3.0-or-later
// The CPU twin of the conversion passes. libyuv (2023) has no BT.709 matrix from RGB to planes, and an inexact
// one back, so the rows are ours: the loops are written for the vectoriser and compiled twice, once for AVX2.
#include <algorithm>
#include <vector>

#include "engine/gpu/converter.h"
#include "shaders/bt709.h"

namespace beside::gpu {
namespace {

static_assert(BS709_YR + BS709_YG + BS709_YB == 56284, "219/255 of 65536");
static_assert(BS709_UR + BS709_UG + BS709_UB == 0 && BS709_VR + BS709_VG + BS709_VB == 0, "grey has no colour");
static_assert(((255 * 56284 + BS709_Y0) >> BS709_SHIFT) == 235 && (BS709_Y0 >> BS709_SHIFT) == 16, "limited range");
static_assert((255 * BS709_UB + BS709_C0) >> BS709_SHIFT == 240 && BS709_UB == BS709_VR, "limited range");

inline int red(std::uint32_t p) { return static_cast<int>(p >> 16 & 255U); }
inline int green(std::uint32_t p) { return static_cast<int>(p >> 8 & 255U); }
inline int blue(std::uint32_t p) { return static_cast<int>(p & 255U); }


[[gnu::always_inline]] inline void luma_kernel(const std::uint32_t* __restrict pixels, std::uint8_t* __restrict y, int count) {
  for (int i = 0; i < count; ++i) {
    const std::uint32_t p = pixels[i];
    y[i] = static_cast<std::uint8_t>((BS709_YR * red(p) + BS709_YG * green(p) + BS709_YB * blue(p) + BS709_Y0) >>
                                     BS709_SHIFT);
  }
}
[[gnu::always_inline]] inline void chroma_kernel(const std::uint32_t* __restrict pixels, std::uint8_t* __restrict u,
                                                 std::uint8_t* __restrict v, int count) {
  for (int i = 0; i < count; ++i) {
    const std::uint32_t p = pixels[i];
    u[i] = static_cast<std::uint8_t>((BS709_UR * red(p) + BS709_UG * green(p) + BS709_UB * blue(p) + BS709_C0) >>
                                     BS709_SHIFT);
    v[i] = static_cast<std::uint8_t>((BS709_VR * red(p) + BS709_VG * green(p) + BS709_VB * blue(p) + BS709_C0) >>
                                     BS709_SHIFT);
  }
}
// `count` chroma samples from 2 * count pixels of two rows.
[[gnu::always_inline]] inline void half_kernel(const std::uint32_t* __restrict a, const std::uint32_t* __restrict b,
                                               std::uint8_t* __restrict u, std::uint8_t* __restrict v, int count) {
  for (int i = 0; i < count; ++i) {
    const std::uint32_t p = a[2 * i], q = a[2 * i + 1], r = b[2 * i], s = b[2 * i + 1];
    const int rr = red(p) + red(q) + red(r) + red(s), gg = green(p) + green(q) + green(r) + green(s),
              bb = blue(p) + blue(q) + blue(r) + blue(s);
    u[i] = static_cast<std::uint8_t>((BS709_UR * rr + BS709_UG * gg + BS709_UB * bb + 4 * BS709_C0) >> (BS709_SHIFT + 2));
    v[i] = static_cast<std::uint8_t>((BS709_VR * rr + BS709_VG * gg + BS709_VB * bb + 4 * BS709_C0) >> (BS709_SHIFT + 2));
  }
}

// The way back, with the shader's factors in 1/65536; one chroma sample per pixel. libyuv's own BT.709 matrix (2023, x86)
// caps the blue factor and is off by up to 13.
constexpr int kOne = 1 << 16;
constexpr int kBackY = static_cast<int>(BS709_Y_SCALE * kOne + 0.5), kRv = static_cast<int>(BS709_RV * kOne + 0.5);
constexpr int kGu = static_cast<int>(BS709_GU * kOne - 0.5), kGv = static_cast<int>(BS709_GV * kOne - 0.5);
constexpr int kBu = static_cast<int>(BS709_BU * kOne + 0.5);
[[gnu::always_inline]] inline std::uint32_t to_byte(int v) {
  const int rounded = (v + kOne / 2) >> 16;
  return static_cast<std::uint32_t>(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}
[[gnu::always_inline]] inline void back_kernel(const std::uint8_t* __restrict y, const std::uint8_t* __restrict u, const std::uint8_t* __restrict v,
                                               std::uint32_t* __restrict out, int count) {
  for (int i = 0; i < count; ++i) {
    const int l = (y[i] - 16) * kBackY, cb = u[i] - 128, cr = v[i] - 128;
    out[i] = to_byte(l + kBu * cb) | to_byte(l + kGu * cb + kGv * cr) << 8 | to_byte(l + kRv * cr) << 16 | 0xff000000U;
  }
}
// Each chroma sample twice: half of a row becomes a row.
[[gnu::always_inline]] inline void twice_kernel(const std::uint8_t* __restrict from, std::uint8_t* __restrict to, int pairs) {
  for (int i = 0; i < pairs; ++i) {
    to[2 * i] = from[i];
    to[2 * i + 1] = from[i];
  }
}

struct Kernels {
  void (*luma)(const std::uint32_t*, std::uint8_t*, int);
  void (*chroma)(const std::uint32_t*, std::uint8_t*, std::uint8_t*, int);
  void (*half)(const std::uint32_t*, const std::uint32_t*, std::uint8_t*, std::uint8_t*, int);
  void (*back)(const std::uint8_t*, const std::uint8_t*, const std::uint8_t*, std::uint32_t*, int);
  void (*twice)(const std::uint8_t*, std::uint8_t*, int);
  const char* name;
};

void luma_plain(const std::uint32_t* p, std::uint8_t* y, int n) { luma_kernel(p, y, n); }
void chroma_plain(const std::uint32_t* p, std::uint8_t* u, std::uint8_t* v, int n) { chroma_kernel(p, u, v, n); }
void half_plain(const std::uint32_t* a, const std::uint32_t* b, std::uint8_t* u, std::uint8_t* v, int n) {
  half_kernel(a, b, u, v, n);
}
void back_plain(const std::uint8_t* y, const std::uint8_t* u, const std::uint8_t* v, std::uint32_t* out, int n) { back_kernel(y, u, v, out, n); }
void twice_plain(const std::uint8_t* from, std::uint8_t* to, int n) { twice_kernel(from, to, n); }

#if defined(__x86_64__)
[[gnu::target("avx2")]] void luma_avx2(const std::uint32_t* p, std::uint8_t* y, int n) { luma_kernel(p, y, n); }
[[gnu::target("avx2")]] void chroma_avx2(const std::uint32_t* p, std::uint8_t* u, std::uint8_t* v, int n) {
  chroma_kernel(p, u, v, n);
}
[[gnu::target("avx2")]] void half_avx2(const std::uint32_t* a, const std::uint32_t* b, std::uint8_t* u, std::uint8_t* v,
                                       int n) {
  half_kernel(a, b, u, v, n);
}
[[gnu::target("avx2")]] void back_avx2(const std::uint8_t* y, const std::uint8_t* u, const std::uint8_t* v, std::uint32_t* out, int n) {
  back_kernel(y, u, v, out, n);
}
[[gnu::target("avx2")]] void twice_avx2(const std::uint8_t* from, std::uint8_t* to, int n) { twice_kernel(from, to, n); }
#endif

Kernels choose_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return {luma_avx2, chroma_avx2, half_avx2, back_avx2, twice_avx2, "AVX2"};
#endif
  return {luma_plain, chroma_plain, half_plain, back_plain, twice_plain, "plain"};
}

// Worth another thread's help: it wakes in a tenth of what that takes.
bool is_much(int width, int height) { return std::int64_t{width} * height >= 512 * 512; }
constexpr int kPieceRows = 64;   // that one thread does at a time; even
int pieces_of(int rows) { return (rows + kPieceRows - 1) / kPieceRows; }

class CpuConverter final : public ports::Converter {
 public:
  explicit CpuConverter(std::string why) : kernels_(choose_kernels()), why_(std::move(why)) {}

  Result<void> convert(const ports::PixelBuffer& source, const Rect& area, const ports::Planes& target) override {
    BS_ASSERT(source.width == target.width && source.height == target.height);
    Rect inside = area.clipped_to({0, 0, target.width, target.height});
    if (inside.empty()) return {};
    if (is_much(inside.width, inside.height)) {
      const int first = inside.y & ~1;   // chroma's pairs of rows stay together
      side_.run(pieces_of(inside.bottom() - first), [&](int piece) {
        rows(source, Rect{inside.x, first + piece * kPieceRows, inside.width, kPieceRows}.clipped_to(inside), target);
      });
    } else {
      rows(source, inside, target);
    }
    return {};
  }
  std::string describe() const override { return std::string("CPU (") + kernels_.name + "), " + why_; }

 private:
  static const std::uint32_t* row(const ports::PixelBuffer& source, int x, int y) {
    return reinterpret_cast<const std::uint32_t*>(source.row(y)) + x;
  }
  static std::uint8_t* at(const ports::Planes& planes, int plane, int x, int y) {
    return planes.data[plane] + std::ptrdiff_t{y} * planes.stride[plane] + x;
  }

  void rows(const ports::PixelBuffer& source, const Rect& area, const ports::Planes& target) const {
    if (target.chroma == ports::Chroma::k444) full(source, area, target);
    else half(source, area, target);
  }
  void full(const ports::PixelBuffer& source, const Rect& area, const ports::Planes& target) const {
    for (int y = area.y; y < area.bottom(); ++y) {
      const std::uint32_t* pixels = row(source, area.x, y);
      kernels_.luma(pixels, at(target, 0, area.x, y), area.width);
      kernels_.chroma(pixels, at(target, 1, area.x, y), at(target, 2, area.x, y), area.width);
    }
  }

  void half(const ports::PixelBuffer& source, const Rect& area, const ports::Planes& target) const {
    // Grown to whole 2x2 blocks: each chroma sample needs all of its pixels.
    const int left = area.x & ~1, top = area.y & ~1;
    const int right = std::min((area.right() + 1) & ~1, target.width);
    const int bottom = std::min((area.bottom() + 1) & ~1, target.height);
    for (int y = top; y < bottom; y += 2) {
      const int second = std::min(y + 1, source.height - 1);
      const std::uint32_t *a = row(source, left, y), *b = row(source, left, second);
      kernels_.luma(a, at(target, 0, left, y), right - left);
      if (second != y) kernels_.luma(b, at(target, 0, left, second), right - left);
      const int pairs = (right - left) / 2;
      std::uint8_t *u = at(target, 1, left / 2, y / 2), *v = at(target, 2, left / 2, y / 2);
      kernels_.half(a, b, u, v, pairs);
      if ((right - left) % 2 != 0) {  // the odd last column counts twice
        const std::uint32_t p[2] = {a[2 * pairs], a[2 * pairs]}, q[2] = {b[2 * pairs], b[2 * pairs]};
        kernels_.half(p, q, u + pairs, v + pairs, 1);
      }
    }
  }

  Kernels kernels_;
  std::string why_;
  SideThread side_;
};

}  // namespace

std::unique_ptr<ports::Converter> make_cpu_converter(std::string why) {
  return std::make_unique<CpuConverter>(std::move(why));
}

Result<void> planes_to_bgra_cpu(const ports::Planes& p, std::uint8_t* bgra, int stride_bytes, SideThread* side) {
  static const Kernels kernels = choose_kernels();
  if (side != nullptr && is_much(p.width, p.height)) {
    side->run(pieces_of(p.height), [&](int piece) {
      const int top = piece * kPieceRows;
      ports::Planes band = p;
      band.height = std::min(kPieceRows, p.height - top);
      for (int i = 0; i < 3; ++i) band.data[i] += std::ptrdiff_t{p.chroma == ports::Chroma::k420 && i > 0 ? top / 2 : top} * p.stride[i];
      (void)planes_to_bgra_cpu(band, bgra + std::ptrdiff_t{top} * stride_bytes, stride_bytes);
    });
    return {};
  }
  const bool half = p.chroma == ports::Chroma::k420;
  std::vector<std::uint8_t> u_wide(half ? static_cast<std::size_t>(p.width) + 1 : 0), v_wide(u_wide.size());
  for (int y = 0; y < p.height; ++y) {
    const std::uint8_t* luma = p.data[0] + std::ptrdiff_t{y} * p.stride[0];
    const std::uint8_t* u = p.data[1] + std::ptrdiff_t{half ? y / 2 : y} * p.stride[1];
    const std::uint8_t* v = p.data[2] + std::ptrdiff_t{half ? y / 2 : y} * p.stride[2];
    if (half && y % 2 == 0) {
      kernels.twice(u, u_wide.data(), (p.width + 1) / 2);
      kernels.twice(v, v_wide.data(), (p.width + 1) / 2);
    }
    auto* out = reinterpret_cast<std::uint32_t*>(bgra + std::ptrdiff_t{y} * stride_bytes);
    kernels.back(luma, half ? u_wide.data() : u, half ? v_wide.data() : v, out, p.width);
  }
  return {};
}

}  // namespace beside::gpu
