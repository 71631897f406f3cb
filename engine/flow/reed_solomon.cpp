// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/reed_solomon.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/result.h"

namespace beside::flow {
namespace {
struct Tables {
  std::array<std::uint8_t, 512> exp{};
  std::array<std::uint8_t, 256> log{};
  constexpr Tables() {
    unsigned x = 1;
    for (unsigned i = 0; i < 255; ++i) {
      exp[i] = exp[i + 255] = static_cast<std::uint8_t>(x);
      log[x] = static_cast<std::uint8_t>(i);
      x <<= 1;
      if ((x & 0x100) != 0) x ^= 0x11D;
    }
  }
};
constexpr Tables kTables;

std::uint8_t factor_of(std::size_t row, std::size_t column) {
  return gf256_inverse(static_cast<std::uint8_t>(row ^ (ReedSolomon::kMaxParity + column)));
}

// Eight products at once: x times 2 in each byte, the carry out of bit 7 folded back as 0x1D.
std::uint64_t twice(std::uint64_t x) {
  const std::uint64_t carry = (x >> 7) & 0x0101010101010101u;
  return ((x & 0x7F7F7F7F7F7F7F7Fu) << 1) ^ carry ^ carry << 2 ^ carry << 3 ^ carry << 4;
}
}  // namespace

std::uint8_t gf256_multiply(std::uint8_t a, std::uint8_t b) {
  return a == 0 || b == 0 ? std::uint8_t{0} : kTables.exp[static_cast<std::size_t>(kTables.log[a]) + kTables.log[b]];
}

std::uint8_t gf256_inverse(std::uint8_t a) { return a == 0 ? std::uint8_t{0} : kTables.exp[255u - kTables.log[a]]; }

// Plain words and no branch on data, so that the compiler makes vectors of it (this file is built with -O3).
void gf256_add_scaled(MutableByteSpan out, ByteSpan in, std::uint8_t factor) {
  BS_ASSERT(out.size() >= in.size());
  std::array<std::uint64_t, 8> mask{};
  for (unsigned bit = 0; bit < 8; ++bit) mask[bit] = (factor >> bit & 1) != 0 ? ~std::uint64_t{0} : 0;
  const std::size_t words = in.size() / 8;
  std::uint8_t* to = out.data();
  const std::uint8_t* from = in.data();
  for (std::size_t i = 0; i < words; ++i) {
    std::uint64_t x = 0, sum = 0;
    std::memcpy(&x, from + i * 8, 8);
    std::memcpy(&sum, to + i * 8, 8);
    for (unsigned bit = 0; bit < 8; ++bit) {
      sum ^= x & mask[bit];
      x = twice(x);
    }
    std::memcpy(to + i * 8, &sum, 8);
  }
  for (std::size_t i = words * 8; i < in.size(); ++i) to[i] = static_cast<std::uint8_t>(to[i] ^ gf256_multiply(from[i], factor));
}

void ReedSolomon::add(std::size_t row, std::size_t column, ByteSpan source, MutableByteSpan parity) {
  BS_ASSERT(row < kMaxParity && column < kMaxSources);
  gf256_add_scaled(parity, source, factor_of(row, column));
}

std::optional<std::vector<Bytes>> ReedSolomon::recover(std::span<const Symbol> sources, std::span<const Symbol> parity,
                                                       std::span<const std::size_t> missing, std::size_t size) {
  const std::size_t n = missing.size();
  if (n == 0 || parity.size() < n || n > kMaxParity) return std::nullopt;
  for (const Symbol& s : sources)
    if (s.index >= kMaxSources || s.bytes.size() > size) return std::nullopt;
  for (const Symbol& p : parity.first(n))
    if (p.index >= kMaxParity || p.bytes.size() != size) return std::nullopt;
  for (const std::size_t column : missing)
    if (column >= kMaxSources) return std::nullopt;

  // What the missing sources alone put into each parity row ...
  std::vector<Bytes> rows;
  rows.reserve(n);
  std::vector<std::uint8_t> matrix(n * n);
  for (std::size_t r = 0; r < n; ++r) {
    rows.push_back(to_bytes(parity[r].bytes));
    for (const Symbol& s : sources) add(parity[r].index, s.index, s.bytes, rows.back());
    for (std::size_t c = 0; c < n; ++c) matrix[r * n + c] = factor_of(parity[r].index, missing[c]);
  }
  // ... and the equations solved in place (Gauss and Jordan). No pivot is 0 unless an index is there twice.
  for (std::size_t p = 0; p < n; ++p) {
    std::size_t from = p;
    while (from < n && matrix[from * n + p] == 0) ++from;
    if (from == n) return std::nullopt;
    if (from != p) {
      std::swap(rows[from], rows[p]);
      std::swap_ranges(matrix.begin() + static_cast<std::ptrdiff_t>(from * n), matrix.begin() + static_cast<std::ptrdiff_t>((from + 1) * n),
                       matrix.begin() + static_cast<std::ptrdiff_t>(p * n));
    }
    const std::uint8_t inverse = gf256_inverse(matrix[p * n + p]);
    for (std::size_t c = 0; c < n; ++c) matrix[p * n + c] = gf256_multiply(matrix[p * n + c], inverse);
    Bytes scaled(size, 0);
    gf256_add_scaled(scaled, rows[p], inverse);
    rows[p] = std::move(scaled);
    for (std::size_t r = 0; r < n; ++r) {
      const std::uint8_t factor = r == p ? std::uint8_t{0} : matrix[r * n + p];
      if (factor == 0) continue;
      for (std::size_t c = 0; c < n; ++c) matrix[r * n + c] ^= gf256_multiply(matrix[p * n + c], factor);
      gf256_add_scaled(rows[r], rows[p], factor);
    }
  }
  return rows;
}

}  // namespace beside::flow
