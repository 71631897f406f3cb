// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/geometry.h"
#include "engine/ports/frame.h"

namespace beside::ports {

constexpr int kTileSide = 64;   // decisions are made per tile
constexpr int kCellSide = 16;   // and changes found per cell

// What the sender believes the viewer has (the shadow) against a new frame of the same size. The fourth byte of a pixel
// never counts. Thread: one (capture). Failure: none.
class ChangeDetector {
 public:
  virtual ~ChangeDetector() = default;
  // Rectangles that really differ, overwriting `changed`: not overlapping, tight around the changed pixels, each within one tile
  // of 64x64. Looks where `where` touches; it may overlap itself and reach outside the picture.
  virtual void find(const PixelBuffer& shadow, const PixelBuffer& frame, std::span<const Rect> where,
                    std::vector<Rect>& changed) = 0;
  virtual std::string describe() const { return "CPU"; }   // what compares, for the log and the ladder
};
// What of each tile of a picture lies within `where`, row of tiles by row; empty where nothing does.
void tile_boxes(int width, int height, std::span<const Rect> where, std::vector<Rect>& boxes);

// Pixels that are already on the viewer's screen elsewhere.
struct Move {
  Rect from;
  int x = 0, y = 0;             // where they go
  bool operator==(const Move&) const = default;
};

// Finds scrolls and dragged windows. Thread: one (capture). Failure: none; finding nothing is normal.
class MoveFinder {
 public:
  virtual ~MoveFinder() = default;
  // Looks for the changed rectangles of `frame` in `shadow`. Every move was compared byte for byte in the order given, has
  // been carried out in `shadow` already, and makes its destination equal the frame. Afterwards the caller asks the change
  // detector again for what is left of its rectangles (base/rect_set.h: subtract the destinations). Leave out what is video.
  // Bounded work: about 2 ms for 1920x1080 on a slow core.
  virtual void find(PixelBuffer& shadow, const PixelBuffer& frame, std::span<const Rect> changed, std::vector<Move>& moves) = 0;
};

// What is known of one tile of 64x64 when it is decided.
enum class TileClass : std::uint8_t { Nothing, Copy, Exact, Video };
struct TileFacts {
  bool changed = false;         // now, after copies
  bool copied = false;          // a copy covers what changed
  int changes = 0;              // that were not copies, in the last 500 ms, this one included
  milliseconds rested{};        // since the last change before this one
  bool played = false;          // it has been video for a second: it stumbles, and comes back
  bool beside_video = false;    // it touches what changes in a tile of a video
  int changed_pixels = 0;       // of this change
  int colours = 0;              // of the changed pixels; 65 means more than 64
  int gradient_percent = 0;     // neighbours that differ a little (1..24 of 255 in each colour), as in photos
  int exact_bytes = 0;          // what the change costs exactly, coded or estimated
};
// Decides per tile with hysteresis. Thread: one (capture).
class TileClassifier {
 public:
  virtual ~TileClassifier() = default;
  virtual void reset(int width, int height) = 0;   // of the picture; forgets everything
  // Takes the changed rectangles (of ChangeDetector) and the moves of this frame; `exact` and `video` are overwritten: what of
  // the changes goes exactly, and the areas that belong to video from now on: whole cells of 16x16 pixels, cut to the picture, one
  // rectangle of each tile, which grows while the tile is a video's.
  virtual void decide(LocalTime now, const PixelBuffer& frame, std::span<const Rect> changed, std::span<const Move> moves,
                      std::vector<Rect>& exact, std::vector<Rect>& video) = 0;
  virtual TileClass class_of(int tile_x, int tile_y) const = 0;
  // Whether a tile of class Video looked like a photo when it was last looked at; else like drawings and text.
  virtual bool photo(int tile_x, int tile_y) const = 0;
  // When the earliest tile of class Video will have rested long enough to leave it: ask decide() again then, with nothing
  // changed; areas no longer in `video` are to be sent exactly. kNever without video.
  virtual LocalTime next_change() const = 0;
};

// Copies pixels within the common bounds of both pictures, or within one (as if the source were read completely first).
void copy_pixels(PixelBuffer& to, const PixelBuffer& from, const Rect& area);
void move_pixels(PixelBuffer& picture, const Move& move);
// Whether the pictures hold the same colours in `area`, which is cut to both; the fourth byte does not count.
bool same_pixels(const PixelBuffer& a, const PixelBuffer& b, const Rect& area);
bool same_row(const std::uint8_t* a, const std::uint8_t* b, int pixels);
// Unites neighbours, first side by side, then below each other, where the union covers at most so many percent of pixels more
// than they do; `bounds_of_one`: and is at most so wide and high. What did not overlap may overlap afterwards by that waste.
void join_rects(std::vector<Rect>& rects, int most_waste_percent, const Rect* bounds_of_one = nullptr);

}  // namespace beside::ports
