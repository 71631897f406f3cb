// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/bytes.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace beside::tiles {

// Exact coding of text and drawings for lines that carry more than the processors code: the numbers of the rectangle's colours,
// 1, 2, 4 or 8 bits each, or its channels where there are more than 256 colours, by zstd. A tenth of ContextCoder's time at
// both ends, and 1.6 to 3 times its bytes. Each rectangle stands alone.
// Thread: one. Owns some 200 KiB, and what zstd wants (1 MiB). Failure: none.
class PackedCoder {
 public:
  static constexpr int kMostPixels = 65536;
  static constexpr std::size_t kMostBytes = 3 * kMostPixels + 4096;   // of any rectangle

  PackedCoder();
  ~PackedCoder();
  PackedCoder(const PackedCoder&) = delete;
  PackedCoder& operator=(const PackedCoder&) = delete;

  // Appends all of it, B, G, R, X, kMostPixels at most; false and nothing appended if that takes more than `most_bytes`.
  bool encode(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::size_t most_bytes, Bytes& out);
  // Fills the rectangle, X = 255. Any bytes give some picture.
  void decode(ByteSpan bytes, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height);

 private:
  static constexpr std::size_t kFinder = 1024;   // a power of two
  bool number_colours(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height);
  int number_of(std::uint32_t colour);
  void pack_numbers(int bits, int width, int height);
  void take_channels(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height);
  template <int kBits>
  void unpack(const std::uint8_t* from, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height);

  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> compressor_;
  std::unique_ptr<ZSTD_DCtx_s, Free> decompressor_;
  std::vector<std::uint32_t> colours_;             // in the order in which they were met
  std::array<std::uint32_t, kFinder> known_{};     // a colour with its highest byte 1; 0: nothing
  std::array<std::uint8_t, kFinder> number_{};     // of that colour
  Bytes numbers_, plain_, coded_;
  std::vector<std::uint32_t> row_, pixels_of_byte_;
};

}  // namespace beside::tiles
