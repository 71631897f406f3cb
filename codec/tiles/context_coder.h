// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/base/bytes.h"

namespace beside::tiles {

// Exact coding of text and drawings: few colours, shapes that come again, much that is flat. A flat stretch is one decision;
// elsewhere the colour that followed the same six neighbours last time is tried first, then the one that followed the same two,
// then the neighbours, then the colours seen so far, then a new colour. Each decision is range coded with learned chances.
// Nothing is carried from one call to the next, so every result is decoded alone.
// Thread: one. Owns 40 KiB of tables. Failure: none.
class ContextCoder {
 public:
  ContextCoder();
  ~ContextCoder();
  ContextCoder(const ContextCoder&) = delete;
  ContextCoder& operator=(const ContextCoder&) = delete;

  // Appends as many whole rows as `most_bytes` hold and returns how many; 0 and nothing appended if not even one. Pixels are
  // B, G, R, X; width 1..65536.
  int encode(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::size_t most_bytes, Bytes& out);
  // Fills the rectangle, X = 255. Any bytes give some picture.
  void decode(ByteSpan bytes, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height);

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace beside::tiles
