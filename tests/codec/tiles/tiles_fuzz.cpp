// SPDX-License-Identifier: GPL-3.0-or-later
// What a hostile sender may say: the packet is parsed, dumped, and written into a canvas of the size that it names, or of
// another. The first byte chooses: 0 the packet as it is, 1 its ops behind a sound header, 4 bytes for the packed coder, else
// pixels for the coders, which must come back as they were.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/tiles/context_coder.h"
#include "codec/tiles/packed_coder.h"
#include "codec/tiles/photo_coder.h"
#include "codec/tiles/tiles.h"
#include "engine/wire/tiles.h"

using namespace beside;

namespace {

void apply(ByteSpan payload) {
  static const auto decoder = tiles::make_tile_decoder();
  static ports::Canvas canvas;
  wire::TilePacket packet;
  const bool sound = static_cast<bool>(wire::parse_tiles(payload, packet));
  if (sound) {
    if (wire::dump_tiles(packet).empty()) __builtin_trap();
    const Rect picture{0, 0, packet.header.width, packet.header.height};
    for (const wire::TileOp& op : packet.ops) {
      if (op.area.empty() || op.area.clipped_to(picture) != op.area) __builtin_trap();
      const Rect to{op.x, op.y, op.area.width, op.area.height};
      if (op.kind == wire::TileOpKind::Copy && to.clipped_to(picture) != to) __builtin_trap();
    }
    const bool small = packet.header.width <= 512 && packet.header.height <= 512;
    canvas.reset(small ? packet.header.width : 100, small ? packet.header.height : 60, 1, 0);
  }
  // A part that continues another is refused as well where that one is not the last that was applied.
  const bool applied = static_cast<bool>(decoder->apply(payload, canvas));
  if (applied != sound && !(sound && packet.header.continues)) __builtin_trap();
  canvas.commit({1});
  (void)canvas.take();
}

// Both coders learn the same over all calls of one input.
template <class Coder>
struct Pair {
  Coder ours, theirs;
};

template <class Coder>
void round_trip(Pair<Coder>& pair, ByteSpan pixels) {
  Coder &coder = pair.ours, &back_coder = pair.theirs;
  if (pixels.size() < 8) return;
  const int width = 1 + pixels[0] % 70;
  const std::size_t most = 40 + 5 * std::size_t{pixels[1]};
  pixels = pixels.subspan(2);
  const int height = static_cast<int>(std::min<std::size_t>(pixels.size() / 4 / static_cast<std::size_t>(width), 40));
  if (height == 0) return;
  Bytes coded, back;
  const std::ptrdiff_t stride = std::ptrdiff_t{4} * width;
  const int rows = coder.encode(pixels.data(), stride, width, height, most, coded);
  if (coded.size() > most || (rows == 0) != coded.empty()) __builtin_trap();
  if (rows == 0) return;
  back.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(rows));
  back_coder.decode(coded, back.data(), stride, width, rows);
  for (std::size_t i = 0; i < back.size(); ++i)
    if (back[i] != (i % 4 == 3 ? 255 : pixels[i])) __builtin_trap();
}

void round_trip(tiles::PackedCoder& coder, ByteSpan pixels) {
  if (pixels.size() < 8) return;
  const int width = 1 + pixels[0] % 70;
  const std::size_t most = 40 + 5 * std::size_t{pixels[1]};
  pixels = pixels.subspan(2);
  const int height = static_cast<int>(std::min<std::size_t>(pixels.size() / 4 / static_cast<std::size_t>(width), 40));
  if (height == 0) return;
  const std::ptrdiff_t stride = std::ptrdiff_t{4} * width;
  Bytes coded, back(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height));
  const bool fits = coder.encode(pixels.data(), stride, width, height, most, coded);
  if (coded.size() > most || fits == coded.empty()) __builtin_trap();
  if (!fits) return;
  coder.decode(coded, back.data(), stride, width, height);
  for (std::size_t i = 0; i < back.size(); ++i)
    if (back[i] != (i % 4 == 3 ? 255 : pixels[i])) __builtin_trap();
}

// Any bytes are some picture, all of it written.
void unpack(tiles::PackedCoder& coder, ByteSpan bytes) {
  if (bytes.size() < 2) return;
  const int width = 1 + bytes[0], height = 1 + bytes[1] % 64;
  const std::ptrdiff_t stride = std::ptrdiff_t{4} * width;
  Bytes back(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height));
  coder.decode(bytes.subspan(2), back.data(), stride, width, height);
  for (std::size_t i = 3; i < back.size(); i += 4)
    if (back[i] != 255) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteSpan rest(data + 1, size - 1);
  static tiles::PackedCoder packed;
  switch (data[0] % 6) {
    case 0: apply(rest); break;
    case 1: {
      if (rest.size() < 3) break;
      wire::TilePartWriter writer;
      wire::TileHeader header;
      header.width = 1 + 2 * rest[0];
      header.height = 1 + rest[1];
      writer.begin(header);
      Bytes packet = writer.finish(true);
      packet.resize(wire::kTileHeaderBytes);
      packet.insert(packet.end(), rest.begin() + 2, rest.end());
      apply(packet);
      break;
    }
    case 2: {
      static Pair<tiles::ContextCoder> pair;
      pair.ours.reset();
      pair.theirs.reset();
      round_trip(pair, rest.first(rest.size() / 2));
      round_trip(pair, rest.subspan(rest.size() / 2));
      round_trip(pair, rest);
      break;
    }
    case 4: unpack(packed, rest); break;
    case 5: round_trip(packed, rest); break;
    default: {
      static Pair<tiles::PhotoCoder> pair;
      round_trip(pair, rest);
      break;
    }
  }
  return 0;
}
