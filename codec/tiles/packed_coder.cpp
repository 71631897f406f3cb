// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/tiles/packed_coder.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "engine/base/result.h"

namespace beside::tiles {
namespace {

constexpr int kLevel = 3;   // -1: 3 to 19 % more bytes for a tenth of the time at most
constexpr std::uint32_t kColour = 0x00ffffff, kKnown = 0x01000000, kOpaque = 0xff000000;
constexpr std::size_t kMostColours = 256;
constexpr std::size_t kHeader = 2;          // bits of a pixel, colours - 1

constexpr std::size_t kFinderBits = 10;
std::size_t place_of(std::uint32_t colour) { return colour * 0x9e3779b1u >> (32 - kFinderBits); }
std::uint64_t eight(const std::uint8_t* from) {
  std::uint64_t out;
  std::memcpy(&out, from, 8);
  return out;
}
// Eight pixels; their X bytes do not count.
bool same_eight(const std::uint8_t* a, const std::uint8_t* b) {
  constexpr std::uint64_t kBoth = std::uint64_t{kColour} << 32 | kColour;
  const std::uint64_t differs = (eight(a) ^ eight(b)) | (eight(a + 8) ^ eight(b + 8)) | (eight(a + 16) ^ eight(b + 16)) | (eight(a + 24) ^ eight(b + 24));
  return (differs & kBoth) == 0;
}
std::size_t groups(int width) { return static_cast<std::size_t>(width + 7) / 8; }   // of eight pixels in a row
std::size_t plain_size(int bits, std::size_t colours, int width, int height) {
  const auto rows = static_cast<std::size_t>(height);
  return bits == 24 ? rows * static_cast<std::size_t>(width) * 3 : rows * groups(width) * static_cast<std::size_t>(bits) + colours * 3;
}

// Eight numbers of so many bits, one per byte, into as many bytes; the first one lowest.
template <int kBits>
void pack_eight(const std::uint8_t* from, std::uint8_t* to) {
  std::uint64_t v = eight(from);
  if constexpr (kBits == 4) {
    v = (v | v >> 4) & 0x00ff00ff00ff00ffu;
    v = (v | v >> 8) & 0x0000ffff0000ffffu;
    v |= v >> 16;
  } else if constexpr (kBits == 2) {
    v = (v | v >> 6) & 0x000f000f000f000fu;
    v = (v | v >> 12) & 0x000000ff000000ffu;
    v |= v >> 24;
  } else {
    v = (v | v >> 7) & 0x0003000300030003u;
    v = (v | v >> 14) & 0x0000000f0000000fu;
    v |= v >> 28;
  }
  std::memcpy(to, &v, kBits);
}

}  // namespace

void PackedCoder::Free::operator()(ZSTD_CCtx_s* context) const { (void)ZSTD_freeCCtx(context); }
void PackedCoder::Free::operator()(ZSTD_DCtx_s* context) const { (void)ZSTD_freeDCtx(context); }

PackedCoder::PackedCoder() : compressor_(ZSTD_createCCtx()), decompressor_(ZSTD_createDCtx()) {
  BS_ASSERT(compressor_ && decompressor_);
  (void)ZSTD_CCtx_setParameter(compressor_.get(), ZSTD_c_compressionLevel, kLevel);
  (void)ZSTD_CCtx_setParameter(compressor_.get(), ZSTD_c_contentSizeFlag, 0);
}
PackedCoder::~PackedCoder() = default;

// A new colour gets the next number; -1 where all are taken.
int PackedCoder::number_of(std::uint32_t colour) {
  const std::uint32_t wanted = colour | kKnown;
  std::size_t at = place_of(colour);
  while (known_[at] != wanted) {
    if (known_[at] == 0) {
      if (colours_.size() == kMostColours) return -1;
      known_[at] = wanted;
      number_[at] = static_cast<std::uint8_t>(colours_.size());
      colours_.push_back(colour);
      break;
    }
    at = (at + 1) % kFinder;
  }
  return number_[at];
}

// Into numbers_, rows of whole groups. Eight pixels that are as those above, and four of the colour before, are one look. False: too many colours.
bool PackedCoder::number_colours(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height) {
  constexpr std::uint64_t kBoth = std::uint64_t{kColour} << 32 | kColour;
  colours_.clear();
  known_.fill(0);
  const std::size_t row_bytes = groups(width) * 8;
  numbers_.assign(row_bytes * static_cast<std::size_t>(height), 0);
  std::uint32_t last;
  std::memcpy(&last, bgrx, 4);
  last &= kColour;
  auto number = static_cast<std::uint8_t>(number_of(last));
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* from = bgrx + y * stride;
    std::uint8_t* to = numbers_.data() + static_cast<std::size_t>(y) * row_bytes;
    for (int x = 0; x < width;) {
      // Uprights, and what is empty between lines, are as above.
      if (y > 0 && x + 8 <= width && same_eight(from + std::ptrdiff_t{4} * x, from + std::ptrdiff_t{4} * x - stride)) {
        std::memcpy(to + x, to + x - row_bytes, 8);
        x += 8;
        continue;
      }
      if (x + 4 <= width) {
        const std::uint64_t twice = std::uint64_t{last} << 32 | last;
        if ((((eight(from + std::ptrdiff_t{4} * x) ^ twice) | (eight(from + std::ptrdiff_t{4} * x + 8) ^ twice)) & kBoth) == 0) {
          std::memset(to + x, number, 4);
          x += 4;
          continue;
        }
      }
      for (const int end = std::min(x + 4, width); x < end; ++x) {
        std::uint32_t colour;
        std::memcpy(&colour, from + std::ptrdiff_t{4} * x, 4);
        colour &= kColour;
        // Always looked up: whether it is the one before nobody can foretell here.
        const std::size_t at = place_of(colour);
        if (known_[at] == (colour | kKnown)) {
          number = number_[at];
        } else {
          const int found = number_of(colour);
          if (found < 0) return false;
          number = static_cast<std::uint8_t>(found);
        }
        last = colour;
        to[x] = number;
      }
    }
  }
  return true;
}

void PackedCoder::pack_numbers(int bits, int width, int height) {
  const std::size_t count = groups(width) * static_cast<std::size_t>(height);
  plain_.resize(plain_size(bits, 0, width, height));
  const auto each = [&](auto pack, std::size_t step) {
    for (std::size_t i = 0; i < count; ++i) pack(numbers_.data() + 8 * i, plain_.data() + step * i);
  };
  switch (bits) {
    case 1: each(pack_eight<1>, 1); break;
    case 2: each(pack_eight<2>, 2); break;
    case 4: each(pack_eight<4>, 4); break;
    default: std::memcpy(plain_.data(), numbers_.data(), plain_.size()); break;
  }
  for (const std::uint32_t colour : colours_)
    for (int i = 0; i < 3; ++i) plain_.push_back(static_cast<std::uint8_t>(colour >> (8 * i)));
}

// Green, and how far red and blue are from it: greys repeat better.
void PackedCoder::take_channels(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height) {
  plain_.resize(plain_size(24, 0, width, height));
  std::uint8_t* to = plain_.data();
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* from = bgrx + y * stride;
    for (int x = 0; x < width; ++x, from += 4, to += 3) {
      to[0] = from[1];
      to[1] = static_cast<std::uint8_t>(from[2] - from[1]);
      to[2] = static_cast<std::uint8_t>(from[0] - from[1]);
    }
  }
}

// Bytes: bits of a pixel (1, 2, 4, 8, 24), colours - 1 (0 with 24 bits), a zstd frame of the numbers, each row filled up to
// whole groups of eight, and of the colours, B, G, R; or of the channels.
bool PackedCoder::encode(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::size_t most_bytes, Bytes& out) {
  BS_ASSERT(std::int64_t{width} * height <= kMostPixels);
  int bits = 24;
  if (number_colours(bgrx, stride, width, height)) {
    bits = colours_.size() <= 2 ? 1 : colours_.size() <= 4 ? 2 : colours_.size() <= 16 ? 4 : 8;
    pack_numbers(bits, width, height);
  } else {
    take_channels(bgrx, stride, width, height);
  }
  coded_.resize(ZSTD_compressBound(plain_.size()));
  const std::size_t size = ZSTD_compress2(compressor_.get(), coded_.data(), coded_.size(), plain_.data(), plain_.size());
  if (ZSTD_isError(size) != 0 || size + kHeader > most_bytes) return false;
  out.push_back(static_cast<std::uint8_t>(bits));
  out.push_back(static_cast<std::uint8_t>(bits == 24 ? 0 : colours_.size() - 1));
  out.insert(out.end(), coded_.begin(), coded_.begin() + static_cast<std::ptrdiff_t>(size));
  return true;
}

// A byte's pixels are looked up at once.
template <int kBits>
void PackedCoder::unpack(const std::uint8_t* from, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height) {
  constexpr std::size_t kIn = 8 / kBits;    // pixels in a byte
  pixels_of_byte_.resize(256 * kIn);
  for (std::size_t byte = 0; byte < 256; ++byte)
    for (std::size_t i = 0; i < kIn; ++i) pixels_of_byte_[byte * kIn + i] = colours_[byte >> (kBits * i) & ((1u << kBits) - 1)];
  const std::size_t row_bytes = groups(width) * kBits;
  row_.resize(row_bytes * kIn);
  for (int y = 0; y < height; ++y, from += row_bytes) {
    for (std::size_t i = 0; i < row_bytes; ++i) std::memcpy(row_.data() + i * kIn, pixels_of_byte_.data() + from[i] * kIn, 4 * kIn);
    std::memcpy(bgrx + y * stride, row_.data(), static_cast<std::size_t>(width) * 4);
  }
}

void PackedCoder::decode(ByteSpan bytes, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height) {
  BS_ASSERT(std::int64_t{width} * height <= kMostPixels);
  const int bits = bytes.size() > kHeader && (bytes[0] == 1 || bytes[0] == 2 || bytes[0] == 4 || bytes[0] == 8) ? bytes[0] : 24;
  const std::size_t count = bits == 24 || bytes.size() <= kHeader ? 0 : std::size_t{bytes[1]} + 1;
  plain_.assign(plain_size(bits, count, width, height), 0);
  if (bytes.size() > kHeader) {
    const ByteSpan frame = bytes.subspan(kHeader);
    // Of a frame that is none, or of another length, what there is is shown.
    (void)ZSTD_decompressDCtx(decompressor_.get(), plain_.data(), plain_.size(), frame.data(), frame.size());
  }
  if (bits != 24) {
    colours_.assign(kMostColours, kOpaque);   // hostile bytes name more than there are
    const std::uint8_t* from = plain_.data() + plain_.size() - count * 3;
    for (std::size_t i = 0; i < count; ++i, from += 3)
      colours_[i] = kOpaque | std::uint32_t{from[2]} << 16 | std::uint32_t{from[1]} << 8 | from[0];
  }
  switch (bits) {
    case 1: return unpack<1>(plain_.data(), bgrx, stride, width, height);
    case 2: return unpack<2>(plain_.data(), bgrx, stride, width, height);
    case 4: return unpack<4>(plain_.data(), bgrx, stride, width, height);
    case 8: return unpack<8>(plain_.data(), bgrx, stride, width, height);
    default: break;
  }
  const std::uint8_t* from = plain_.data();
  for (int y = 0; y < height; ++y) {
    std::uint8_t* to = bgrx + y * stride;
    for (int x = 0; x < width; ++x, from += 3, to += 4) {
      to[0] = static_cast<std::uint8_t>(from[2] + from[0]);
      to[1] = from[0];
      to[2] = static_cast<std::uint8_t>(from[1] + from[0]);
      to[3] = 255;
    }
  }
}

}  // namespace beside::tiles
