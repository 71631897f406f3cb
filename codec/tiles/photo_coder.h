// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/bytes.h"

namespace beside::tiles {

// Exact coding of photos and fine gradients: each channel is predicted from its neighbours (median of W, N and W + N - NW), green
// taken from red and blue first, and the rest written in Rice codes whose length follows what lies around (after LOCO-I, M.
// Weinberger, G. Seroussi, G. Sapiro, 2000). No tables to send, so short pieces cost no more than long ones.
// Thread: one. Failure: none.
class PhotoCoder {
 public:
  // Appends as many whole rows as `most_bytes` hold and returns how many; 0 and nothing appended if not even one. Pixels are
  // B, G, R, X; width 1..65536.
  int encode(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::size_t most_bytes, Bytes& out);
  // Fills the rectangle, X = 255. Any bytes give some picture.
  void decode(ByteSpan bytes, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height);

 private:
  static constexpr int kActivities = 9;
  struct Planes {
    std::uint8_t green, red, blue;   // red and blue as their difference from green, around 128
    bool operator==(const Planes&) const = default;
  };
  void start(int width);
  template <class Coder>
  void row(Coder& coder, int width);
  template <class Coder>
  std::uint8_t sample(Coder& coder, std::uint16_t& mean, int w, int n, int nw, std::uint8_t actual);

  // How large differences were lately, by channel and by how much the neighbours differ.
  std::array<std::array<std::uint16_t, kActivities>, 3> means_;
  std::vector<Planes> above_, now_;   // one pixel of padding at each end
  Bytes scratch_;
};

}  // namespace beside::tiles
