// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/ports/canvas.h"
#include "engine/ports/frame.h"

namespace beside::ports {

// What all packets of one update say of it (engine/wire/tiles.h).
struct TileUpdate {
  std::uint32_t number = 0;
  std::uint16_t generation = 0;
  int width = 0, height = 0;                 // of the picture
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;
  microseconds decided{};                    // after capture
  // Parts in a row of which each may build on what the one before has learned; 0: every part is decoded alone. Longer is
  // smaller, but a lost part takes those behind it with it.
  int most_continued = 0;
  // The line carries more than the processors code: quickly rather than small, where parts may continue others.
  bool quick = false;
  std::size_t most_part_bytes = 0;           // of a payload, where the path takes no more; 0: as much as a payload may have
};

// One packet's payload as it leaves the encoder. The sender remembers `areas` with the RTP sequence number: if the packet is
// lost, these rectangles are sent again as they look then.
struct TilePart {
  ByteSpan payload;                          // valid during the call only
  std::uint32_t number = 0;
  std::uint16_t part = 0;
  bool last = false;                         // of its update
  bool copies = false;                       // holds copies: what later copies read may depend on it
  const std::vector<Rect>* areas = nullptr;  // what its pixels, copies and marks cover, within the picture; valid during the call
};

// Turns rectangles of pictures into packets. Call begin(), then copies, then the rest, then finish(); parts go to the sink as
// soon as they are full, so that the first leave while the rest is coded. Solid areas and the coding are found by the encoder.
// Thread: one (capture). Owns its buffers; a warm one allocates nothing. Failure: none.
class TileEncoder {
 public:
  using Sink = std::function<void(const TilePart&)>;
  virtual ~TileEncoder() = default;
  // `coded_now`: asked as a part is finished, microseconds after capture; may be empty.
  virtual void begin(const TileUpdate& update, Sink sink, std::function<microseconds()> coded_now) = 0;
  // `back`: the update that is read is number - back, 1..255. Before any other op of the update.
  virtual void copy(const Rect& from, int x, int y, std::uint8_t back) = 0;
  // The exact pixels of `area` of `picture`, whatever its size; is cut to the picture.
  virtual void exact(const PixelBuffer& picture, const Rect& area) = 0;
  // About how many bytes exact() would take, from a look at some rows; between begin() and finish() or not. A millisecond
  // for a large screen.
  virtual std::size_t estimate(const PixelBuffer& picture, const Rect& area) = 0;
  // A coarse picture first: 1 / 2^scale_log2 (0..3) of each side, without the lowest dropped_bits (0..5) of each colour.
  virtual void coarse(const PixelBuffer& picture, const Rect& area, int scale_log2, int dropped_bits) = 0;
  // Whose pixels these are from now on: video stream 1..8 or nobody (0); rtp_timestamp: of the first picture, or none.
  virtual void video_area(std::uint8_t stream, const Rect& area, const std::uint32_t* rtp_timestamp) = 0;
  // The viewer's pixels are exact there already; are no longer what the customer has there.
  virtual void mark_exact(const Rect& area) = 0;
  virtual void mark_stale(const Rect& area) = 0;
  // Sends what is left with the last mark; an update without ops is one packet without ops. Returns the bytes of all parts.
  virtual std::size_t finish() = 0;
};

// Writes the pixels, copies and marks of one packet into a canvas; VideoArea is left to the caller (wire::parse_tiles).
// Thread: one (decode). Owns its buffers. Neither resets nor commits the canvas.
class TileDecoder {
 public:
  virtual ~TileDecoder() = default;
  // PeerFault: the packet is malformed, and nothing of it is written; any pixel bytes give some pixels. The canvas must have the
  // size and generation that the header names; the canvas cuts whatever lies outside it.
  virtual Result<void> apply(ByteSpan payload, Canvas& canvas) = 0;
};

}  // namespace beside::ports
