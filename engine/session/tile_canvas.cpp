// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/tile_canvas.h"

#include <algorithm>
#include <utility>

namespace beside::session {
namespace {

constexpr int kCell = ports::Canvas::kCell;

}  // namespace

template <typename Fn>
void TileCanvas::each_cell(const Rect& area, Fn&& fn) {
  const Rect inside = area.clipped_to({0, 0, header_.width, header_.height});
  if (inside.empty()) return;
  for (int cy = inside.y / kCell; cy <= (inside.bottom() - 1) / kCell; ++cy)
    for (int cx = inside.x / kCell; cx <= (inside.right() - 1) / kCell; ++cx)
      fn(cx, cy, owners_[static_cast<std::size_t>(cy) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(cx)]);
}

Result<void> TileCanvas::begin_picture(const wire::TileHeader& header) {
  BS_PEER_CHECK(std::int64_t{header.width} * header.height <= kMostPixels, "session/tiles: a picture too large");
  header_ = header;
  started_ = true;
  columns_ = (header.width + kCell - 1) / kCell;
  owners_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>((header.height + kCell - 1) / kCell), {});
  any_owned_ = false;
  canvas_->reset(header.width, header.height, header.layout_generation, header.monitor_id);
  return {};
}

Result<bool> TileCanvas::apply(ByteSpan payload, PeerTime captured_at, LocalTime received_at) {
  if (auto parsed = wire::parse_tiles(payload, packet_); !parsed) return fail(parsed);
  const wire::TileHeader& now = packet_.header;
  if (!started_ || now.generation != header_.generation) {
    // The screen did not change its size between two parts of one update.
    BS_PEER_CHECK(!started_ || static_cast<std::int32_t>(now.number - header_.number) > 0, "session/tiles: generation within an update");
    if (auto begun = begin_picture(now); !begun) return fail(begun);
  }
  BS_PEER_CHECK(now.width == header_.width && now.height == header_.height, "session/tiles: size within a generation");
  BS_PEER_CHECK(now.layout_generation == header_.layout_generation && now.monitor_id == header_.monitor_id, "session/tiles: layout within a generation");
  BS_PEER_CHECK(static_cast<std::int32_t>(now.number - header_.number) >= 0, "session/tiles: number goes back");
  if (now.number != header_.number && uncommitted_) commit(received_at);   // the end of the one before was lost
  header_ = now;
  if (auto applied = decoder_->apply(payload, *canvas_); !applied) return fail(applied);
  for (const wire::TileOp& op : packet_.ops) {
    using Kind = wire::TileOpKind;
    if (op.kind == Kind::VideoArea) give(op);
    else if (!any_owned_) continue;
    else if (op.kind == Kind::Copy) take_back({op.x, op.y, op.area.width, op.area.height});
    else if (op.kind != Kind::Exact && op.kind != Kind::Skip) take_back(op.area);
  }
  uncommitted_ = true;
  times_.captured_at = captured_at;
  times_.decided = now.decided;
  times_.coded = now.coded;
  times_.sent = now.sent;
  times_.received_at = received_at;
  if (now.last) commit(received_at);
  return now.last;
}

void TileCanvas::commit(LocalTime received_at) {
  uncommitted_ = false;
  times_.number = ++number_;
  times_.received_at = received_at;
  times_.decoded_at = local_now();
  times_.visible = canvas_->commit(times_);
}

void TileCanvas::commit_rest() {
  if (uncommitted_) commit(times_.received_at);
}

void TileCanvas::give(const wire::TileOp& op) {
  each_cell(op.area, [&](int, int, Owner& owner) { owner = {op.stream, !op.rtp_timestamp, op.rtp_timestamp.value_or(0)}; });
  if (op.stream == 0) return;
  any_owned_ = true;
  canvas_->mark(op.area, false);
  canvas_->draw(parts_of(newest_[op.stream], op.area), fill_of(newest_[op.stream]));   // the picture may have come first
}

void TileCanvas::take_back(const Rect& area) {
  each_cell(area, [](int, int, Owner& owner) { owner.stream = 0; });
}

ports::Canvas::Fill TileCanvas::fill_of(const Newest& newest) {
  return [&newest](const Rect& r, std::uint8_t* bgrx, std::ptrdiff_t stride) {
    newest.paint({r.x - newest.place.x, r.y - newest.place.y, r.width, r.height}, bgrx, stride);
  };
}

// Of `area` what the newest picture may be drawn in.
std::vector<Rect> TileCanvas::parts_of(const Newest& newest, const Rect& area) {
  std::vector<Rect> out;
  if (newest.stream == 0 || !started_ || newest.generation != header_.generation) return out;
  const Rect inside = area.clipped_to(newest.place);
  // Runs of cells that may be drawn, as tall as they stay the same.
  Rect pending;
  const auto flush = [&](const Rect& next) {
    if (const Rect part = pending.clipped_to(inside); !part.empty()) out.push_back(part);
    pending = next;
  };
  int row = -1;
  Rect run;
  const auto end_run = [&] {
    if (run.empty()) return;
    if (pending.x == run.x && pending.width == run.width && pending.bottom() == run.y) pending.height += run.height;
    else flush(run);
    run = {};
  };
  each_cell(inside, [&](int cx, int cy, Owner& owner) {
    if (cy != row) end_run();
    row = cy;
    const bool ours = owner.stream == newest.stream &&
                      (owner.any_time || static_cast<std::int32_t>(newest.rtp_timestamp - owner.since) >= 0);
    if (!ours) return end_run();
    owner.any_time = true;   // pictures come in order: all later ones may be drawn, also when the clock has come around
    const Rect cell{cx * kCell, cy * kCell, kCell, kCell};
    run = run.united_with(cell);
  });
  end_run();
  flush({});
  return out;
}

void TileCanvas::video(std::uint8_t stream, std::uint16_t generation, const Rect& place, Paint paint, std::uint32_t rtp_timestamp,
                       PeerTime captured_at, LocalTime received_at) {
  if (stream == 0 || stream >= newest_.size()) return;
  Newest& newest = newest_[stream];
  newest.paint = std::move(paint);
  newest.stream = stream;
  newest.generation = generation;
  newest.place = place;
  newest.rtp_timestamp = rtp_timestamp;
  if (!any_owned_) return;
  times_.captured_at = captured_at;
  times_.decided = times_.coded = times_.sent = nanoseconds(0);   // a picture does not tell
  uncommitted_ = false;
  times_.number = ++number_;
  times_.received_at = received_at;
  times_.visible = canvas_->show(parts_of(newest, place), fill_of(newest), times_);
}

void TileCanvas::forget_video(std::uint8_t stream) {
  if (stream < newest_.size()) newest_[stream] = {};
}

}  // namespace beside::session
