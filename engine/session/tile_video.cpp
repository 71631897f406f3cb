// SPDX-License-Identifier: GPL-3.0-or-later
// TileSender's half that hands regions to a video encoder and takes them back.
#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "engine/base/rect_set.h"
#include "engine/session/rect_join.h"
#include "engine/session/tile_sender.h"
#include "engine/session/video_streams.h"
#include "engine/wire/rtp.h"

namespace beside::session {
namespace {

constexpr int kTile = ports::kTileSide;
constexpr int kLeastSide = 64;                     // encoders want 16
constexpr int kMostSide = 8192;
constexpr auto kSlowest = 250ms;                   // between two changes that still are one movement
constexpr auto kPlaying = 1s;                       // what moved for so long
constexpr auto kPlayedRest = 200ms;                // is at rest after so long
constexpr auto kStumble = 1s;                      // a pause that was no end
constexpr nanoseconds kStumblesFor = 10s, kStumbleRest = 500ms;
constexpr auto kOrderPause = 500ms;                // between two encoders
constexpr int kGrown = 2;                          // pictures for which an encoder's place has to stay the same,
constexpr auto kGrowing = 150ms;                   // or so long after it was first wanted
constexpr auto kBarredFor = 10s;                   // after a failure; twice as long after the next
constexpr int kMostFailures = 3;                   // then never again
constexpr std::size_t kMostDamage = 64;
constexpr nanoseconds kTick = 12us;                // a little more than one of the 90 kHz that pictures are told apart by
constexpr std::size_t kMostGroups = 3;             // encoders at work; one more while one is replaced
constexpr std::size_t kMostPieces = 32;            // more than that is one
constexpr std::int64_t kLittleWaste = 4 * kTile * kTile;   // pixels
constexpr std::int64_t kMuchDamage = 150'000;      // pixels
constexpr std::int64_t kLeastForMoves = 4096;      // changed pixels: below, pixels are cheaper than looking for them

}  // namespace

void TileSender::note_pace(const Rect& change, LocalTime now) {
  Pace& pace = paces_[static_cast<std::size_t>(change.y / kTile) * static_cast<std::size_t>((update_.width + kTile - 1) / kTile) +
                      static_cast<std::size_t>(change.x / kTile)];
  if (now == pace.last) return;
  const nanoseconds pause = now - pace.last;
  const bool played = pace.last - pace.since > kPlaying;
  if (played && pause > kPlayedRest && pause < kStumble) stumbled_at_ = now;
  else if (pause > kSlowest) pace.since = now;
  const nanoseconds since = std::min<nanoseconds>(now - pace.last, kSlowest);
  pace.interval += (since - pace.interval) / 4;
  pace.last = now;
}

// Of the tile that `part` lies in. There the video's damage is believed and the shadow left as it is: nobody reads it.
bool TileSender::all_played(const Rect& part) const {
  const Rect tile = Rect{part.x / kTile * kTile, part.y / kTile * kTile, kTile, kTile}.clipped_to(cells_.picture());
  return cells_.owned_part(tile) == tile;
}

// What a video owns is not searched for moves, nor for the tight bounds of what changed: there every tile that changed at all
// is coded anew whatever changed in it.
void TileSender::find_changes() {
  const ports::PixelBuffer& pixels = *frame_->pixels;
  played_.clear();
  std::span<const Rect> where = damage_;
  if (any_owned_) {
    ports::tile_boxes(update_.width, update_.height, damage_, boxes_);
    still_.clear();
    std::vector<Rect> beside;
    for (const Rect& box : boxes_) {
      if (box.empty()) continue;
      const Rect owned = cells_.owned_part(box), played = owned.clipped_to(box);
      if (!played.empty() && (all_played(played) || !ports::same_pixels(*shadow_, pixels, played))) played_.push_back(played);
      beside.assign(1, box);
      subtract(beside, owned);
      still_.insert(still_.end(), beside.begin(), beside.end());
    }
    where = still_;
  }
  // Much of it mostly moved, and the bounds of what changed there need not be known: tiles in which anything did are enough to see that.
  const bool much = !any_owned_ && area_of(where) >= kMuchDamage;
  if (much) {
    ports::tile_boxes(update_.width, update_.height, where, boxes_);
    for (const Rect& box : boxes_)
      if (!box.empty() && !ports::same_pixels(*shadow_, pixels, box)) changed_.push_back(box);
  } else if (!where.empty()) {
    tools_.detector->find(*shadow_, pixels, where, changed_);
  }
  if (area_of(changed_) >= kLeastForMoves) carry_moves();
  if (much || !moves_.empty()) {
    const std::vector<Rect> left = std::exchange(changed_, {});
    tools_.detector->find(*shadow_, pixels, left, changed_);
  }
  changed_.insert(changed_.end(), played_.begin(), played_.end());
  damage_.clear();
}

// Whether what else changed is video, and whose, is decided later: what a stream is given then is drawn from a second picture of the
// same frame on (picture_time).
bool TileSender::find_played() {
  if (!frame_ || !any_owned_ || damage_.empty() || found_ || room() <= 0) return false;
  changed_.clear();
  moves_.clear();
  find_changes();
  found_ = true;
  bool any = false;
  for (Video& video : videos_) video.early = video.owns;
  for (const Rect& r : changed_) {
    Video* video = video_of(cells_.owner(r.x / CellMap::kCell, r.y / CellMap::kCell));
    if (video == nullptr || !video->early) continue;
    video->damage.push_back(r);
    any = video->due = true;
  }
  return any;
}

// A second picture of one frame has a time of its own.
LocalTime TileSender::picture_time(const Video& video) const {
  return std::max(frame_->captured_at, video.taken == LocalTime{} ? LocalTime{} : video.taken + kTick);
}

// A film of ten pictures a second does not rest between two of them, and one that has played for a while stumbles now and then:
// all of it as exact tiles would cost as much as a second of it. Where one was seen to stumble, on a machine that is busy, it will again.
nanoseconds TileSender::rest_of(const Pace& pace, LocalTime now) const {
  const bool stumbles = stumbled_at_ != LocalTime{} && now - stumbled_at_ < kStumblesFor;
  const nanoseconds least = pace.last - pace.since <= kPlaying ? kRest : stumbles ? kStumbleRest : kPlayedRest;
  return std::clamp<nanoseconds>(pace.interval * 5 / 2, least, std::max<nanoseconds>(least, kSlowest));
}

TileSender::Video* TileSender::video_of(std::uint8_t stream) {
  for (Video& v : videos_)
    if (stream != 0 && v.stream == stream) return &v;
  return nullptr;
}

TileSender::Video* TileSender::video_for(const Rect& tile) {
  for (auto v = videos_.rbegin(); v != videos_.rend(); ++v)
    if (tile.clipped_to(v->place) == tile) return &*v;
  return nullptr;
}

// Gives what is wanted as video, one rectangle of whole cells in each tile, and lies in a ready encoder's place to its stream, and
// takes back what is not wanted any more: from there on nobody draws it but tiles, which follow because its cells are not exact.
void TileSender::own_video(LocalTime now) {
  rest_at_ = kNever;
  if (videos_.empty() && !any_owned_) return;
  std::vector<Rect> take, beside;
  std::vector<std::vector<Rect>> give(videos_.size());
  any_owned_ = false;
  for (Video& v : videos_) v.owns = false;
  for (int ty = 0; ty < update_.height; ty += kTile) {
    for (int tx = 0; tx < update_.width; tx += kTile) {
      const Rect tile = Rect{tx, ty, kTile, kTile}.clipped_to(cells_.picture());
      const Pace& pace = paces_[static_cast<std::size_t>(ty / kTile) * static_cast<std::size_t>((update_.width + kTile - 1) / kTile) +
                                static_cast<std::size_t>(tx / kTile)];
      const LocalTime rested = pace.last + rest_of(pace, now);
      Rect wanted;                                      // of this tile
      if (now < rested)
        for (const Rect& v : video_wanted_) wanted = wanted.united_with(v.clipped_to(tile));
      Video* video = wanted.empty() ? nullptr : video_for(tile);
      if (video == nullptr) wanted = {};
      if (const Rect owned = cells_.owned_part(tile); !owned.empty()) {
        beside.assign(1, owned);
        subtract(beside, wanted);
        if (!beside.empty() && !wanted.empty()) ports::copy_pixels(*shadow_, *frame_->pixels, wanted);   // compared again from now on
        take.insert(take.end(), beside.begin(), beside.end());
      }
      if (video == nullptr) continue;
      any_owned_ = video->owns = true;
      rest_at_ = std::min(rest_at_, rested);
      bool told = true;
      const Rect cells = cells_.cells_of(wanted);
      for (int y = cells.y; y < cells.bottom() && told; ++y)
        for (int x = cells.x; x < cells.right() && told; ++x) told = cells_.owner(x, y) == video->stream && (cells_.at(x, y) & CellMap::kStale) == 0;
      if (!told) give[static_cast<std::size_t>(video - videos_.data())].push_back(wanted);
    }
  }
  join_rects(take, true);
  for (const Rect& r : take) {
    open();
    tools_.encoder->video_area(0, r, nullptr);
    cells_.give(r, 0);
    work_ = true;
  }
  for (std::size_t i = 0; i < give.size(); ++i) {
    Video& video = videos_[i];
    join_rects(give[i], true);
    for (const Rect& r : give[i]) {
      open();
      const std::uint32_t stamp = wire::to_90khz(picture_time(video));
      tools_.encoder->video_area(video.stream, r, &stamp);
      cells_.give(r, video.stream);
      cells_.clear(r, CellMap::kStale | CellMap::kDirty);
      ports::copy_pixels(*shadow_, *frame_->pixels, r);
      video.damage.push_back(r);
      video.due = true;
    }
  }
}

// What moves as rectangles of which each is worth an encoder: those are united that lie near each other, and the nearest
// of the others until there are few enough.
void TileSender::cluster() {
  if (clustered_ == video_wanted_) return;
  clustered_ = groups_ = video_wanted_;
  const auto area = [](const Rect& r) { return std::int64_t{r.width} * r.height; };
  if (groups_.size() > kMostPieces) {
    Rect all;
    for (const Rect& r : groups_) all = all.united_with(r);
    groups_.assign(1, all);
  }
  while (groups_.size() > 1) {
    std::size_t first = 0, second = 0;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    bool worth = false;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      for (std::size_t k = i + 1; k < groups_.size(); ++k) {
        const std::int64_t both = area(groups_[i]) + area(groups_[k]), waste = area(groups_[i].united_with(groups_[k])) - both;
        if (waste >= least) continue;
        least = waste;
        first = i;
        second = k;
        worth = waste * 2 <= both || waste <= kLittleWaste;
      }
    }
    if (!worth && groups_.size() <= kMostGroups) break;
    groups_[first] = groups_[first].united_with(groups_[second]);
    groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(second));
  }
}

// The place that an encoder for this group should have; nothing when there is one that fits. A group that outgrew an encoder gets
// room to grow on the sides where it did, so that nothing begins anew with each step.
std::optional<Rect> TileSender::place_for(const Rect& group) const {
  Rect place = aligned_out(group, kTile).clipped_to(cells_.picture());
  if (place.width < kLeastSide && place.x >= kTile) place = {place.x - kTile, place.y, place.width + kTile, place.height};
  if (place.height < kLeastSide && place.y >= kTile) place = {place.x, place.y - kTile, place.width, place.height + kTile};
  if (place.width < 16 || place.height < 16 || place.width > kMostSide || place.height > kMostSide) return std::nullopt;
  const auto area = [](const Rect& r) { return std::int64_t{r.width} * r.height; };
  const Video *outgrown = nullptr, *worn = nullptr;
  for (const Video& v : videos_) {
    const Rect common = place.clipped_to(v.place);
    if (common == place && area(place) * 4 >= area(v.place)) {
      if (!v.renew) return std::nullopt;
      worn = &v;
    }
    if (common != place && area(common) * 2 > area(v.place)) outgrown = &v;
  }
  if (worn != nullptr) return worn->place;
  if (outgrown == nullptr) return place;
  const Rect& old = outgrown->place;
  Rect roomy = place;
  if (place.x < old.x) roomy = roomy.united_with({place.x - kTile, place.y, 1, 1});
  if (place.y < old.y) roomy = roomy.united_with({place.x, place.y - kTile, 1, 1});
  if (place.right() > old.right()) roomy.width += kTile;
  if (place.bottom() > old.bottom()) roomy.height += kTile;
  return roomy.clipped_to(cells_.picture());
}

// One encoder for each rectangle that holds something that moves.
void TileSender::order_video(LocalTime now) {
  if (video_wanted_.empty()) growing_.reset();
  if (video_wanted_.empty() || now < video_barred_until_ || ordered_ || now < next_order_) return;
  cluster();
  for (const Rect& group : groups_) {
    const auto place = place_for(group);
    if (!place) continue;
    // What begins to move is known for a film bit by bit: an encoder for its first bit would be the wrong one for kOrderPause.
    if (!growing_) growing_since_ = now;
    if (std::exchange(growing_, place) != place) pictures_alike_ = 0;
    else if (alike_at_ != frame_->captured_at) ++pictures_alike_;
    alike_at_ = frame_->captured_at;
    if (pictures_alike_ < kGrown && now - growing_since_ < kGrowing) return;
    growing_.reset();
    ordered_ = place;
    order_told_ = false;
    next_order_ = now + kOrderPause;
    // With what is ordered now the viewer has as many as he plays.
    if (videos_.size() >= kMostVideoStreams) {
      videos_.erase(videos_.begin());
      look_again_ = true;
    }
    return;
  }
  growing_.reset();
}

void TileSender::request_video(std::uint8_t stream) {
  for (Video& v : videos_)
    if (stream == 0 || v.stream == stream) v.due = true;
}

void TileSender::put_back(const VideoFrame& frame) {
  Video* video = video_of(frame.stream);
  if (video == nullptr) return;
  video->damage.insert(video->damage.end(), frame.damage.begin(), frame.damage.end());
  video->due = true;
  video->taken = frame.taken_before;
}

void TileSender::renew_video(std::uint8_t stream) {
  if (Video* video = video_of(stream)) video->renew = true;
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
  std::erase_if(videos_, [&](const Video& v) { return v.stream == stream || (v.renew && v.place == place); });
  videos_.emplace_back().stream = stream;
  videos_.back().place = place;
  wake_at_ = LocalTime::min();
  // The areas are handed over with the next frame or the next look, whichever comes first.
  look_again_ = true;
}

void TileSender::drop_videos() {
  videos_.clear();
  ordered_.reset();
  wake_at_ = LocalTime::min();
  look_again_ = true;
}

void TileSender::video_failed(LocalTime now) {
  drop_videos();
  ++video_failures_;
  video_barred_until_ = video_failures_ >= kMostFailures ? kNever : now + kBarredFor * (1 << (video_failures_ - 1));
}

std::optional<TileSender::VideoFrame> TileSender::take_video_frame() {
  if (!frame_) return std::nullopt;
  for (Video& video : videos_) {
    if (!video.owns || !std::exchange(video.due, false)) continue;
    VideoFrame out;
    out.stream = video.stream;
    out.place = video.place;
    out.frame = &*frame_;
    out.taken_before = video.taken;
    out.captured_at = video.taken = picture_time(video);
    for (const Rect& r : video.damage)
      if (const Rect inside = r.clipped_to(video.place); !inside.empty()) out.damage.push_back(inside);
    video.damage.clear();
    join_rects(out.damage);
    if (out.damage.size() > kMostDamage) {
      Rect all;
      for (const Rect& r : out.damage) all = all.united_with(r);
      out.damage.assign(1, all);
    }
    return out;
  }
  return std::nullopt;
}

}  // namespace beside::session
