// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/tiles.h"

#include <fmt/core.h>

#include <algorithm>

namespace beside::wire {
namespace {

constexpr std::uint8_t kTilesKind = 0x21;
constexpr std::size_t kCodedAt = 22, kSentAt = 25;
constexpr std::int64_t kMostMicroseconds = 0xffffff;
constexpr std::size_t kRectBytes = 9;   // kind and rectangle, which every op has

std::uint32_t to_u24(microseconds t) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(t.count(), 0, kMostMicroseconds));
}
void put_u24(MutableByteSpan payload, std::size_t at, microseconds t) {
  if (payload.size() < kTileHeaderBytes) return;
  const std::uint32_t value = to_u24(t);
  for (std::size_t i = 0; i < 3; ++i) payload[at + i] = static_cast<std::uint8_t>(value >> (16 - 8 * i));
}
std::int64_t pixels_of(const Rect& r) { return std::int64_t{r.width} * r.height; }
int scaled(int side, int scale_log2) { return (side + (1 << scale_log2) - 1) >> scale_log2; }
std::int64_t coded_pixels_of(const TileOp& op) {
  if (op.kind == TileOpKind::Tile) return pixels_of(op.area);
  if (op.kind == TileOpKind::Coarse)
    return std::int64_t{scaled(op.area.width, op.scale_log2)} * scaled(op.area.height, op.scale_log2);
  return 0;
}
bool fills(TileOpKind kind) { return kind == TileOpKind::Solid || kind == TileOpKind::Copy; }
// Pixels that a part's Solids and Copies may write: a hostile sender gets no more work out of a packet than that.
std::int64_t most_fill(const TileHeader& h) { return kMaxFillPictures * h.width * h.height; }

bool inside(const Rect& r, const TileHeader& h) {
  return !r.empty() && r.x >= 0 && r.y >= 0 && r.width <= h.width - r.x && r.height <= h.height - r.y;
}

std::size_t bytes_before_pixels(TileOpKind kind) { return kind == TileOpKind::Tile ? kRectBytes + 3 : kRectBytes + 4; }
std::size_t size_of(const TileOp& op) {
  switch (op.kind) {
    case TileOpKind::Solid: return kRectBytes + 3;
    case TileOpKind::Tile:
    case TileOpKind::Coarse: return bytes_before_pixels(op.kind) + op.bytes.size();
    case TileOpKind::Copy: return kRectBytes + 5;
    case TileOpKind::VideoArea: return kRectBytes + (op.rtp_timestamp ? 6 : 2);
    case TileOpKind::Exact:
    case TileOpKind::Skip: break;
  }
  return kRectBytes;
}

void read_header(ByteReader& in, TileHeader& h, std::uint8_t& kind, std::uint8_t& flags) {
  kind = in.u8();
  flags = in.u8();
  h.number = in.u32();
  h.part = in.u16();
  h.generation = in.u16();
  h.width = in.u16();
  h.height = in.u16();
  h.layout_generation = in.u32();
  h.monitor_id = in.u8();
  h.decided = microseconds(in.u24());
  h.coded = microseconds(in.u24());
  h.sent = microseconds(in.u24());
  h.last = (flags & kTileLast) != 0;
  h.continues = (flags & kTileContinues) != 0;
}

Result<void> check_header(const ByteReader& in, const TileHeader& h, std::uint8_t kind, std::uint8_t flags) {
  BS_PEER_CHECK(!in.failed(), "wire/tiles: header length");
  BS_PEER_CHECK(kind == kTilesKind && (flags & ~(kTileLast | kTileContinues)) == 0, "wire/tiles: kind or flags");
  BS_PEER_CHECK(h.width >= 1 && h.width <= kMaxPictureSide && h.height >= 1 && h.height <= kMaxPictureSide,
                "wire/tiles: picture size");
  BS_PEER_CHECK(!h.continues || h.part > 0, "wire/tiles: a first part that continues");
  BS_PEER_CHECK(h.monitor_id <= 16, "wire/tiles: monitor");
  return {};
}

Result<void> read_pixels(ByteReader& in, TileOp& op) {
  const std::uint8_t coding = in.u8();
  BS_PEER_CHECK(coding >= 1 && coding <= (op.kind == TileOpKind::Tile ? 4 : 3), "wire/tiles: coding");
  op.coding = static_cast<TileCoding>(coding);
  if (op.kind == TileOpKind::Coarse) {
    const std::uint8_t shifts = in.u8();
    op.scale_log2 = shifts & 3;
    op.dropped_bits = shifts >> 4;
    BS_PEER_CHECK((shifts & 0x0c) == 0 && op.dropped_bits <= 5, "wire/tiles: coarseness");
  }
  const std::size_t length = in.u16();
  op.bytes = in.bytes(length);
  BS_PEER_CHECK(!in.failed() && length > 0, "wire/tiles: pixel bytes");
  BS_PEER_CHECK(op.coding != TileCoding::Packed || (op.bytes[0] & ~(kPieceFirst | kPieceLast)) == 0, "wire/tiles: flags of a piece");
  BS_PEER_CHECK(coded_pixels_of(op) <= kMaxTilePixels, "wire/tiles: pixels of a tile");
  return {};
}

Result<void> read_op(ByteReader& in, const TileHeader& h, TileOp& op) {
  op.area.x = in.u16();
  op.area.y = in.u16();
  op.area.width = in.u16();
  op.area.height = in.u16();
  BS_PEER_CHECK(!in.failed() && inside(op.area, h), "wire/tiles: rectangle");
  switch (op.kind) {
    case TileOpKind::Solid:
      for (std::uint8_t& channel : op.bgr) channel = in.u8();
      break;
    case TileOpKind::Tile:
    case TileOpKind::Coarse:
      if (auto ok = read_pixels(in, op); !ok) return fail(ok);
      break;
    case TileOpKind::Copy:
      op.x = in.u16();
      op.y = in.u16();
      op.back = in.u8();
      BS_PEER_CHECK(inside({op.x, op.y, op.area.width, op.area.height}, h), "wire/tiles: destination");
      BS_PEER_CHECK(op.back >= 1, "wire/tiles: base of a copy");
      break;
    case TileOpKind::VideoArea: {
      op.stream = in.u8();
      const std::uint8_t has = in.u8();
      BS_PEER_CHECK(op.stream <= kMaxVideoStream && has <= 1, "wire/tiles: video area");
      if (has == 1) op.rtp_timestamp = in.u32();
      break;
    }
    case TileOpKind::Exact:
    case TileOpKind::Skip: break;
  }
  BS_PEER_CHECK(!in.failed(), "wire/tiles: op length");
  return {};
}

}  // namespace

Result<TileHeader> parse_tile_header(ByteSpan payload) {
  ByteReader in(payload);
  TileHeader header;
  std::uint8_t kind = 0, flags = 0;
  read_header(in, header, kind, flags);
  if (auto ok = check_header(in, header, kind, flags); !ok) return fail(ok);
  return header;
}

Result<void> parse_tiles(ByteSpan payload, TilePacket& out) {
  out.ops.clear();
  BS_PEER_CHECK(payload.size() <= kMaxTilePayload, "wire/tiles: packet size");
  auto header = parse_tile_header(payload);
  if (!header) return fail(header);
  out.header = *header;
  ByteReader in(payload.subspan(kTileHeaderBytes));
  std::int64_t coded = 0, filled = 0;
  bool only_copies = true;
  while (in.remaining() > 0) {
    const std::uint8_t kind = in.u8();
    if (kind == 0) {
      const ByteSpan rest = in.rest();
      BS_PEER_CHECK(std::all_of(rest.begin(), rest.end(), [](std::uint8_t b) { return b == 0; }), "wire/tiles: padding");
      break;
    }
    BS_PEER_CHECK(kind <= static_cast<std::uint8_t>(TileOpKind::Skip), "wire/tiles: kind of op");
    TileOp op;
    op.kind = static_cast<TileOpKind>(kind);
    if (auto ok = read_op(in, out.header, op); !ok) return fail(ok);
    coded += coded_pixels_of(op);
    filled += fills(op.kind) ? pixels_of(op.area) : 0;
    BS_PEER_CHECK(coded <= kMaxCodedPixels && filled <= most_fill(out.header), "wire/tiles: work in one packet");
    BS_PEER_CHECK(op.kind != TileOpKind::Copy || only_copies, "wire/tiles: copy after other ops");
    only_copies = only_copies && op.kind == TileOpKind::Copy;
    out.ops.push_back(op);
  }
  return {};
}

std::string dump_tiles(const TilePacket& packet) {
  constexpr const char* names[] = {"?", "solid", "tile", "copy", "coarse", "video", "exact", "skip"};
  const TileHeader& h = packet.header;
  std::string out = fmt::format("tiles update={} part={}{} generation={} {}x{}:", h.number, h.part, h.last ? " last" : "",
                                h.generation, h.width, h.height);
  for (const TileOp& op : packet.ops) {
    out += fmt::format(" {} {}x{}+{}+{}", names[static_cast<int>(op.kind)], op.area.width, op.area.height, op.area.x, op.area.y);
    if (op.kind == TileOpKind::Copy) out += fmt::format("->{},{} back {}", op.x, op.y, op.back);
    if (op.kind == TileOpKind::VideoArea) out += fmt::format(" stream {}", op.stream);
    if (!op.bytes.empty()) out += fmt::format(" coding {} {} bytes", static_cast<int>(op.coding), op.bytes.size());
  }
  return out;
}

void TilePartWriter::begin(const TileHeader& header) {
  header_ = header;
  coded_pixels_ = fill_pixels_ = 0;
  out_.clear();
  ByteWriter w(out_);
  w.u8(kTilesKind);
  w.u8(0);
  w.u32(header.number);
  w.u16(header.part);
  w.u16(header.generation);
  w.u16(static_cast<std::uint16_t>(header.width));
  w.u16(static_cast<std::uint16_t>(header.height));
  w.u32(header.layout_generation);
  w.u8(header.monitor_id);
  w.u24(to_u24(header.decided));
  w.u24(to_u24(header.coded));
  w.u24(to_u24(header.sent));
}

bool TilePartWriter::add(const TileOp& op) {
  BS_ASSERT(inside(op.area, header_));
  const std::int64_t coded = coded_pixels_of(op), filled = fills(op.kind) ? pixels_of(op.area) : 0;
  BS_ASSERT(coded <= kMaxTilePixels && op.bytes.size() <= kMaxTilePayload);
  if (out_.size() + size_of(op) > most_ || coded > coded_pixels_left() || filled > fill_pixels_left()) return false;
  coded_pixels_ += coded;
  fill_pixels_ += filled;
  ByteWriter w(out_);
  w.u8(static_cast<std::uint8_t>(op.kind));
  for (const int v : {op.area.x, op.area.y, op.area.width, op.area.height}) w.u16(static_cast<std::uint16_t>(v));
  switch (op.kind) {
    case TileOpKind::Solid: w.bytes(op.bgr); break;
    case TileOpKind::Tile:
    case TileOpKind::Coarse:
      BS_ASSERT(!op.bytes.empty());
      w.u8(static_cast<std::uint8_t>(op.coding));
      if (op.kind == TileOpKind::Coarse) w.u8(static_cast<std::uint8_t>(op.scale_log2 | op.dropped_bits << 4));
      w.u16(static_cast<std::uint16_t>(op.bytes.size()));
      w.bytes(op.bytes);
      break;
    case TileOpKind::Copy:
      BS_ASSERT(inside({op.x, op.y, op.area.width, op.area.height}, header_) && op.back >= 1);
      w.u16(static_cast<std::uint16_t>(op.x));
      w.u16(static_cast<std::uint16_t>(op.y));
      w.u8(op.back);
      break;
    case TileOpKind::VideoArea:
      w.u8(op.stream);
      w.u8(op.rtp_timestamp ? 1 : 0);
      if (op.rtp_timestamp) w.u32(*op.rtp_timestamp);
      break;
    case TileOpKind::Exact:
    case TileOpKind::Skip: break;
  }
  return true;
}

std::size_t TilePartWriter::room_for_bytes() const {
  const std::size_t taken = out_.size() + bytes_before_pixels(TileOpKind::Coarse);
  return taken < most_ ? most_ - taken : 0;
}

std::int64_t TilePartWriter::fill_pixels_left() const { return most_fill(header_) - fill_pixels_; }

const Bytes& TilePartWriter::finish(bool last) {
  out_[1] = static_cast<std::uint8_t>((last ? kTileLast : 0) | (header_.continues ? kTileContinues : 0));
  out_.resize(padded_tile_size(out_.size()), 0);
  return out_;
}

void TilePartWriter::set_continues() { header_.continues = true; }

void TilePartWriter::set_coded(microseconds after_capture) { put_u24(out_, kCodedAt, after_capture); }

void stamp_tiles_sent(MutableByteSpan payload, microseconds after_capture) { put_u24(payload, kSentAt, after_capture); }

}  // namespace beside::wire
