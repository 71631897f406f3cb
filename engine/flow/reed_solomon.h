// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/bytes.h"

namespace beside::flow {

// Systematic Reed-Solomon erasure code over GF(256) (polynomial 0x11D) with a Cauchy matrix: parity row j, source column i has
// the factor 1 / (x_j + y_i) with x_j = j and y_i = 64 + i. Any k of k + r symbols give back the k sources (every square
// part of a Cauchy matrix can be inverted). No I/O.
class ReedSolomon {
 public:
  static constexpr std::size_t kMaxSources = 128, kMaxParity = 64;
  // Adds source `column` into parity row `row`: parity ^= factor * source. A shorter source counts as padded with zeros.
  static void add(std::size_t row, std::size_t column, ByteSpan source, MutableByteSpan parity);
  struct Symbol {
    std::size_t index = 0;    // source column, or parity row
    ByteSpan bytes;
  };
  // The sources named in `missing`, in that order, all `size` bytes long. `sources` are those that came, `parity` at least as
  // many as are missing (the first ones are used). None when the numbers are out of range or do not suffice.
  static std::optional<std::vector<Bytes>> recover(std::span<const Symbol> sources, std::span<const Symbol> parity,
                                                   std::span<const std::size_t> missing, std::size_t size);
};

// out[i] ^= factor * in[i] for all of `in`. out must not be shorter.
void gf256_add_scaled(MutableByteSpan out, ByteSpan in, std::uint8_t factor);
std::uint8_t gf256_multiply(std::uint8_t a, std::uint8_t b);
std::uint8_t gf256_inverse(std::uint8_t a);   // of 0: 0

}  // namespace beside::flow
