// SPDX-License-Identifier: GPL-3.0-or-later
// TileSender's half that hands regions to a video encoder and takes them back.
#include <algorithm>
#include <utility>

#include "engine/session/rect_join.h"
#include "engine/session/tile_sender.h"
#include "engine/wire/rtp.h"

namespace beside::session {
namespace {

constexpr int kTile = ports::kTileSide;
constexpr int kLeastSide = 64;                     // encoders want 16
constexpr int kMostSide = 8192;
constexpr auto kSlowest = 250ms;                   // between two changes that still are one movement
constexpr auto kPlaying = 1s;                       // what moved for so long
constexpr auto kPlayedRest = 200ms;                // is at rest after so long
constexpr auto kOrderPause = 500ms;                // between two encoders
constexpr auto kBarredFor = 10s;                   // after a failure; twice as long after the next
constexpr int kMostFailures = 3;                   // then never again
constexpr std::size_t kMostDamage = 64;
constexpr std::int64_t kLeastForMoves = 4096;      // changed pixels: below, pixels are cheaper than looking for them

}  // namespace

void TileSender::note_pace(const Rect& change, LocalTime now) {
  Pace& pace = paces_[static_cast<std::size_t>(change.y / kTile) * static_cast<std::size_t>((update_.width + kTile - 1) / kTile) +
                      static_cast<std::size_t>(change.x / kTile)];
  if (now == pace.last) return;
  if (now - pace.last > kSlowest) pace.since = now;
  const nanoseconds since = std::min<nanoseconds>(now - pace.last, kSlowest);
  pace.interval += (since - pace.interval) / 4;
  pace.last = now;
}

// What a video owns is not searched for moves, nor for the tight bounds of what changed: there every tile that changed at all
// is coded anew whatever changed in it.
void TileSender::find_changes() {
  const ports::PixelBuffer& pixels = *frame_->pixels;
  played_.clear();
  std::span<const Rect> where = damage_;
  if (any_owned_) {
    ports::tile_boxes(update_.width, update_.height, damage_, played_);
    still_.clear();
    std::erase_if(played_, [&](const Rect& box) {
      if (box.empty()) return true;
      if (cells_.owner(box.x / CellMap::kCell, box.y / CellMap::kCell) == 0) {
        still_.push_back(box);
        return true;
      }
      return ports::same_pixels(*shadow_, pixels, box);
    });
    where = still_;
  }
  if (!where.empty()) tools_.detector->find(*shadow_, pixels, where, changed_);
  std::int64_t area = 0;
  for (const Rect& r : changed_) area += std::int64_t{r.width} * r.height;
  if (area >= kLeastForMoves) carry_moves();
  changed_.insert(changed_.end(), played_.begin(), played_.end());
}

// A film of ten pictures a second does not rest between two of them, and one that has played for a while stumbles now and then:
// all of it as exact tiles would cost as much as a second of it.
nanoseconds TileSender::rest_of(const Pace& pace) const {
  const nanoseconds least = pace.last - pace.since > kPlaying ? kPlayedRest : kRest;
  return std::clamp<nanoseconds>(pace.interval * 5 / 2, least, kSlowest);
}

// Gives what is wanted as video and lies in the ready encoder's place to its stream, and takes back what is not wanted any
// more: from there on nobody draws it but tiles, which follow because its cells are not exact.
void TileSender::own_video(LocalTime now) {
  rest_at_ = kNever;
  if (stream_ == 0 && !any_owned_) return;
  const std::uint32_t stamp = wire::to_90khz(frame_->captured_at);
  std::vector<Rect> give, take;
  any_owned_ = false;
  for (int ty = 0; ty < update_.height; ty += kTile) {
    for (int tx = 0; tx < update_.width; tx += kTile) {
      const Rect tile = Rect{tx, ty, kTile, kTile}.clipped_to(cells_.picture());
      const int cx = tx / CellMap::kCell, cy = ty / CellMap::kCell;
      const std::uint8_t owner = cells_.owner(cx, cy);
      const Pace& pace = paces_[static_cast<std::size_t>(ty / kTile) * static_cast<std::size_t>((update_.width + kTile - 1) / kTile) +
                                static_cast<std::size_t>(tx / kTile)];
      const LocalTime rested = pace.last + rest_of(pace);
      const bool wanted = stream_ != 0 && tile.clipped_to(place_) == tile && now < rested &&
                          std::any_of(video_wanted_.begin(), video_wanted_.end(), [&](const Rect& v) { return !v.clipped_to(tile).empty(); });
      if (!wanted && owner != 0) take.push_back(tile);
      if (!wanted) continue;
      any_owned_ = true;
      rest_at_ = std::min(rest_at_, rested);
      bool told = owner == stream_;
      const Rect cells = cells_.cells_of(tile);
      for (int y = cells.y; y < cells.bottom() && told; ++y)
        for (int x = cells.x; x < cells.right() && told; ++x) told = (cells_.at(x, y) & CellMap::kStale) == 0;
      if (!told) give.push_back(tile);
    }
  }
  join_rects(take, true);
  join_rects(give, true);
  for (const Rect& r : take) {
    open();
    tools_.encoder->video_area(0, r, nullptr);
    cells_.give(r, 0);
    work_ = true;
  }
  for (const Rect& r : give) {
    open();
    tools_.encoder->video_area(stream_, r, &stamp);
    cells_.give(r, stream_);
    cells_.clear(r, CellMap::kStale | CellMap::kDirty);
    ports::copy_pixels(*shadow_, *frame_->pixels, r);
    video_damage_.push_back(r);
    video_due_ = true;
  }
}

// One encoder for the rectangle that holds everything that moves; another one when that outgrew it or became much smaller.
void TileSender::order_video(LocalTime now) {
  if (video_wanted_.empty() || now < video_barred_until_ || ordered_ || now < next_order_) return;
  Rect region;
  for (const Rect& v : video_wanted_) region = region.united_with(v);
  const int left = region.x / kTile * kTile, top = region.y / kTile * kTile;
  region = Rect{left, top, (region.right() + kTile - 1) / kTile * kTile - left, (region.bottom() + kTile - 1) / kTile * kTile - top};
  region = region.clipped_to(cells_.picture());
  if (region.width < kLeastSide && region.x >= kTile) region = {region.x - kTile, region.y, region.width + kTile, region.height};
  if (region.height < kLeastSide && region.y >= kTile) region = {region.x, region.y - kTile, region.width, region.height + kTile};
  if (region.width < 16 || region.height < 16 || region.width > kMostSide || region.height > kMostSide) return;
  const auto area = [](const Rect& r) { return std::int64_t{r.width} * r.height; };
  if (stream_ != 0 && region.clipped_to(place_) == region && area(region) * 4 >= area(place_)) return;
  ordered_ = region;
  order_told_ = false;
  next_order_ = now + kOrderPause;
}

std::optional<TileSender::VideoOrder> TileSender::take_video_order() {
  if (!ordered_ || std::exchange(order_told_, true)) return std::nullopt;
  VideoOrder out{*ordered_, false, kSlowest};
  int tiles = 0, photos = 0;
  const int columns = (update_.width + kTile - 1) / kTile;
  for (int ty = out.place.y / kTile; ty * kTile < out.place.bottom(); ++ty) {
    for (int tx = out.place.x / kTile; tx * kTile < out.place.right(); ++tx) {
      if (tools_.classifier->class_of(tx, ty) != ports::TileClass::Video) continue;
      ++tiles;
      photos += tools_.classifier->photo(tx, ty) ? 1 : 0;
      out.interval = std::min(out.interval, paces_[static_cast<std::size_t>(ty) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(tx)].interval);
    }
  }
  out.photo = photos * 2 > tiles;
  return out;
}

void TileSender::video_ready(std::uint8_t stream, const Rect& place) {
  if (!ordered_ || *ordered_ != place || stream == 0 || stream > wire::kMaxVideoStream) return;   // of a picture that is gone
  ordered_.reset();
  stream_ = stream;
  place_ = place;
  wake_at_ = LocalTime::min();
  // The areas are handed over with the next frame or the next look, whichever comes first.
  look_again_ = true;
}

void TileSender::video_failed(LocalTime now) {
  stream_ = 0;
  ordered_.reset();
  video_due_ = false;
  video_damage_.clear();
  ++video_failures_;
  video_barred_until_ = video_failures_ >= kMostFailures ? kNever : now + kBarredFor * (1 << (video_failures_ - 1));
  wake_at_ = LocalTime::min();
  look_again_ = true;
}

std::optional<TileSender::VideoFrame> TileSender::take_video_frame() {
  if (stream_ == 0 || !frame_ || !any_owned_ || !std::exchange(video_due_, false)) return std::nullopt;
  VideoFrame out;
  out.stream = stream_;
  out.place = place_;
  out.frame = &*frame_;
  for (const Rect& r : video_damage_)
    if (const Rect inside = r.clipped_to(place_); !inside.empty()) out.damage.push_back(inside);
  video_damage_.clear();
  join_rects(out.damage);
  if (out.damage.size() > kMostDamage) {
    Rect all;
    for (const Rect& r : out.damage) all = all.united_with(r);
    out.damage.assign(1, all);
  }
  return out;
}

}  // namespace beside::session
