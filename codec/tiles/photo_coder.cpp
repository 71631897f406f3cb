// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/tiles/photo_coder.h"

#include <algorithm>
#include <bit>

namespace beside::tiles {
namespace {

constexpr int kLongestUnary = 20;   // then the value follows in eight bits
constexpr unsigned kMeanUnit = 64, kMeanOf = 16;   // a running mean over so many, in 64ths

// Writes into memory that has room for whatever comes (the caller's promise), four bytes at a time.
class BitWriter {
 public:
  static constexpr bool kWrites = true;
  explicit BitWriter(std::uint8_t* out) : out_(out) {}
  // `count` 0..32, value below 2^count.
  std::uint32_t bits(std::uint32_t value, int count) {
    pool_ = pool_ << count | value;
    held_ += count;
    if (held_ >= 32) {
      held_ -= 32;
      const auto word = static_cast<std::uint32_t>(pool_ >> held_);
      for (int i = 0; i < 4; ++i) out_[i] = static_cast<std::uint8_t>(word >> (24 - 8 * i));
      out_ += 4;
    }
    return value;
  }
  // A Rice code: zeros and a one, then the low k bits; or the longest row of zeros, then eight bits.
  std::uint32_t rice(std::uint32_t value, int k) {
    const std::uint32_t zeros = value >> k;
    if (zeros < kLongestUnary) {
      bits(1u << k | (value & ((1u << k) - 1)), static_cast<int>(zeros) + 1 + k);
    } else {
      bits(1u << 8 | value, kLongestUnary + 1 + 8);
    }
    return value;
  }
  struct Mark {
    std::uint8_t* out;
    std::uint64_t pool;
    int held;
    std::uint8_t* end() const { return out + (held + 7) / 8; }
  };
  Mark mark() const { return {out_, pool_, held_}; }
  // Writes out what the mark holds; returns the end.
  static std::uint8_t* finish(const Mark& m) {
    const std::uint64_t front = m.pool << (31 - m.held) << 1;   // the held bits at the top of 32
    for (int i = 0; i < (m.held + 7) / 8; ++i) m.out[i] = static_cast<std::uint8_t>(front >> (24 - 8 * i));
    return m.end();
  }

 private:
  std::uint8_t* out_;
  std::uint64_t pool_ = 0;
  int held_ = 0;   // below 32 between calls
};

// Reads what BitWriter wrote, and zeros past the end.
class BitReader {
 public:
  static constexpr bool kWrites = false;
  explicit BitReader(ByteSpan in) : at_(in.data()), end_(in.data() + in.size()) {}
  std::uint32_t bits(std::uint32_t, int count) {
    fill();
    return take(count);
  }
  std::uint32_t rice(std::uint32_t, int k) {
    fill();
    const int zeros = std::min(std::countl_zero(pool_ << (64 - held_)), kLongestUnary);
    held_ -= zeros + 1;
    if (zeros < kLongestUnary) return std::min(static_cast<std::uint32_t>(zeros) << k | take(k), 255u);
    return take(8);
  }

 private:
  // `count` bits, which are held.
  std::uint32_t take(int count) {
    held_ -= count;
    return static_cast<std::uint32_t>(pool_ >> held_ & ((std::uint64_t{1} << count) - 1));
  }
  // At least 32 bits: the longest code has 29.
  void fill() {
    if (held_ >= 32) return;
    std::uint32_t word = 0;
    if (end_ - at_ >= 4) {
      word = static_cast<std::uint32_t>(at_[0]) << 24 | static_cast<std::uint32_t>(at_[1]) << 16 | static_cast<std::uint32_t>(at_[2]) << 8 | at_[3];
      at_ += 4;
    } else {
      for (int i = 0; i < 4; ++i) word = word << 8 | (at_ < end_ ? *at_++ : 0u);
    }
    pool_ = pool_ << 32 | word;
    held_ += 32;
  }
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t pool_ = 0;
  int held_ = 0;
};

std::size_t activity(int w, int n, int nw, int ne) {
  const int sum = std::abs(w - nw) + std::abs(n - nw) + std::abs(ne - n);
  return std::min<std::size_t>(std::bit_width(static_cast<unsigned>(sum)), 8);
}

}  // namespace

void PhotoCoder::start(int width) {
  for (auto& channel : means_) {
    for (int a = 0; a < kActivities; ++a) channel[static_cast<std::size_t>(a)] = static_cast<std::uint16_t>(kMeanUnit << std::max(a - 1, 0));
  }
  above_.assign(static_cast<std::size_t>(width) + 2, Planes{128, 128, 128});
  now_.assign(static_cast<std::size_t>(width) + 2, Planes{128, 128, 128});
}

template <class Coder>
std::uint8_t PhotoCoder::sample(Coder& coder, std::uint16_t& mean, int w, int n, int nw, std::uint8_t actual) {
  const int predicted = std::max(std::min(w, n), std::min(std::max(w, n), w + n - nw));
  const int k = std::min(static_cast<int>(std::bit_width(mean * 11u / (16 * kMeanUnit))), 7);
  std::uint32_t folded = 0;   // 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
  if constexpr (Coder::kWrites) {
    const int difference = static_cast<std::int8_t>(actual - predicted);
    folded = static_cast<std::uint32_t>(difference * 2 ^ difference >> 31);
  }
  folded = coder.rice(folded, k);
  mean = static_cast<std::uint16_t>(mean + folded * (kMeanUnit / kMeanOf) - mean / kMeanOf);
  const int difference = static_cast<int>(folded >> 1) ^ -static_cast<int>(folded & 1);
  return static_cast<std::uint8_t>(predicted + difference);
}

template <class Coder>
void PhotoCoder::row(Coder& coder, int width) {
  now_[0] = above_[1];
  for (std::size_t x = 1; x <= static_cast<std::size_t>(width); ++x) {
    const Planes w = now_[x - 1], n = above_[x], nw = above_[x - 1], ne = above_[x + 1];
    Planes& p = now_[x];
    if (w == n && n == nw) {
      if (coder.bits(p == w ? 1 : 0, 1) != 0) {
        p = w;
        continue;
      }
    }
    p.green = sample(coder, means_[0][activity(w.green, n.green, nw.green, ne.green)], w.green, n.green, nw.green, p.green);
    p.red = sample(coder, means_[1][activity(w.red, n.red, nw.red, ne.red)], w.red, n.red, nw.red, p.red);
    p.blue = sample(coder, means_[2][activity(w.blue, n.blue, nw.blue, ne.blue)], w.blue, n.blue, nw.blue, p.blue);
  }
  now_[static_cast<std::size_t>(width) + 1] = now_[static_cast<std::size_t>(width)];
}

int PhotoCoder::encode(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::size_t most_bytes, Bytes& out) {
  start(width);
  // A pixel takes 3 codes of 29 bits and a flag at most.
  scratch_.resize(most_bytes + static_cast<std::size_t>(width) * 11 + 8);
  BitWriter coder(scratch_.data());
  BitWriter::Mark good = coder.mark();
  int rows = 0;
  for (; rows < height; ++rows) {
    const std::uint8_t* from = bgrx + rows * stride;
    for (std::size_t x = 1; x <= static_cast<std::size_t>(width); ++x, from += 4)
      now_[x] = {from[1], static_cast<std::uint8_t>(from[2] - from[1] + 128), static_cast<std::uint8_t>(from[0] - from[1] + 128)};
    row(coder, width);
    const BitWriter::Mark mark = coder.mark();
    if (mark.end() > scratch_.data() + most_bytes) break;
    good = mark;
    std::swap(above_, now_);
  }
  if (rows > 0) out.insert(out.end(), scratch_.data(), BitWriter::finish(good));
  return rows;
}

void PhotoCoder::decode(ByteSpan bytes, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height) {
  start(width);
  BitReader coder(bytes);
  for (int y = 0; y < height; ++y) {
    row(coder, width);
    std::uint8_t* to = bgrx + y * stride;
    for (std::size_t x = 1; x <= static_cast<std::size_t>(width); ++x, to += 4) {
      const Planes p = now_[x];
      to[0] = static_cast<std::uint8_t>(p.blue + p.green - 128);
      to[1] = p.green;
      to[2] = static_cast<std::uint8_t>(p.red + p.green - 128);
      to[3] = 255;
    }
    std::swap(above_, now_);
  }
}

}  // namespace beside::tiles
