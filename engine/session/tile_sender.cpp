// SPDX-License-Identifier: GPL-3.0-or-later
// Past 400 lines: one round over one state; its video half lies in tile_video.cpp already.
#include "engine/session/tile_sender.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "engine/base/rect_set.h"
#include "engine/base/trace.h"
#include "engine/ports/copies.h"
#include "engine/session/rect_join.h"

namespace beside::session {
namespace {

constexpr std::size_t kMostDamage = 256;
constexpr int kTile = ports::kTileSide;
constexpr int kLargeBlock = 256;                   // what is coded in one piece when the line is wide
constexpr std::size_t kMostCopyParts = 24;
constexpr auto kLongestRound = 12ms;               // of coding; then the newest frame is looked at first
constexpr std::int64_t kLeastRoom = 1200;          // bytes: one packet, however slow the line
constexpr std::int64_t kLeastCoarse = 64 * 1024;   // pixels: less is never sent coarse
constexpr double kDense = 0.1;                     // bytes a pixel: photos take more, text and drawings less
constexpr double kMostDense = 1.5;
// Quick coding takes kQuickGrowth times the bytes and spares some 20 ns a pixel: worth it where the line carries what is more
// in less than that, kQuickKbps for each byte that a pixel takes.
constexpr double kQuickGrowth = 2.3, kQuickKbps = (kQuickGrowth - 1) * 8 / 20e-9 / 1000;
constexpr int kLeastQuickKbps = 8'000;

// One that holds them all, where they are many.
void keep_few(std::vector<Rect>& rects) {
  if (rects.size() <= kMostDamage) return;
  Rect all;
  for (const Rect& r : rects) all = all.united_with(r);
  rects.assign(1, all);
}

std::int64_t allowed_bytes(const TileLine& line) {
  return std::max<std::int64_t>(kLeastRoom, std::int64_t{line.kbps} * 125 * TileSender::kQueue.count() / 1'000'000'000);
}

}  // namespace

struct TileSender::Block {
  int rank = 0;                  // 0 new, 1 stale or left over, 2 coarse
  Rect bounds;
  std::int64_t distance = 0;     // of the pointer, squared
  std::vector<Rect> exact;       // tight, of clean cells
  std::vector<Rect> whole;       // cells
  double bytes = 0;              // of its exact pixels, estimated; 0: not asked
  bool dense() const { return bytes > kDense * static_cast<double>(pixels()); }
  std::int64_t pixels() const { return area_of(exact) + area_of(whole); }
};

TileSender::TileSender(TileTools tools, Sink sink, std::function<LocalTime()> now)
    : tools_(std::move(tools)), sink_(std::move(sink)), now_(std::move(now)) {}

// ---- what it is told ----

void TileSender::begin_stream(SeqNo first_seq) {
  history_.begin_stream(first_seq);
  update_.number = 0;
  bytes_ = 0;
  line_.taken_bytes = 0;
  probes_ = 0;
  probe_at_ = kNever;
  probed_at_ = {};
  if (frame_) new_picture();
}

void TileSender::refresh() {
  cells_.set(cells_.picture(), CellMap::kStale);
  work_ = true;
}

void TileSender::stop() {
  frame_.reset();
  shadow_.reset();
  history_.begin_picture();   // the stream may go on: what was sent of it is still reported
  damage_.clear();
  fresh_.clear();
  video_wanted_.clear();
  told_old_.clear();
  videos_.clear();
  cells_.reset(0, 0);
  ordered_.reset();
  work_ = any_owned_ = look_again_ = found_ = false;
  wake_at_ = tail_at_ = probe_at_ = kNever;
}

bool TileSender::can_send(int width, int height) {
  return width > 0 && height > 0 && width <= wire::kMaxPictureSide && height <= wire::kMaxPictureSide && std::int64_t{width} * height <= kMostPixels;
}

void TileSender::frame(ports::Frame frame) {
  if (!frame.pixels || !can_send(frame.pixels->width, frame.pixels->height)) return;
  const bool same = frame_ && shadow_ && shadow_->width == frame.pixels->width && shadow_->height == frame.pixels->height &&
                    frame_->layout_generation == frame.layout_generation && frame_->monitor_id == frame.monitor_id &&
                    frame_->area == frame.area;
  frame_ = std::move(frame);
  if (!same) return new_picture();
  damage_.insert(damage_.end(), frame_->damage.begin(), frame_->damage.end());
  keep_few(damage_);
}

void TileSender::new_picture() {
  const ports::PixelBuffer& pixels = *frame_->pixels;
  update_.generation = static_cast<std::uint16_t>(update_.generation + 1);
  update_.width = pixels.width;
  update_.height = pixels.height;
  update_.layout_generation = frame_->layout_generation;
  update_.monitor_id = frame_->monitor_id;
  if (!shadow_ || shadow_->width != pixels.width || shadow_->height != pixels.height) shadow_ = ports::make_pixel_buffer(pixels.width, pixels.height);
  // All of it is stale and will be sent as it is: there is nothing to compare with.
  ports::copy_pixels(*shadow_, pixels, {0, 0, pixels.width, pixels.height});
  cells_.reset(pixels.width, pixels.height);
  history_.begin_picture();
  tools_.classifier->reset(pixels.width, pixels.height);
  paces_.assign(static_cast<std::size_t>((pixels.width + kTile - 1) / kTile) * static_cast<std::size_t>((pixels.height + kTile - 1) / kTile), {});
  rest_at_ = kNever;
  damage_.clear();
  found_ = false;
  fresh_.clear();
  video_wanted_.clear();
  told_old_.clear();
  videos_.clear();
  ordered_.reset();
  any_owned_ = false;
  work_ = true;
}

bool TileSender::on_report(const wire::TileReport& report, LocalTime now) {
  std::vector<std::size_t> stale;
  const std::uint64_t lost = history_.lost(), applied = history_.applied();
  if (!history_.on_report(report, cells_, stale)) return false;
  clean_ = history_.lost() != lost ? 0 : clean_ + (history_.applied() - applied);
  for (const std::size_t cell : stale) cells_.set_stale(cell);
  work_ = work_ || !stale.empty();
  plan_wake(now);
  return true;
}

// ---- one round ----

std::int64_t TileSender::room() const {
  if (line_.lost || history_.unknown() > kMostUnknown) return 0;
  const std::int64_t allowed = allowed_bytes(line_);
  const std::int64_t under_way = bytes_ > line_.taken_bytes ? static_cast<std::int64_t>(bytes_ - line_.taken_bytes) : 0;
  return allowed - static_cast<std::int64_t>(line_.queued_bytes) - under_way;
}

bool TileSender::open() {
  if (open_) return false;
  open_ = true;
  ++update_.number;
  captured_at_ = frame_->captured_at;
  handed_out_at_ = now_();
  const auto since = [this] { return std::chrono::duration_cast<microseconds>(std::max<nanoseconds>(now_() - captured_at_, 0ns)); };
  update_.decided = since();
  update_.most_continued = most_continued();
  update_.most_part_bytes = line_.part_bytes;   // of now: a narrow tunnel is found while the picture is long under way
  update_.quick = line_.kbps >= std::max<double>(kLeastQuickKbps, kQuickKbps * bytes_per_pixel_);
  tools_.encoder->begin(update_, [this](const ports::TilePart& part) { on_part(part); }, since);
  return true;
}

void TileSender::close() {
  if (!open_) return;
  (void)tools_.encoder->finish();
  open_ = false;
}

// A lost part takes those with it that continue it: on a line that loses, each stands alone.
int TileSender::most_continued() const { return clean_ >= kCleanForAll ? kMostContinued : clean_ >= kCleanForSome ? kMostContinued / 4 : 0; }

void TileSender::on_part(const ports::TilePart& part) {
  // What the encoder really put in is what counts if it is lost.
  const auto parsed = wire::parse_tiles(part.payload, parsed_);
  BS_ASSERT(parsed);
  const LocalTime now = now_();
  history_.sent(parsed_, now);
  bytes_ += part.payload.size();
  const bool go = part.last || now - handed_out_at_ >= kHandOut;
  if (go) handed_out_at_ = now;
  told_tail_ = tail_due();
  sink_({to_bytes(part.payload), captured_at_, part.last, go, told_tail_});
}

void TileSender::pump(LocalTime now) {
  if (!frame_) {
    wake_at_ = kNever;
    return;
  }
  const bool may_send = found_ || room() > 0, reports_due = !line_.lost && history_.unknown() > kMostUnknown;
  if (may_send) {
    look(now);
    look_again_ = false;
    own_video(now);
    order_video(now);
    if (work_ || !fresh_.empty()) send_blocks(blocks());
  }
  if (may_send || reports_due) {
    if (open_) {
      probes_ = 0;
    } else if (probe_at_ <= now || (tail_asked_ && !line_.lost && !history_.all_known())) {
      // An update without ops: the viewer's report on it tells of all before it. Where only such are under way each waits longer
      // than the one before: a line that takes longer than is known would never come to rest.
      open();
      ++probes_;
      probed_at_ = now;
    }
    tail_asked_ = false;
    close();
    // Now that the last packet is on its way.
    for (const Rect& r : sent_areas_) ports::copy_pixels(*shadow_, *frame_->pixels, r);
    ports::count_copy(ports::CopyStep::Shadow, area_of(sent_areas_));
    sent_areas_.clear();
  }
  plan_wake(now);
}

// Tail loss: nothing after the last packet would ever show the viewer that it is missing.
LocalTime TileSender::tail_due() const {
  const nanoseconds patience = std::max<nanoseconds>(60ms, 2 * line_.rtt + 30ms) * (1 << std::min(probes_, 4));
  return std::max(history_.oldest(), probed_at_) + patience;
}

void TileSender::plan_wake(LocalTime now) {
  wake_at_ = tail_at_ = kNever;
  wants_room_ = false;
  if (!frame_) return;
  if (history_.all_known() || line_.lost) {
    probe_at_ = kNever;
  } else {
    probe_at_ = tail_asked_ ? now : tail_due();
  }
  // Unless the owner was never told, or has asked in vain: while the line is lost nothing is probed.
  if (probe_at_ > now && told_tail_ > now) tail_at_ = probe_at_;
  wake_at_ = std::min({tail_at_ == kNever ? probe_at_ : kNever, rest_at_, tools_.classifier->next_change()});
  const bool due = work_ || look_again_ || !damage_.empty();
  if (!due && wake_at_ > now) return;
  const std::int64_t left = room();
  if (left > 0) {
    if (due) wake_at_ = now;
    return;
  }
  wants_room_ = true;
  // Reports and the line's news wake the owner anyway; this is for what drains by itself.
  const std::int64_t bytes = kLeastRoom - left;
  const auto drain = nanoseconds(bytes * 8'000'000 / std::max(line_.kbps, 1));
  wake_at_ = std::max(now, std::min(line_.lost ? kNever : now + std::clamp<nanoseconds>(drain, 1ms, 50ms), std::max(wake_at_, now + 1ms)));
}

// Finds what changed since the last round, sends copies at once, and decides what is video.
void TileSender::look(LocalTime now) {
  if (damage_.empty() && !found_ && tools_.classifier->next_change() > now) return;
  const ports::PixelBuffer& pixels = *frame_->pixels;
  const trace::Scope scope("compare and classify");
  if (!std::exchange(found_, false)) {
    for (Video& video : videos_) video.early = false;
    changed_.clear();
    moves_.clear();
    if (!damage_.empty()) find_changes();
  }
  std::vector<Rect> fresh;
  tools_.classifier->decide(now, pixels, changed_, moves_, fresh, video_wanted_);
  fresh_.insert(fresh_.end(), fresh.begin(), fresh.end());
  for (const Rect& r : changed_) {
    for (const Rect& v : video_wanted_) {
      const Rect part = r.clipped_to(v);
      if (part.empty()) continue;
      note_pace(part, now);
      Video* video = video_of(cells_.owner(part.x / CellMap::kCell, part.y / CellMap::kCell));
      // Where it has grown beyond what is the video's the rest is given to it in a moment, if there still is an encoder.
      if (video != nullptr && part.clipped_to(cells_.owned_part(part)) == part) {
        if (!all_played(part)) {
          ports::copy_pixels(*shadow_, pixels, part);
          ports::count_copy(ports::CopyStep::Shadow, std::int64_t{part.width} * part.height);
        }
        if (video->early) continue;
        video->damage.push_back(part);
        video->due = true;
      } else {
        cells_.set(part, CellMap::kDirty);   // no encoder yet: as tiles, coarse if it must be
        work_ = true;
      }
    }
  }
}

void TileSender::carry_moves() {
  const trace::Scope scope("find moves");
  const ports::PixelBuffer& pixels = *frame_->pixels;
  tools_.mover->find(*shadow_, pixels, changed_, moves_);
  if (moves_.empty()) return;
  for (const ports::Move& move : moves_) {
    const Rect to = Rect{move.x, move.y, move.from.width, move.from.height};
    const int dx = move.x - move.from.x, dy = move.y - move.from.y;
    std::vector<Rect> parts{move.from};
    if (!cells_.clean(move.from) || cells_.owned(to)) {
      // Only what the viewer surely has can be copied, and nothing onto video.
      const Rect from_cells = cells_.cells_of(move.from), to_cells = cells_.cells_of(to);
      for (int cy = from_cells.y; cy < from_cells.bottom(); ++cy)
        for (int cx = from_cells.x; cx < from_cells.right(); ++cx)
          if (const Rect cell = cells_.cell(cx, cy); !cells_.clean(cell) && parts.size() <= kMostCopyParts) subtract(parts, cell);
      for (int cy = to_cells.y; cy < to_cells.bottom(); ++cy)
        for (int cx = to_cells.x; cx < to_cells.right(); ++cx)
          if (cells_.owner(cx, cy) != 0 && parts.size() <= kMostCopyParts) {
            const Rect cell = cells_.cell(cx, cy);
            subtract(parts, {cell.x - dx, cell.y - dy, cell.width, cell.height});
          }
      if (parts.size() > kMostCopyParts) parts.clear();
    }
    std::vector<Rect> left{to};
    for (const Rect& part : order_for_move(std::move(parts), dx, dy)) {
      open();
      tools_.encoder->copy(part, part.x + dx, part.y + dy, 1);
      cells_.copy(part, part.x + dx, part.y + dy);
      for (std::size_t i = 0, known = told_old_.size(); i < known; ++i)
        if (const Rect hit = told_old_[i].clipped_to(part); !hit.empty()) told_old_.push_back({hit.x + dx, hit.y + dy, hit.width, hit.height});
      keep_few(told_old_);
      subtract(left, {part.x + dx, part.y + dy, part.width, part.height});
    }
    // The shadow has the move's pixels already; where the viewer does not get them, they have to be sent.
    for (const Rect& r : left) {
      cells_.set(r, CellMap::kStale);
      work_ = true;
    }
  }
  // What moved is right to the pixel.
  for (const ports::Move& move : moves_) subtract(changed_, {move.x, move.y, move.from.width, move.from.height});
}

bool TileSender::settled() const {
  if (!frame_ || !damage_.empty() || !told_old_.empty() || !history_.all_known()) return false;
  return cells_.clean(cells_.picture());
}

// ---- what is sent ----

std::vector<TileSender::Block> TileSender::blocks() {
  const ports::PixelBuffer& pixels = *frame_->pixels;
  const bool small = bytes_per_pixel_ * kLargeBlock * kLargeBlock > static_cast<double>(room());
  const int side = small ? kTile : kLargeBlock;
  std::map<std::tuple<int, int, int>, Block> found;
  const auto add = [&](int rank, const Rect& rect, bool whole) {
    if (rect.empty()) return;
    Block& block = found[{rank, rect.y / side, rect.x / side}];
    block.rank = rank;
    block.bounds = block.bounds.united_with(rect);
    (whole ? block.whole : block.exact).push_back(rect);
  };
  for (const Rect& large : fresh_) {
    // In pieces: between two of them the line and the clock are asked, what is nearer the pointer goes first, and a newer picture
    // gets its turn.
    for (int top = large.y; top < large.bottom(); top = (top / side + 1) * side) {
      for (int left = large.x; left < large.right(); left = (left / side + 1) * side) {
        const Rect r = Rect{left / side * side, top / side * side, side, side}.clipped_to(large);
        if (cells_.clean(r)) add(0, r, false);
        else if (!cells_.owned(r)) add(0, cells_.grown(r), true);
      }
    }
  }
  fresh_.clear();
  if (work_) {
    std::vector<Rect> tight, parts;
    for (int ty = 0; ty < pixels.height; ty += kTile) {
      for (int tx = 0; tx < pixels.width; tx += kTile) {
        const Rect cells = cells_.cells_of({tx, ty, kTile, kTile});
        const Rect owned = any_owned_ ? cells_.owned_part({tx, ty, kTile, kTile}) : Rect{};
        Rect whole, dirty;
        bool urgent = false;
        for (int cy = cells.y; cy < cells.bottom(); ++cy) {
          for (int cx = cells.x; cx < cells.right(); ++cx) {
            const std::uint8_t flags = cells_.at(cx, cy);
            if (flags == CellMap::kExact || cells_.owner(cx, cy) != 0) continue;
            Rect& which = (flags & (CellMap::kExact | CellMap::kStale)) == CellMap::kExact ? dirty : whole;
            which = which.united_with(cells_.cell(cx, cy));
            urgent = urgent || (flags & (CellMap::kStale | CellMap::kDirty)) != 0;
          }
        }
        parts.assign(1, whole);
        subtract(parts, owned);
        for (const Rect& r : parts) add(urgent ? 1 : 2, r, true);
        if (dirty.empty()) continue;
        // What was left over is looked at anew: it may have changed again, or back.
        parts.assign(1, dirty);
        subtract(parts, owned);
        tight.clear();
        tools_.detector->find(*shadow_, pixels, parts, tight);
        for (const Rect& r : parts) cells_.clear(r, CellMap::kDirty);
        for (const Rect& r : tight) {
          if (cells_.clean(r)) add(1, r, false);
          else add(1, cells_.grown(r), true);
        }
      }
    }
  }
  std::vector<Block> out;
  out.reserve(found.size());
  for (auto& [key, block] : found) {
    // With video about, no pixel between two pieces may be drawn over: it may be a video's.
    join_rects(block.exact, any_owned_);
    join_rects(block.whole, any_owned_);
    const std::int64_t dx = std::max({block.bounds.x - pointer_x_, 0, pointer_x_ - block.bounds.right()});
    const std::int64_t dy = std::max({block.bounds.y - pointer_y_, 0, pointer_y_ - block.bounds.bottom()});
    block.distance = dx * dx + dy * dy;
    out.push_back(std::move(block));
  }
  std::stable_sort(out.begin(), out.end(), [](const Block& a, const Block& b) { return std::tie(a.rank, a.distance) < std::tie(b.rank, b.distance); });
  return out;
}

void TileSender::send_exact(const Rect& area, bool whole) {
  open();
  tools_.encoder->exact(*frame_->pixels, area);
  sent_areas_.push_back(area);
  cells_.write(area, true);
  if (whole) cells_.clear(area, CellMap::kDirty);
}

void TileSender::send_blocks(std::vector<Block> blocks) {
  const trace::Scope scope("code tiles");
  std::int64_t due = 0;                         // pixels that are not on the viewer's screen in any form
  for (const Block& b : blocks) due += b.rank < 2 ? b.pixels() : 0;
  const double most_seconds = std::chrono::duration<double>(kCoarseAbove).count();
  double due_bytes = 0;
  if (due >= kLeastCoarse && seconds_for(static_cast<double>(due) * kMostDense) > most_seconds) {
    estimate(blocks);
    for (const Block& b : blocks) due_bytes += b.rank < 2 ? b.bytes : 0;
  }
  std::size_t at = 0;
  bool coarse = false;
  // While this is coded the line takes what is ready, so that there is always room: a round ends all the same, lest pixels
  // be sent that are old already.
  const std::uint64_t bytes_at_first = bytes_;
  const LocalTime began = now_();
  const auto goes_on = [&] {
    return room() > 0 && static_cast<std::int64_t>(bytes_ - bytes_at_first) < allowed_bytes(line_) && now_() - began < kLongestRound;
  };
  for (; at < blocks.size() && (at == 0 || goes_on()); ++at) {
    const Block& block = blocks[at];
    if (block.rank < 2 && due >= kLeastCoarse && seconds_for(due_bytes) > most_seconds) {
      at = send_coarse(blocks, at);
      coarse = true;
      break;
    }
    const std::uint64_t before = bytes_;
    for (const Rect& r : block.exact) send_exact(r, false);
    for (const Rect& r : block.whole) send_exact(r, true);
    const std::int64_t pixels = block.pixels();
    if (block.rank < 2) due -= pixels, due_bytes -= block.bytes;
    if (pixels >= 4096) {
      const double measured = static_cast<double>(bytes_ - before) / static_cast<double>(pixels) / (update_.quick ? kQuickGrowth : 1);
      bytes_per_pixel_ += (std::max(measured, 0.002) - bytes_per_pixel_) * 0.25;
    }
  }
  work_ = at < blocks.size() || coarse;   // what is coarse is sharpened in the next rounds
  if (!work_) tell_not_old();
  const bool line_full = room() <= 0;     // else the next round follows at once
  for (; at < blocks.size(); ++at) {
    // Of what is sent in whole cells some may be clean: what changed in them would be forgotten. What is only coarse has not changed.
    for (const Rect& r : blocks[at].exact) cells_.set(r, CellMap::kDirty);
    if (blocks[at].rank < 2)
      for (const Rect& r : blocks[at].whole) cells_.set(r, CellMap::kDirty);
    if (line_full && blocks[at].rank == 0) tell_old(blocks[at].bounds);
  }
}

// Until now the viewer took what it has there for the customer's; whoever looks, or keeps a picture, should know.
void TileSender::tell_old(const Rect& area) {
  const bool told = std::any_of(told_old_.begin(), told_old_.end(), [&](const Rect& r) { return area.clipped_to(r) == area; });
  if (told) return;
  open();
  tools_.encoder->mark_stale(area);
  told_old_.push_back(area);
  keep_few(told_old_);
}

// All is sent: pixels that were told old and did not have to be sent, since they had not changed or changed back, are exact again.
void TileSender::tell_not_old() {
  if (told_old_.empty()) return;
  std::vector<bool> old(static_cast<std::size_t>(cells_.columns()) * static_cast<std::size_t>(cells_.rows()));
  for (const Rect& r : std::exchange(told_old_, {})) {
    const Rect c = cells_.cells_of(r);
    for (int cy = c.y; cy < c.bottom(); ++cy)
      for (int cx = c.x; cx < c.right(); ++cx) old[cells_.index(cx, cy)] = true;
  }
  std::vector<Rect> clean;
  for (int cy = 0; cy < cells_.rows(); ++cy) {
    Rect run;
    for (int cx = 0; cx < cells_.columns(); ++cx) {
      const Rect cell = cells_.cell(cx, cy);
      if (old[cells_.index(cx, cy)] && cells_.clean(cell)) {
        run = run.united_with(cell);
      } else if (!run.empty()) {
        clean.push_back(std::exchange(run, {}));
      }
    }
    if (!run.empty()) clean.push_back(run);
  }
  join_rects(clean, true);
  for (const Rect& r : clean) {
    open();
    tools_.encoder->mark_exact(r);
  }
}

double TileSender::seconds_for(double bytes) const { return bytes * 8 / (std::max(line_.kbps, 1) * 1000.0); }

void TileSender::estimate(std::vector<Block>& blocks) const {
  for (Block& b : blocks) {
    if (b.rank >= 2) continue;
    std::size_t bytes = 0;
    for (const Rect& r : b.exact) bytes += tools_.encoder->estimate(*frame_->pixels, r);
    for (const Rect& r : b.whole) bytes += tools_.encoder->estimate(*frame_->pixels, r);
    b.bytes = static_cast<double>(bytes);
  }
}

// All that is due from block `from` on, quickly: what is dense as a small picture of it, text exactly, which costs as little,
// or in half its size where it would take long. Returns where it stopped. Sharpening follows by itself: what was sent coarse is lossy.
std::size_t TileSender::send_coarse(std::vector<Block>& blocks, std::size_t from) {
  double dense = 0, text = 0;
  for (std::size_t i = from; i < blocks.size() && blocks[i].rank < 2; ++i) (blocks[i].dense() ? dense : text) += blocks[i].bytes;
  const double text_seconds = seconds_for(text), dense_seconds = seconds_for(dense);
  const bool text_exact = text_seconds * 1000 <= static_cast<double>(kCoarseAbove / 1ms);
  const int text_scale = text_seconds > 2 ? 2 : 1, dense_scale = dense_seconds > 2 ? 3 : dense_seconds > 0.5 ? 2 : 1;
  const std::int64_t most = std::max<std::int64_t>(16'384, 2 * allowed_bytes(line_));
  const std::uint64_t before = bytes_;
  const LocalTime began = now_();
  const auto goes_on = [&] { return static_cast<std::int64_t>(bytes_ - before) < most && now_() - began < 2 * kLongestRound; };
  std::size_t at = from;
  for (; at < blocks.size() && blocks[at].rank < 2 && goes_on(); ++at) {
    Block& block = blocks[at];
    if (!block.dense() && text_exact) {
      for (const Rect& r : block.exact) send_exact(r, false);
      for (const Rect& r : block.whole) send_exact(r, true);
      continue;
    }
    const int scale = block.dense() ? dense_scale : text_scale;
    for (const Rect& r : block.exact) block.whole.push_back(cells_.grown(r));
    block.exact.clear();
    join_rects(block.whole, any_owned_);
    for (const Rect& r : block.whole) {
      open();
      tools_.encoder->coarse(*frame_->pixels, r, scale, block.dense() ? 3 : scale == 1 ? 4 : 2);
      sent_areas_.push_back(r);
      cells_.write(r, false);
      cells_.clear(r, CellMap::kDirty);
    }
    block.rank = 2;
    block.whole.clear();
  }
  return at;
}

}  // namespace beside::session
