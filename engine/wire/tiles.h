// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/geometry.h"
#include "engine/base/result.h"

namespace beside::wire {

// RTP payload of exact tiles and copies (PROTOCOL 4). One update of a picture is one or more packets, its parts; every
// part holds whole ops and is decoded alone or (flag 2) after the one before it, so a lost packet loses its own rectangles and
// at most those of the parts that continue it. Ops are applied in
// their order within a part, parts in their order within an update, updates in the order of their numbers. Big-endian.
//
//   0      0x21
//   1      flags: 1 = last part of its update; 2 = continues: pixels are coded with what was learned in the part before it,
//          so without that part it is as lost; never on part 0
//   2..5   number of the update; grows by one
//   6..7   part, from 0
//   8..9   generation of the picture; a new one starts black, of the size below, with every cell inexact
//   10..13 width, height of the picture, 1..16384
//   14..17 generation of the desktop's layout
//   18     monitor, 0..16
//   19..27 three times u24, microseconds after capture (RTP header extension abs-capture-time): decided, coded, sent
//   28..   ops; a zero byte ends them, and zeros fill the rest
//
// Op: kind u8, rectangle x, y, width, height u16 each, within the picture and not empty, then
//   1 Solid      b, g, r u8
//   2 Tile       coding u8, length u16, bytes: the exact pixels; 65536 of them at most. Coding 4 (packed) may need several parts:
//                its bytes begin with a piece's flags, 1 = first, 2 = last; the others stand in the parts that continue this one
//   3 Copy       x, y u16: where the rectangle goes; back u8: the update whose picture it reads is number - back, 1..255
//   4 Coarse     coding u8, shift u8 (scale 1, 2, 4, 8 as 0..3 in bits 0..1, dropped colour bits 0..5 in bits 4..6), length u16,
//                bytes: an inexact picture of the rectangle, ceil(side / scale) large; 65536 pixels of it at most
//   5 VideoArea  stream u8 (0: nobody, 1..8), has u8 (0, 1), RTP timestamp u32 if has: whose pixels these are from now on
//   6 Exact      nothing: what the viewer has there is exact
//   7 Skip       nothing: these pixels are changed and will come in a later update; what the viewer has there is not exact
// A copy reads the picture as it was after update number - back and after the ops before it in its own update. Copies
// therefore stand before every other op of an update.
constexpr std::uint8_t kPayloadTiles = 99;             // RTP payload type, customer -> operator
constexpr std::size_t kTileHeaderBytes = 28;
constexpr std::uint8_t kTileLast = 1, kTileContinues = 2;   // flags
constexpr std::size_t kMaxTilePayload = 1152;          // of one packet; a multiple of 128
constexpr std::size_t kTilePadStep = 128;              // payloads under kTilePadBelow grow to the next multiple
constexpr std::size_t kTilePadBelow = 512;
constexpr int kMaxPictureSide = 16384;
constexpr int kMaxTilePixels = 65536;                  // of one Tile or Coarse, as coded
constexpr std::int64_t kMaxCodedPixels = 262144;       // of all Tiles and Coarses of one part: bounds the decoder's work
constexpr std::int64_t kMaxFillPictures = 2;           // all Solids and Copies of one part, in pixels: so many whole pictures
constexpr std::uint8_t kMaxVideoStream = 8;

struct TileHeader {
  std::uint32_t number = 0;
  std::uint16_t part = 0;
  bool last = false;                                   // last part of this update
  bool continues = false;                              // builds on the part before
  std::uint16_t generation = 0;
  int width = 0, height = 0;                           // of the picture
  std::uint32_t layout_generation = 0;
  std::uint8_t monitor_id = 0;
  microseconds decided{}, coded{}, sent{};             // after capture; above 16.7 s they stay at that
  bool operator==(const TileHeader&) const = default;
};

enum class TileOpKind : std::uint8_t { Solid = 1, Tile, Copy, Coarse, VideoArea, Exact, Skip };
// How bytes hold pixels; the coders are in codec/tiles.
enum class TileCoding : std::uint8_t { Context = 1, Photo = 2, Slope = 3, Packed = 4 };
constexpr std::uint8_t kPieceFirst = 1, kPieceLast = 2;   // flags of a Packed one's piece

struct TileOp {
  TileOpKind kind = TileOpKind::Exact;
  Rect area;                                           // of a Copy: what is read
  std::uint8_t bgr[3] = {0, 0, 0};                     // Solid
  TileCoding coding = TileCoding::Context;             // Tile, Coarse
  ByteSpan bytes;                                      // Tile, Coarse: into the packet parsed
  int x = 0, y = 0;                                    // Copy
  std::uint8_t back = 1;                               // Copy
  std::uint8_t scale_log2 = 0, dropped_bits = 0;       // Coarse
  std::uint8_t stream = 0;                             // VideoArea
  std::optional<std::uint32_t> rtp_timestamp;          // VideoArea
};
struct TilePacket {
  TileHeader header;
  std::vector<TileOp> ops;
};

// Every rectangle, source and destination lies within the picture that the header names, and every limit above holds.
// Whether the header's size is the viewer's is the caller's to ask. `out` is overwritten; its memory is used again.
// Errors: PeerFault.
Result<void> parse_tiles(ByteSpan payload, TilePacket& out);
// The header alone.
Result<TileHeader> parse_tile_header(ByteSpan payload);
// Kinds, rectangles and lengths, no pixels.
std::string dump_tiles(const TilePacket& packet);

// Writes one part. Thread: one. Failure: none; an op that has no room is not written, and the caller is told.
class TilePartWriter {
 public:
  explicit TilePartWriter(std::size_t most_bytes = kMaxTilePayload) : most_(most_bytes) {}
  void begin(const TileHeader& header);
  void set_most(std::size_t bytes) { most_ = bytes; }   // before begin(); kMaxTilePayload at most
  std::size_t most() const { return most_; }
  // Whether the op went in. Limits and bounds are the caller's promise (BS_ASSERT).
  bool add(const TileOp& op);
  // Bytes of pixels that a Tile or Coarse could still hold here, 0 if none.
  std::size_t room_for_bytes() const;
  // Pixels that Tiles and Coarses may still name, and those that Solids and Copies may.
  std::int64_t coded_pixels_left() const { return kMaxCodedPixels - coded_pixels_; }
  std::int64_t fill_pixels_left() const;
  bool empty() const { return out_.size() <= kTileHeaderBytes; }
  std::size_t size() const { return out_.size(); }
  void set_coded(microseconds after_capture);   // when it is known at the end only
  void set_continues();
  // Sets the last flag and pads. The bytes are valid until the next begin().
  const Bytes& finish(bool last);

 private:
  std::size_t most_;
  TileHeader header_;
  Bytes out_;
  std::int64_t coded_pixels_ = 0, fill_pixels_ = 0;
};

// Bytes that a payload of `bytes` grows to: the next multiple of 128 below 512, itself otherwise.
constexpr std::size_t padded_tile_size(std::size_t bytes) {
  return bytes < kTilePadBelow ? (bytes + kTilePadStep - 1) / kTilePadStep * kTilePadStep : bytes;
}
// Writes into a finished payload when it goes out; no other field depends on it.
void stamp_tiles_sent(MutableByteSpan payload, microseconds after_capture);

}  // namespace beside::wire
