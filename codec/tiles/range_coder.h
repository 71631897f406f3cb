// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/bytes.h"

namespace beside::tiles {

// The chance that a binary decision is 1, learned from the decisions so far: fast at first, since a packet is short and starts
// without knowledge, then slower.
struct Chance {
  std::uint16_t p = 1u << 15;   // of 65536
  std::uint16_t seen = 0;
};

namespace detail {
constexpr int kSlowest = 30;
constexpr std::array<std::int32_t, kSlowest + 1> make_rates() {
  std::array<std::int32_t, kSlowest + 1> rates{};
  for (int n = 0; n <= kSlowest; ++n) rates[static_cast<std::size_t>(n)] = (1 << 15) / (2 * n + 3);   // 1 / (n + 1.5), of 16384
  return rates;
}
inline constexpr auto kRates = make_rates();
}  // namespace detail

inline void learn(Chance& chance, bool bit) {
  const std::int32_t rate = detail::kRates[chance.seen];
  const std::int32_t p = chance.p;
  chance.p = static_cast<std::uint16_t>(std::clamp(p + (((bit ? 65535 : 0) - p) * rate >> 14), 24, 65511));
  if (chance.seen < detail::kSlowest) ++chance.seen;
}

// Binary arithmetic coding with carries (G. N. N. Martin, Range encoding, 1979): `low` is what was coded, `range` the room left.
class RangeEncoder {
 public:
  explicit RangeEncoder(Bytes& out) : out_(out) {}
  // Where the coder stood, so that what followed can be taken back.
  struct Mark {
    std::uint64_t low = 0;
    std::uint32_t range = 0xffffffff;
    std::uint8_t cache = 0;
    bool started = false;
    std::size_t waiting = 0, size = 0;
  };

  bool bit(Chance& chance, bool bit) {
    const auto bound = static_cast<std::uint32_t>(std::uint64_t{at_.range} * chance.p >> 16);
    if (bit) {
      at_.range = bound;
    } else {
      at_.low += bound;
      at_.range -= bound;
    }
    learn(chance, bit);
    while (at_.range < 1u << 24) {
      at_.range <<= 8;
      shift();
    }
    return bit;
  }
  // `count` (0..16) bits of even chance.
  std::uint32_t even_bits(std::uint32_t value, int count) {
    at_.range >>= count;
    at_.low += std::uint64_t{value} * at_.range;
    while (at_.range < 1u << 24) {
      at_.range <<= 8;
      shift();
    }
    return value;
  }
  Mark mark() const {
    Mark m = at_;
    m.size = out_.size();
    return m;
  }
  void return_to(const Mark& m) {
    at_ = m;
    out_.resize(m.size);
  }
  // Bytes that the output would have at most if it ended at the mark.
  static std::size_t most_bytes(const Mark& m) { return m.size + m.waiting + 5; }
  // Ends with the shortest bytes that decode to what was coded; a decoder reads zeros past them.
  void finish(std::size_t begin) {
    const std::uint64_t top = at_.low + at_.range - 1;
    for (int zeros = 32; zeros >= 0; zeros -= 8) {
      const std::uint64_t value = top >> zeros << zeros;
      if (value < at_.low) continue;
      at_.low = value;
      break;
    }
    for (int i = 0; i < 5; ++i) shift();
    while (out_.size() > begin + 1 && out_.back() == 0) out_.pop_back();
    if (out_.size() == begin) out_.push_back(0);
  }

 private:
  void shift() {
    if (at_.low < 0xff000000u || at_.low > 0xffffffffu) {
      const auto carry = static_cast<std::uint8_t>(at_.low >> 32);
      if (at_.started) out_.push_back(static_cast<std::uint8_t>(at_.cache + carry));
      at_.started = true;
      for (; at_.waiting > 0; --at_.waiting) out_.push_back(static_cast<std::uint8_t>(0xff + carry));
      at_.cache = static_cast<std::uint8_t>(at_.low >> 24);
    } else {
      ++at_.waiting;
    }
    at_.low = (at_.low & 0x00ffffff) << 8;
  }
  Bytes& out_;
  Mark at_;
};

// Reads what RangeEncoder wrote; any bytes decode to something. Past the end it reads zeros, which
// an encoder leaves out.
class RangeDecoder {
 public:
  explicit RangeDecoder(ByteSpan in) : in_(in) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next();
  }
  bool bit(Chance& chance, bool = false) {
    const auto bound = static_cast<std::uint32_t>(std::uint64_t{range_} * chance.p >> 16);
    const bool bit = code_ < bound;
    if (bit) {
      range_ = bound;
    } else {
      code_ -= bound;
      range_ -= bound;
    }
    learn(chance, bit);
    while (range_ < 1u << 24) {
      range_ <<= 8;
      code_ = code_ << 8 | next();
    }
    return bit;
  }
  std::uint32_t even_bits(std::uint32_t, int count) {
    range_ >>= count;
    const std::uint32_t value = std::min(code_ / range_, (1u << count) - 1);
    code_ -= value * range_;
    while (range_ < 1u << 24) {
      range_ <<= 8;
      code_ = code_ << 8 | next();
    }
    return value;
  }

 private:
  std::uint32_t next() { return at_ < in_.size() ? in_[at_++] : 0; }
  ByteSpan in_;
  std::size_t at_ = 0;
  std::uint32_t range_ = 0xffffffff, code_ = 0;
};

}  // namespace beside::tiles
