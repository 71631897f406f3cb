// SPDX-License-Identifier: GPL-3.0-or-later
// Past 400 lines: one packet filled by every kind of op and coding, over state that a cut would only hand around.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "codec/tiles/context_coder.h"
#include "codec/tiles/packed_coder.h"
#include "codec/tiles/photo_coder.h"
#include "codec/tiles/slope.h"
#include "codec/tiles/tile_look.h"
#include "codec/tiles/tiles.h"
#include "engine/wire/tiles.h"

namespace beside::tiles {
namespace {

using wire::TileCoding;
using wire::TileOp;
using wire::TileOpKind;

constexpr int kStrip = 256;              // pixels that are coded side by side: wide enough for shapes to come again
constexpr int kContinuedGain = 2;        // of pixels coded with what other parts have learned, as measured on text
constexpr std::int64_t kLeastPacked = 4096;   // pixels: smaller ones take no time worth bytes
constexpr std::size_t kLeastPart = 384;
constexpr std::size_t kTailRoom = wire::kMaxTilePayload / 4;   // a part with less room left is closed rather than filled in rows

// Pixels to be coded, with what their op says of them.
struct Source {
  const std::uint8_t* bgrx = nullptr;
  std::ptrdiff_t stride = 0;
  int width = 0, height = 0;
  TileOpKind kind = TileOpKind::Tile;
  Rect area;                             // in the picture; `width` x `height` times the scale, less at the edges
  int scale_log2 = 0, dropped_bits = 0;
  const std::uint8_t* at(int x, int y) const { return bgrx + y * stride + std::ptrdiff_t{4} * x; }
  Rect in_picture(const Rect& r) const {
    return Rect{area.x + (r.x << scale_log2), area.y + (r.y << scale_log2), r.width << scale_log2, r.height << scale_log2}.clipped_to(area);
  }
};

enum class Look : std::uint8_t { Solid, Drawn, Photo, Slope, Mixed };
struct Band {
  Look look = Look::Drawn;
  std::uint32_t colour = 0;              // of a solid one
  bool operator==(const Band&) const = default;
};

class Encoder final : public ports::TileEncoder {
 public:
  void begin(const ports::TileUpdate& update, Sink sink, std::function<microseconds()> coded_now) override {
    BS_ASSERT(update.width >= 1 && update.width <= wire::kMaxPictureSide && update.height >= 1 && update.height <= wire::kMaxPictureSide);
    sink_ = std::move(sink);
    coded_now_ = std::move(coded_now);
    header_ = {};
    header_.number = update.number;
    header_.generation = update.generation;
    header_.width = update.width;
    header_.height = update.height;
    header_.layout_generation = update.layout_generation;
    header_.monitor_id = static_cast<std::uint8_t>(update.monitor_id);
    header_.decided = update.decided;
    sent_bytes_ = 0;
    writer_.set_most(update.most_part_bytes == 0 ? wire::kMaxTilePayload : std::clamp(update.most_part_bytes, kLeastPart, wire::kMaxTilePayload));
    most_continued_ = std::max(update.most_continued, 0);
    quick_ = update.quick;
    in_chain_ = 0;
    forget();
    begin_part();
  }

  void copy(const Rect& from, int x, int y, std::uint8_t back) override {
    TileOp op;
    op.kind = TileOpKind::Copy;
    op.area = from;
    op.x = x;
    op.y = y;
    op.back = back;
    add(op, {x, y, from.width, from.height});
    copies_ = true;
  }

  void exact(const ports::PixelBuffer& picture, const Rect& wanted) override {
    const Rect area = wanted.clipped_to({0, 0, std::min(picture.width, header_.width), std::min(picture.height, header_.height)});
    if (area.empty()) return;
    Source source;
    source.bgrx = picture.row(area.y) + std::ptrdiff_t{4} * area.x;
    source.stride = picture.stride;
    source.width = area.width;
    source.height = area.height;
    source.area = area;
    code(source);
  }

  std::size_t estimate(const ports::PixelBuffer& picture, const Rect& wanted) override {
    const Rect area = wanted.clipped_to({0, 0, picture.width, picture.height});
    std::int64_t bits = 0;
    for (int y = area.y; y < area.bottom(); y += ports::kTileSide) {
      for (int x = area.x; x < area.right(); x += ports::kTileSide) {
        const Rect tile = Rect{x, y, ports::kTileSide, ports::kTileSide}.clipped_to(area);
        const std::uint8_t* at = picture.row(tile.y) + std::ptrdiff_t{4} * tile.x;
        const int every = tile.height > 16 ? 16 : 2;
        const TileLook look = looker_.look(at, picture.stride, tile.width, tile.height, every);
        if (look.solid) continue;
        const std::int64_t drawn = look.context_bits / kContinuedGain;
        bits += drawn <= look.photo_bits ? drawn : std::min(look.photo_bits, looker_.slope_bits(at, picture.stride, tile.width, tile.height, every));
      }
    }
    return static_cast<std::size_t>(bits / 8);
  }

  void coarse(const ports::PixelBuffer& picture, const Rect& wanted, int scale_log2, int dropped_bits) override {
    const Rect area = wanted.clipped_to({0, 0, std::min(picture.width, header_.width), std::min(picture.height, header_.height)});
    if (area.empty()) return;
    Source source;
    source.kind = TileOpKind::Coarse;
    source.scale_log2 = std::clamp(scale_log2, 0, 3);
    source.dropped_bits = std::clamp(dropped_bits, 0, 5);
    source.area = area;
    const int scale = 1 << source.scale_log2;
    source.width = (area.width + scale - 1) / scale;
    source.height = (area.height + scale - 1) / scale;
    source.stride = std::ptrdiff_t{4} * source.width;
    reduced_.resize(static_cast<std::size_t>(source.stride) * static_cast<std::size_t>(source.height));
    reduce(picture, source);
    source.bgrx = reduced_.data();
    code(source);
  }

  void video_area(std::uint8_t stream, const Rect& area, const std::uint32_t* rtp_timestamp) override {
    TileOp op;
    op.kind = TileOpKind::VideoArea;
    op.stream = stream;
    if (rtp_timestamp != nullptr) op.rtp_timestamp = *rtp_timestamp;
    add_mark(op, area);
  }
  void mark_exact(const Rect& area) override {
    TileOp op;
    op.kind = TileOpKind::Exact;
    add_mark(op, area);
  }
  void mark_stale(const Rect& area) override {
    TileOp op;
    op.kind = TileOpKind::Skip;
    add_mark(op, area);
  }

  std::size_t finish() override {
    end_part(true);
    sink_ = nullptr;
    return sent_bytes_;
  }

 private:
  void forget() {
    context_.reset();
    slopes_.reset();
  }
  void begin_part() {
    areas_.clear();
    copies_ = learned_ = false;
    writer_.begin(header_);
  }
  void end_part(bool last) {
    if (coded_now_) {
      header_.coded = coded_now_();
      writer_.set_coded(header_.coded);
    }
    // What pixels of this part were coded with, the part before has learned.
    if (learned_ && in_chain_ > 0) writer_.set_continues();
    const Bytes& payload = writer_.finish(last);
    sent_bytes_ += payload.size();
    if (sink_) sink_({payload, header_.number, header_.part, last, copies_, &areas_});
    ++header_.part;
  }
  void next_part() {
    end_part(false);
    if (learned_ && in_chain_ < most_continued_) {
      ++in_chain_;
    } else {
      if (learned_ || in_chain_ > 0) forget();
      in_chain_ = 0;
    }
    begin_part();
  }
  // What comes next builds on nothing that came before.
  void end_chain() {
    if (!writer_.empty()) end_part(false);
    forget();
    in_chain_ = 0;
    begin_part();
  }
  void add(const TileOp& op, const Rect& covers) {
    if (!writer_.add(op)) {
      next_part();
      BS_ASSERT(writer_.add(op));
    }
    areas_.push_back(covers);
  }
  void add_mark(TileOp& op, const Rect& area) {
    op.area = area.clipped_to({0, 0, header_.width, header_.height});
    if (!op.area.empty()) add(op, op.area);
  }

  // Averages of the pixels under each coarse one, in the middle of the steps that are left. Rows are summed first, in pieces
  // of a fixed length that become vector instructions.
  void reduce(const ports::PixelBuffer& picture, const Source& source) {
    constexpr std::size_t kPiece = 16;
    const int scale = 1 << source.scale_log2;
    const int mask = 0xff << source.dropped_bits & 0xff;
    const int middle = source.dropped_bits > 0 ? 1 << (source.dropped_bits - 1) : 0;
    const std::size_t bytes = static_cast<std::size_t>(source.area.width) * 4;
    sums_.resize(bytes + kPiece);
    for (int y = 0; y < source.height; ++y) {
      const int top = source.area.y + y * scale, bottom = std::min(top + scale, source.area.bottom());
      std::fill(sums_.begin(), sums_.end(), std::uint16_t{0});
      for (int py = top; py < bottom; ++py) {
        const std::uint8_t* from = picture.row(py) + std::ptrdiff_t{4} * source.area.x;
        std::size_t i = 0;
        for (; i + kPiece <= bytes; i += kPiece)
          for (std::size_t k = 0; k < kPiece; ++k) sums_[i + k] = static_cast<std::uint16_t>(sums_[i + k] + from[i + k]);
        for (; i < bytes; ++i) sums_[i] = static_cast<std::uint16_t>(sums_[i] + from[i]);
      }
      std::uint8_t* to = reduced_.data() + y * source.stride;
      const std::uint16_t* from = sums_.data();
      for (int x = 0; x < source.width; ++x, to += 4) {
        const int columns = std::min(scale, source.area.width - x * scale), count = columns * (bottom - top);
        int sum[3] = {0, 0, 0};
        for (int px = 0; px < columns; ++px, from += 4)
          for (int i = 0; i < 3; ++i) sum[i] += from[i];
        for (int i = 0; i < 3; ++i) to[i] = static_cast<std::uint8_t>(((count == scale * scale ? sum[i] >> (2 * source.scale_log2) : sum[i] / count) & mask) | middle);
        to[3] = 255;
      }
    }
  }

  void code(const Source& source) {
    const Rect whole{0, 0, source.width, source.height};
    if (source.kind == TileOpKind::Tile && try_solid(source, whole)) return;
    const int strips = (source.width + kStrip - 1) / kStrip;
    const int share = (source.width + strips - 1) / strips;
    const int strip = std::min((share + ports::kTileSide - 1) / ports::kTileSide * ports::kTileSide, kStrip);
    for (int x = 0; x < source.width; x += strip) code_strip(source, {x, 0, std::min(strip, source.width - x), source.height});
  }

  // Bands of a tile's height that hold the same kind of content are coded as one.
  void code_strip(const Source& source, const Rect& strip) {
    const int most_rows = kStrip;
    Rect run{strip.x, 0, strip.width, 0};
    Band kind;
    for (int y = 0; y < strip.height; y += ports::kTileSide) {
      const Rect band{strip.x, y, strip.width, std::min(ports::kTileSide, strip.height - y)};
      std::array<Look, kStrip / ports::kTileSide> looks{};
      const Band next = look_at(source, band, looks);
      if (next.look == Look::Mixed) {
        code_run(source, run, kind);
        run = {strip.x, band.bottom(), strip.width, 0};
        code_mixed(source, band, looks);
        continue;
      }
      if (run.height > 0 && (!(next == kind) || run.height + band.height > most_rows)) {
        code_run(source, run, kind);
        run = {strip.x, y, strip.width, 0};
      }
      kind = next;
      run.height += band.height;
    }
    code_run(source, run, kind);
  }

  Look look_at_tile(const std::uint8_t* at, std::ptrdiff_t stride, int width, int height, std::uint32_t& colour) {
    const int every = height > 16 ? 8 : 1;
    const TileLook look = looker_.look(at, stride, width, height, every);
    colour = look.colour;
    if (look.solid) return Look::Solid;
    if (look.photo_bits >= look.context_bits) return Look::Drawn;
    return looker_.slope_bits(at, stride, width, height, every) < look.photo_bits ? Look::Slope : Look::Photo;
  }

  Band look_at(const Source& source, const Rect& band, std::array<Look, kStrip / ports::kTileSide>& looks) {
    bool solid = source.kind == TileOpKind::Tile, mixed = false;
    std::uint32_t colour = 0, first_colour = 0;
    for (int x = band.x, i = 0; x < band.right(); x += ports::kTileSide, ++i) {
      Look& kind = looks[static_cast<std::size_t>(i)];
      kind = look_at_tile(source.at(x, band.y), source.stride, std::min(ports::kTileSide, band.right() - x), band.height, colour);
      if (i == 0) first_colour = colour;
      solid = solid && kind == Look::Solid && colour == first_colour;
      if (kind == Look::Solid) kind = Look::Drawn;
      mixed = mixed || kind != looks[0];
    }
    if (solid) return {Look::Solid, colour};
    return {mixed ? Look::Mixed : looks[0], 0};
  }

  void code_mixed(const Source& source, const Rect& band, const std::array<Look, kStrip / ports::kTileSide>& looks) {
    for (int x = band.x, i = 0; x < band.right();) {
      const Look kind = looks[static_cast<std::size_t>(i)];
      int end = x;
      while (end < band.right() && looks[static_cast<std::size_t>(i)] == kind) {
        end = std::min(end + ports::kTileSide, band.right());
        ++i;
        if (i >= kStrip / ports::kTileSide) break;
      }
      code_run(source, {x, band.y, end - x, band.height}, {kind, 0});
      x = end;
    }
  }

  void code_run(const Source& source, const Rect& run, const Band& kind) {
    if (run.empty()) return;
    if (kind.look == Look::Solid) {
      add_solid(source, run, kind.colour);
    } else if (kind.look == Look::Photo) {
      // Narrow, so that many rows fit into a part: each first row has nothing above to be predicted from.
      for (int x = run.x; x < run.right(); x += ports::kTileSide)
        code_rows(source, {x, run.y, std::min(ports::kTileSide, run.right() - x), run.height}, TileCoding::Photo);
    } else if (kind.look != Look::Drawn || !code_packed(source, run)) {
      code_rows(source, run, kind.look == Look::Slope ? TileCoding::Slope : TileCoding::Context);
    }
  }

  // All of the rectangle at once, over as many parts as it takes; each continues the one before it. False: it is coded another
  // way, where that takes too many of them or nothing may continue.
  bool code_packed(const Source& source, const Rect& r) {
    const std::int64_t pixels = std::int64_t{r.width} * r.height;
    if (!quick_ || most_continued_ == 0 || source.kind != TileOpKind::Tile || pixels < kLeastPacked || pixels > PackedCoder::kMostPixels) return false;
    const std::size_t piece = writer_.most() - wire::kTileHeaderBytes - 16;   // of a part that holds nothing else
    coded_.clear();
    if (!packed_.encode(source.at(r.x, r.y), source.stride, r.width, r.height, piece * static_cast<std::size_t>(most_continued_), coded_)) return false;
    if (!writer_.empty() && (writer_.room_for_bytes() < kTailRoom || writer_.coded_pixels_left() < pixels)) next_part();
    const std::size_t here = writer_.room_for_bytes() - 1;
    const std::size_t more = coded_.size() > here ? (coded_.size() - here + piece - 1) / piece : 0;
    if (in_chain_ + static_cast<int>(more) > most_continued_) end_chain();
    TileOp op;
    op.kind = TileOpKind::Tile;
    op.area = source.in_picture(r);
    op.coding = TileCoding::Packed;
    for (std::size_t at = 0; at < coded_.size();) {
      const std::size_t size = std::min(writer_.room_for_bytes() - 1, coded_.size() - at);
      piece_.assign(1, static_cast<std::uint8_t>((at == 0 ? wire::kPieceFirst : 0) | (at + size == coded_.size() ? wire::kPieceLast : 0)));
      piece_.insert(piece_.end(), coded_.begin() + static_cast<std::ptrdiff_t>(at), coded_.begin() + static_cast<std::ptrdiff_t>(at + size));
      op.bytes = piece_;
      add(op, op.area);
      learned_ = true;
      at += size;
      if (at < coded_.size()) next_part();
    }
    return true;
  }

  // Whole rows as many as fit; what it learned is undone if they are not used.
  int code_pixels(const Source& source, const Rect& r, int rows, std::size_t room, TileCoding coding) {
    const std::uint8_t* from = source.at(r.x, r.y);
    if (coding == TileCoding::Photo) return photo_.encode(from, source.stride, r.width, rows, room, coded_);
    if (coding == TileCoding::Context) return context_.encode(from, source.stride, r.width, rows, room, coded_);
    left_.resize(static_cast<std::size_t>(r.width) * static_cast<std::size_t>(rows) * 4);
    take_slopes(from, source.stride, r.width, rows, left_.data());
    return slopes_.encode(left_.data(), std::ptrdiff_t{4} * r.width, r.width, rows, room, coded_);
  }

  bool try_solid(const Source& source, const Rect& r) {
    std::uint32_t first, pixel;
    std::memcpy(&first, source.at(r.x, r.y), 4);
    first &= 0x00ffffff;
    for (int y = r.y; y < r.bottom(); ++y) {
      for (int x = r.x; x < r.right(); ++x) {
        std::memcpy(&pixel, source.at(x, y), 4);
        if ((pixel & 0x00ffffff) != first) return false;
      }
    }
    add_solid(source, r, first);
    return true;
  }
  void add_solid(const Source& source, const Rect& r, std::uint32_t colour) {
    TileOp op;
    op.kind = TileOpKind::Solid;
    op.area = source.in_picture(r);
    for (int i = 0; i < 3; ++i) op.bgr[i] = static_cast<std::uint8_t>(colour >> (8 * i));
    add(op, op.area);
  }

  // As many rows as fit go into this part, the rest into the next ones. Rows too long for a whole part are halved.
  void code_rows(const Source& source, Rect r, TileCoding coding) {
    while (r.height > 0) {
      const std::size_t room = writer_.room_for_bytes();
      const auto rows_allowed = static_cast<int>(std::min<std::int64_t>({r.height, wire::kMaxTilePixels / r.width, writer_.coded_pixels_left() / r.width}));
      int rows = 0;
      coded_.clear();
      if (rows_allowed > 0 && room > 0) rows = code_pixels(source, r, rows_allowed, room, coding);
      const bool learned = coding != TileCoding::Photo && rows > 0;
      if (!writer_.empty() && (rows == 0 || (rows < rows_allowed && room < kTailRoom))) {
        if (learned) (coding == TileCoding::Slope ? slopes_ : context_).undo();
        next_part();
        continue;
      }
      if (rows == 0) {
        const int left = r.width / 2;    // one pixel always fits
        code_rows(source, {r.x, r.y, left, r.height}, coding);
        code_rows(source, {r.x + left, r.y, r.width - left, r.height}, coding);
        return;
      }
      TileOp op;
      op.kind = source.kind;
      op.area = source.in_picture({r.x, r.y, r.width, rows});
      op.coding = coding;
      op.bytes = coded_;
      op.scale_log2 = static_cast<std::uint8_t>(source.scale_log2);
      op.dropped_bits = static_cast<std::uint8_t>(source.dropped_bits);
      add(op, op.area);
      learned_ = learned_ || learned;
      r.y += rows;
      r.height -= rows;
    }
  }

  Sink sink_;
  std::function<microseconds()> coded_now_;
  wire::TileHeader header_;
  wire::TilePartWriter writer_;
  std::vector<Rect> areas_;
  bool copies_ = false;
  bool learned_ = false;                 // by the context coder, in this part
  int most_continued_ = 0, in_chain_ = 0;   // parts that build on the one before, one after the other
  bool quick_ = false;
  std::size_t sent_bytes_ = 0;
  ContextCoder context_, slopes_;
  PhotoCoder photo_;
  PackedCoder packed_;
  TileLooker looker_;
  Bytes coded_, piece_, reduced_, left_;
  std::vector<std::uint16_t> sums_;
};

}  // namespace

std::unique_ptr<ports::TileEncoder> make_tile_encoder() { return std::make_unique<Encoder>(); }

}  // namespace beside::tiles
