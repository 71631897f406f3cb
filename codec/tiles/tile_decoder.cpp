// SPDX-License-Identifier: GPL-3.0-or-later
#include <libyuv/scale_argb.h>

#include <algorithm>

#include "codec/tiles/context_coder.h"
#include "codec/tiles/packed_coder.h"
#include "codec/tiles/photo_coder.h"
#include "codec/tiles/slope.h"
#include "codec/tiles/tiles.h"
#include "engine/wire/tiles.h"

namespace beside::tiles {
namespace {

using wire::TileOp;
using wire::TileOpKind;

class Decoder final : public ports::TileDecoder {
 public:
  Result<void> apply(ByteSpan payload, ports::Canvas& canvas) override {
    if (auto ok = wire::parse_tiles(payload, packet_); !ok) return fail(ok);
    const wire::TileHeader& now = packet_.header;
    BS_PEER_CHECK(!now.continues || (known_ && now.number == number_ && now.part == part_ + 1), "codec/tiles: what a part builds on is missing");
    if (!now.continues) context_.reset(), slopes_.reset(), gathering_ = {};
    known_ = true;
    number_ = now.number;
    part_ = now.part;
    for (const TileOp& op : packet_.ops) {
      switch (op.kind) {
        case TileOpKind::Solid: solid(op, canvas); break;
        case TileOpKind::Tile:
          if (op.coding == wire::TileCoding::Packed && !gather(op)) break;
          decode(op, op.area.width, op.area.height);
          canvas.write(op.area, pixels_.data(), std::ptrdiff_t{4} * op.area.width, true);
          break;
        case TileOpKind::Copy: canvas.copy(op.area, op.x, op.y); break;
        case TileOpKind::Coarse: coarse(op, canvas); break;
        case TileOpKind::Exact: canvas.mark(op.area, true); break;
        case TileOpKind::Skip: canvas.mark(op.area, false); break;
        case TileOpKind::VideoArea: break;
      }
    }
    return {};
  }

 private:
  // True: this is the last piece of a rectangle, whose bytes are in gathered_. A piece that does not go on with what there is
  // is left out: no sender of ours makes one.
  bool gather(const TileOp& op) {
    const std::uint8_t flags = op.bytes[0];
    if ((flags & wire::kPieceFirst) != 0) {
      gathered_.clear();
      gathering_ = op.area;
    }
    if (!(op.area == gathering_) || gathered_.size() + op.bytes.size() > PackedCoder::kMostBytes) {
      gathering_ = {};
      return false;
    }
    gathered_.insert(gathered_.end(), op.bytes.begin() + 1, op.bytes.end());
    if ((flags & wire::kPieceLast) == 0) return false;
    gathering_ = {};
    return true;
  }
  void decode(const TileOp& op, int width, int height) {
    const std::ptrdiff_t stride = std::ptrdiff_t{4} * width;
    pixels_.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height));
    if (op.coding == wire::TileCoding::Packed) {
      packed_.decode(gathered_, pixels_.data(), stride, width, height);
    } else if (op.coding == wire::TileCoding::Photo) {
      photo_.decode(op.bytes, pixels_.data(), stride, width, height);
    } else if (op.coding == wire::TileCoding::Slope) {
      slopes_.decode(op.bytes, pixels_.data(), stride, width, height);
      put_slopes(pixels_.data(), width, height);
    } else {
      context_.decode(op.bytes, pixels_.data(), stride, width, height);
    }
  }
  void solid(const TileOp& op, ports::Canvas& canvas) {
    pixels_.resize(static_cast<std::size_t>(op.area.width) * 4);
    for (std::size_t x = 0; x < pixels_.size(); x += 4) {
      std::copy_n(op.bgr, 3, pixels_.data() + x);
      pixels_[x + 3] = 255;
    }
    canvas.write(op.area, pixels_.data(), 0, true);   // the same row again and again
  }
  // Enlarged smoothly, so that it looks out of focus rather than like bricks.
  void coarse(const TileOp& op, ports::Canvas& canvas) {
    const int scale = 1 << op.scale_log2;
    const int width = (op.area.width + scale - 1) / scale, height = (op.area.height + scale - 1) / scale;
    decode(op, width, height);
    const std::uint8_t* shown = pixels_.data();
    int stride = 4 * width;
    if (scale > 1) {
      stride = 4 * op.area.width;
      large_.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(op.area.height));
      (void)libyuv::ARGBScale(shown, 4 * width, width, height, large_.data(), stride, op.area.width, op.area.height, libyuv::kFilterBilinear);
      shown = large_.data();
    }
    canvas.write(op.area, shown, stride, false);
  }

  wire::TilePacket packet_;
  bool known_ = false;                // the part below was the last one that was applied
  std::uint32_t number_ = 0;
  int part_ = 0;
  ContextCoder context_, slopes_;
  PhotoCoder photo_;
  PackedCoder packed_;
  Bytes gathered_;                    // of the rectangle below, so far
  Rect gathering_;                    // empty: of none
  Bytes pixels_, large_;
};

}  // namespace

std::unique_ptr<ports::TileDecoder> make_tile_decoder() { return std::make_unique<Decoder>(); }

}  // namespace beside::tiles
