// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <utility>

#include "codec/tiles/tile_look.h"
#include "codec/tiles/tiles.h"
#include "engine/base/rect_set.h"
#include "engine/ports/canvas.h"

namespace beside::tiles {
namespace {

using ports::kTileSide;
using ports::TileClass;
using ports::TileFacts;

constexpr milliseconds kWindow = 500ms;    // in which changes are counted
constexpr milliseconds kRest = 250ms;      // after so long without change a tile is no video any more,
constexpr milliseconds kPlayed = 1s;       // or after so long where it has been one for so long
// Into video: moves often, and each time costs more than video would. Out of it: hardly moves, or costs little for a while. The
// gap between both keeps a tile from going to and fro.
constexpr int kEnterChanges = 4, kStayChanges = 2;
constexpr int kEnterBytes = 450, kStayBytes = 120;
constexpr int kEdgeBytes = 60;             // of what moves together with a video: some rows of it, which that takes for next to nothing
constexpr int kEnterPixels = kTileSide * kTileSide / 5;
constexpr float kMovesAlike = 0.75F;
constexpr int kMostWaste = 35;             // percent that joined rectangles may cover for nothing: pieces cost more than that
constexpr milliseconds kLookAgain = 300ms; // at a tile of a video: looking costs more than all else that is done for it
constexpr std::size_t kRemembered = 32;    // changes of a tile

}  // namespace

namespace {
Rect touched_by(const Rect& r) { return {r.x - 1, r.y - 1, r.width + 2, r.height + 2}; }
bool is_smooth(const TileFacts& f) { return f.colours > 64 && f.gradient_percent >= 30; }
}  // namespace

TileClass classify(const TileFacts& f, TileClass before) {
  const bool was_video = before == TileClass::Video;
  if (was_video) {
    const milliseconds rest = f.played ? kPlayed : kRest;
    if (!f.changed && !f.copied) return f.rested >= rest ? TileClass::Nothing : TileClass::Video;
    const bool still_moves = (f.changes >= kStayChanges || f.played) && f.rested < rest;
    if (still_moves && (f.beside_video || f.exact_bytes >= kStayBytes || f.changes < kEnterChanges)) return TileClass::Video;
  }
  if (!f.changed) return f.copied ? TileClass::Copy : TileClass::Nothing;
  // Smooth content is what video is good at; few colours are what exact tiles are good at, so these must cost more.
  const bool smooth = is_smooth(f);
  const int enter_bytes = f.beside_video ? kEdgeBytes : smooth ? kEnterBytes : 2 * kEnterBytes;
  if (f.changes >= kEnterChanges && (f.beside_video || f.changed_pixels >= kEnterPixels) && f.exact_bytes >= enter_bytes) return TileClass::Video;
  return TileClass::Exact;
}

namespace {

class Classifier final : public ports::TileClassifier {
 public:
  void reset(int width, int height) override {
    width_ = width;
    height_ = height;
    columns_ = (width + kTileSide - 1) / kTileSide;
    rows_ = (height + kTileSide - 1) / kTileSide;
    tiles_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_), Tile{});
  }

  void decide(LocalTime now, const ports::PixelBuffer& frame, std::span<const Rect> changed, std::span<const ports::Move> moves,
              std::vector<Rect>& exact, std::vector<Rect>& video) override {
    exact.clear();
    video.clear();
    if (frame.width != width_ || frame.height != height_) reset(frame.width, frame.height);
    for (Tile& t : tiles_) t.changed = {}, t.pixels = 0, t.copied = false;
    for (const ports::Move& m : moves)
      each_tile({m.x, m.y, m.from.width, m.from.height}, [](Tile& t, const Rect&) { t.copied = true; });
    for (const Rect& r : changed) {
      each_tile(r, [](Tile& t, const Rect& part) {
        t.changed = t.changed.united_with(part);
        t.pixels += part.width * part.height;
      });
    }
    for (int y = 0; y < rows_; ++y)
      for (int x = 0; x < columns_; ++x) update(tiles_[index(x, y)], now, frame, moves_with_video(x, y));
    for (int y = 0; y < rows_; ++y) {
      for (int x = 0; x < columns_; ++x) {
        Tile& t = tiles_[index(x, y)];
        if (t.is == TileClass::Video || !moves_with_video(x, y)) continue;
        t.facts.beside_video = true;
        enter(t, classify(t.facts, t.is), now);
      }
    }
    for (const Rect& r : changed) {
      each_tile(r, [&](Tile& t, const Rect& part) {
        if (t.is == TileClass::Video) grow(t, part);
      });
    }
    for (const Rect& r : changed) {
      each_tile(r, [&](Tile& t, const Rect& part) {
        if (t.is != TileClass::Video || part.clipped_to(t.area) != part) exact.push_back(part);
      });
    }
    ports::join_rects(exact, kMostWaste);
    for (int y = 0; y < rows_; ++y) {
      for (int x = 0; x < columns_; ++x) {
        if (const Tile& t = tiles_[index(x, y)]; t.is == TileClass::Video) video.push_back(t.area);
      }
    }
    ports::join_rects(video, 0);
    for (const Rect& v : video) subtract(exact, v);   // what joining covered for nothing
  }

  TileClass class_of(int tile_x, int tile_y) const override {
    const bool inside = tile_x >= 0 && tile_y >= 0 && tile_x < columns_ && tile_y < rows_;
    return inside ? tiles_[index(tile_x, tile_y)].is : TileClass::Nothing;
  }

  bool photo(int tile_x, int tile_y) const override {
    const bool inside = tile_x >= 0 && tile_y >= 0 && tile_x < columns_ && tile_y < rows_;
    return inside && is_smooth(tiles_[index(tile_x, tile_y)].looked);
  }

  LocalTime next_change() const override {
    LocalTime next = kNever;
    for (const Tile& t : tiles_) {
      if (t.is == TileClass::Video) next = std::min(next, t.last + (t.played() ? kPlayed : kRest));
    }
    return next;
  }

 private:
  struct Tile {
    std::array<LocalTime, kRemembered> at{};   // of the last changes, a ring
    std::uint32_t seen = 0;
    LocalTime last{};
    Rect changed;
    int pixels = 0;
    bool copied = false, apart = false;
    TileClass is = TileClass::Nothing;
    TileFacts facts;                           // of this frame
    TileFacts looked;                          // colours, gradients and bytes when it was last looked at closely
    LocalTime looked_at{};
    LocalTime video_since{};
    Rect area;                                 // of a video: the cells in which it moved since it began
    float beside = 0;                          // how many of its changes came with one apart from that area, of 1, smoothed
    bool played() const { return last - video_since >= kPlayed; }
  };
  std::size_t index(int x, int y) const { return static_cast<std::size_t>(y) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(x); }

  template <class Use>
  void each_tile(const Rect& area, Use&& use) {
    const Rect r = area.clipped_to({0, 0, width_, height_});
    if (r.empty()) return;
    for (int y = r.y / kTileSide; y <= (r.bottom() - 1) / kTileSide; ++y)
      for (int x = r.x / kTileSide; x <= (r.right() - 1) / kTileSide; ++x)
        use(tiles_[index(x, y)], r.clipped_to({x * kTileSide, y * kTileSide, kTileSide, kTileSide}));
  }

  // What changed in it touches what changed in one of those around it that is a video's, and is no text that scrolls there.
  bool moves_with_video(int x, int y) const {
    const Rect& changed = tiles_[index(x, y)].changed;
    if (changed.empty() || tiles_[index(x, y)].copied) return false;
    const Rect reach = touched_by(changed);
    for (int ty = std::max(0, y - 1); ty <= std::min(rows_ - 1, y + 1); ++ty)
      for (int tx = std::max(0, x - 1); tx <= std::min(columns_ - 1, x + 1); ++tx)
        if (const Tile& t = tiles_[index(tx, ty)]; (tx != x || ty != y) && t.is == TileClass::Video && !t.changed.clipped_to(reach).empty()) return true;
    return false;
  }

  // What changes apart from a film's area is text that somebody types beside it, unless it moves as often as the film.
  void grow(Tile& t, const Rect& part) const {
    if (t.area.empty() || t.beside > kMovesAlike || !part.clipped_to(touched_by(t.area)).empty()) t.area = t.area.united_with(aligned_out(part, ports::Canvas::kCell).clipped_to({0, 0, width_, height_}));
    else t.apart = true;
  }

  static void enter(Tile& t, TileClass is, LocalTime now) {
    if (std::exchange(t.is, is) == TileClass::Video) return;
    t.video_since = now;
    t.area = {};
    t.beside = 0;
  }

  void update(Tile& t, LocalTime now, const ports::PixelBuffer& frame, bool beside_video) {
    if (t.changed.empty() && !t.copied && t.is != TileClass::Video) {
      t.is = TileClass::Nothing;
      return;
    }
    TileFacts& f = t.facts = {};
    f.changed = !t.changed.empty();
    f.copied = t.copied;
    f.beside_video = beside_video;
    f.played = t.is == TileClass::Video && t.played();
    f.rested = t.seen == 0 ? milliseconds(1 << 30) : std::chrono::duration_cast<milliseconds>(now - t.last);
    if (f.changed) {
      t.at[t.seen++ % kRemembered] = now;
      t.last = now;
    }
    const std::uint32_t known = std::min<std::uint32_t>(t.seen, kRemembered);
    for (std::uint32_t i = 0; i < known; ++i) f.changes += now - t.at[(t.seen - 1 - i) % kRemembered] <= kWindow ? 1 : 0;
    f.changed_pixels = t.pixels;
    // What only a video could be is looked at closely, and what is one already now and then; the rest is exact whatever it holds.
    if (t.is == TileClass::Video && now - t.looked_at < kLookAgain) {
      f.colours = t.looked.colours;
      f.gradient_percent = t.looked.gradient_percent;
      f.exact_bytes = t.looked.exact_bytes;
    } else if (f.changed && f.changes >= kStayChanges) {
      const TileLook look = looker_.look(frame.row(t.changed.y) + std::ptrdiff_t{4} * t.changed.x, frame.stride, t.changed.width,
                                         t.changed.height, t.changed.height > 16 ? 8 : 2);
      f.colours = look.solid ? 1 : look.colours;
      f.gradient_percent = look.edges > 0 ? look.slight * 100 / look.edges : 0;
      f.exact_bytes = look.solid ? 12 : static_cast<int>(std::min(look.photo_bits, look.context_bits) / 8);
      t.looked = f;
      t.looked_at = now;
    }
    if (t.is == TileClass::Video && f.changed) t.beside += (static_cast<float>(t.apart) - t.beside) / 8;   // of the change before
    t.apart = false;
    enter(t, classify(f, t.is), now);
  }

  int width_ = 0, height_ = 0, columns_ = 0, rows_ = 0;
  std::vector<Tile> tiles_;
  TileLooker looker_;
};

}  // namespace

std::unique_ptr<ports::TileClassifier> make_tile_classifier() { return std::make_unique<Classifier>(); }

}  // namespace beside::tiles
