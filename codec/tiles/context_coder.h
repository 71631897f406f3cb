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
// What was learned is kept until reset(): a decoder must be given the same calls, from the reset on.
// Thread: one. Owns 450 KiB of tables. Failure: none.
class ContextCoder {
 public:
  ContextCoder();
  ~ContextCoder();
  ContextCoder(const ContextCoder&) = delete;
  ContextCoder& operator=(const ContextCoder&) = delete;

  void reset();
  // Appends as many whole rows as `most_bytes` hold and returns how many; 0 and nothing appended if not even one. Pixels are
  // B, G, R, X; width 1..65536.
  int encode(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::size_t most_bytes, Bytes& out);
  // Takes back what the last encode() learned: its bytes are not used.
  void undo();
  // Fills the rectangle, X = 255. Any bytes give some picture.
  void decode(ByteSpan bytes, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height);

  struct Model;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace beside::tiles
