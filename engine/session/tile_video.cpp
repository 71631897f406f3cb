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
constexpr auto kOrderPause = 500ms;                // between two encoders
constexpr auto kBarredFor = 10s;                   // after a failure; twice as long after the next
constexpr int kMostFailures = 3;                   // then never again
constexpr std::size_t kMostDamage = 64;

}  // namespace

void TileSender::note_pace(const Rect& change, LocalTime now) {
  Pace& pace = paces_[static_cast<std::size_t>(change.y / kTile) * static_cast<std::size_t>((update_.width + kTile - 1) / kTile) +
                      static_cast<std::size_t>(change.x / kTile)];
  if (now == pace.last) return;
  const nanoseconds since = std::min<nanoseconds>(now - pace.last, kSlowest);
  pace.interval += (since - pace.interval) / 4;
  pace.last = now;
}

// A film of ten pictures a second does not rest between two of them.
nanoseconds TileSender::rest_of(const Pace& pace) const { return std::clamp<nanoseconds>(pace.interval * 5 / 2, kRest, kSlowest); }

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

std::optional<Rect> TileSender::take_video_order() {
  if (!ordered_ || std::exchange(order_told_, true)) return std::nullopt;
  return ordered_;
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
