// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/ports/canvas.h"
#include "engine/ports/tile_coder.h"
#include "engine/wire/tiles.h"

namespace beside::session {

// Applies tile packets, in order, and decoded video to the viewer's canvas. Video is drawn only where the tiles said that it
// may, and only pictures that are not older than that: what was updated exactly is never overwritten by what was coded
// before. Pixels that tiles write take their cells back from video.
// Thread: one (decode). Failure: PeerFault, after which the stream is of no use.
class TileCanvas {
 public:
  static constexpr std::int64_t kMostPixels = 64'000'000;   // of a picture that a peer may make us keep

  TileCanvas(std::unique_ptr<ports::TileDecoder> decoder, std::shared_ptr<ports::Canvas> canvas)
      : decoder_(std::move(decoder)), canvas_(std::move(canvas)) {}

  // A new stream: what it sends first is a new picture, whatever its generation.
  void begin_stream() { started_ = false; }
  // True: an update ended with this packet and is shown.
  Result<bool> apply(ByteSpan payload, PeerTime captured_at, LocalTime received_at);
  // A picture of a video stream. `paint` writes a part of it, in pixels of the picture, as B, G, R, X; it is kept until the next one comes.
  using Paint = std::function<void(const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride)>;
  void video(std::uint8_t stream, std::uint16_t generation, const Rect& place, Paint paint, std::uint32_t rtp_timestamp, PeerTime captured_at,
             LocalTime received_at);
  void forget_video(std::uint8_t stream);  // its decoder is gone, or begins anew
  // Shows what was applied of an update whose end was lost.
  void commit_rest();
  bool uncommitted() const { return uncommitted_; }
  const ports::UpdateTimes& times() const { return times_; }   // of what was shown last

 private:
  struct Owner {
    std::uint8_t stream = 0;
    bool any_time = false;
    std::uint32_t since = 0;              // RTP timestamp of the first picture that may be drawn
  };
  Result<void> begin_picture(const wire::TileHeader& header);
  void give(const wire::TileOp& op);
  void take_back(const Rect& area);
  struct Newest;
  std::vector<Rect> parts_of(const Newest& newest, const Rect& area);
  static ports::Canvas::Fill fill_of(const Newest& newest);
  void commit(LocalTime received_at);
  template <typename Fn>
  void each_cell(const Rect& area, Fn&& fn);

  std::unique_ptr<ports::TileDecoder> decoder_;
  std::shared_ptr<ports::Canvas> canvas_;
  wire::TilePacket packet_;
  wire::TileHeader header_;               // of the picture that the canvas has
  bool started_ = false, any_owned_ = false, uncommitted_ = false;
  int columns_ = 0;
  std::vector<Owner> owners_;             // one per cell
  struct Newest {
    std::uint8_t stream = 0;              // 0: none
    std::uint16_t generation = 0;
    Rect place;
    std::uint32_t rtp_timestamp = 0;
    Paint paint;
  };
  std::array<Newest, wire::kMaxVideoStream + 1> newest_;   // of each stream; 0 is none
  ports::UpdateTimes times_;
  std::uint64_t number_ = 0;
};

}  // namespace beside::session
