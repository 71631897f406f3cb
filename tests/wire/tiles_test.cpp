// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/tiles.h"

#include <doctest/doctest.h>

#include <functional>

#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

namespace {

Bytes build(const TilePacket& packet) {
  TilePartWriter writer;
  writer.begin(packet.header);
  for (const TileOp& op : packet.ops) CHECK(writer.add(op));
  return writer.finish(packet.header.last);
}
TileHeader header_of(int width, int height) {
  TileHeader h;
  h.width = width;
  h.height = height;
  return h;
}
TileOp op_of(TileOpKind kind, const Rect& area) {
  TileOp op;
  op.kind = kind;
  op.area = area;
  return op;
}

}  // namespace

TEST_CASE("the tile vectors parse and are built byte for byte") {
  TilePacket packet;
  for (const std::string name : {"wire_tiles_copy", "wire_tiles_pixels", "wire_tiles_marks"}) {
    const Bytes bytes = test::read_vector(name);
    REQUIRE(parse_tiles(bytes, packet));
    CHECK(build(packet) == bytes);
    CHECK(packet.header.decided == microseconds(1000));
    CHECK(packet.header.sent == microseconds(3000));
  }
  REQUIRE(parse_tiles(test::read_vector("wire_tiles_copy"), packet));
  CHECK(dump_tiles(packet) == "tiles update=9 part=0 generation=4 640x480: copy 640x462+0+18->0,0 back 1 solid 640x18+0+462");
  CHECK(packet.ops[1].bgr[1] == 128);
  REQUIRE(parse_tiles(test::read_vector("wire_tiles_pixels"), packet));
  CHECK(packet.header.last);
  CHECK(packet.ops[0].coding == TileCoding::Photo);
  CHECK(packet.ops[1].scale_log2 == 3);
  CHECK(packet.ops[1].dropped_bits == 2);
  REQUIRE(parse_tiles(test::read_vector("wire_tiles_marks"), packet));
  REQUIRE(packet.ops.size() == 4);
  CHECK(packet.ops[0].rtp_timestamp == 90000u);
  CHECK(packet.ops[3].kind == TileOpKind::Skip);
}

TEST_CASE("whatever breaks a bound is refused") {
  const Bytes copy = test::read_vector("wire_tiles_copy"), pixels = test::read_vector("wire_tiles_pixels"), marks = test::read_vector("wire_tiles_marks");
  struct Wrong {
    const char* what;
    const Bytes* from;
    std::size_t at;
    std::uint8_t value;
  };
  const Wrong table[] = {
      {"kind", &copy, 0, 0x22},          {"flags", &copy, 1, 4},              {"width 0", &copy, 11, 0x00},
      {"picture too wide", &copy, 10, 0x41}, {"monitor", &copy, 18, 17},      {"op kind", &copy, 28, 8},
      {"source outside", &copy, 32, 19}, {"destination outside", &copy, 38, 1}, {"base 0", &copy, 41, 0},
      {"empty rectangle", &copy, 34, 0}, {"solid outside", &copy, 45, 2},     {"padding", &copy, 127, 1},
      {"coding", &pixels, 37, 5},        {"no pixel bytes", &pixels, 39, 0},  {"too many pixel bytes", &pixels, 38, 2},
      {"dropped bits", &pixels, 51, 0x63}, {"coarse flags", &pixels, 51, 0x07}, {"stream", &marks, 37, 9},
      {"has", &marks, 38, 2},           {"a first part that continues", &marks, 1, 3},
      {"flags of a piece", &pixels, 37, 4},
  };
  TilePacket packet;
  for (const Wrong& wrong : table) {
    INFO(std::string(wrong.what));
    Bytes bytes = *wrong.from;
    REQUIRE(bytes[wrong.at] != wrong.value);
    bytes[wrong.at] = wrong.value;
    if (std::string(wrong.what) == "width 0") bytes[10] = 0;
    if (std::string(wrong.what) == "empty rectangle") bytes[33] = 0;
    const auto result = parse_tiles(bytes, packet);
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::PeerFault);
  }
  CHECK(!parse_tiles({}, packet));
  CHECK(!parse_tiles(ByteSpan(copy).first(kTileHeaderBytes - 1), packet));
  CHECK(parse_tiles(ByteSpan(copy).first(kTileHeaderBytes), packet));
  CHECK(!parse_tiles(ByteSpan(copy).first(kTileHeaderBytes + 5), packet));
  CHECK(!parse_tiles(Bytes(kMaxTilePayload + 1, 0), packet));
}

TEST_CASE("one packet cannot ask for unbounded work") {
  TilePacket packet;
  const std::uint8_t some[] = {0xc0};
  TileOp tile = op_of(TileOpKind::Tile, {0, 0, 256, 256});
  tile.bytes = some;
  TileOp solid = op_of(TileOpKind::Solid, {0, 0, 1024, 1024});
  TilePartWriter writer;
  writer.begin(header_of(1024, 1024));
  for (int i = 0; i < 4; ++i) CHECK(writer.add(tile));
  CHECK(!writer.add(tile));
  for (int i = 0; i < 2; ++i) CHECK(writer.add(solid));
  CHECK(!writer.add(solid));
  Bytes bytes = writer.finish(true);
  CHECK(parse_tiles(bytes, packet));
  // The same with one more of each, written by hand.
  const Bytes tile_bytes(bytes.begin() + 28, bytes.begin() + 28 + 13), solid_bytes(bytes.begin() + 28 + 4 * 13, bytes.begin() + 28 + 4 * 13 + 12);
  for (const Bytes& extra : {tile_bytes, solid_bytes}) {
    Bytes more(bytes.begin(), bytes.begin() + 28 + 4 * 13 + 2 * 12);
    CHECK(parse_tiles(more, packet));
    more.insert(more.end(), extra.begin(), extra.end());
    CHECK(!parse_tiles(more, packet));
  }
  Bytes large(bytes.begin(), bytes.begin() + 28);
  large.insert(large.end(), tile_bytes.begin(), tile_bytes.end());
  large[28 + 6] = 2;   // 512 x 256 pixels
  large[28 + 5] = 2;
  CHECK(!parse_tiles(large, packet));
}

TEST_CASE("a copy stands before every other op") {
  TilePacket packet;
  TilePartWriter writer;
  writer.begin(header_of(64, 64));
  TileOp copy = op_of(TileOpKind::Copy, {0, 0, 8, 8});
  CHECK(writer.add(op_of(TileOpKind::Exact, {0, 0, 8, 8})));
  CHECK(writer.add(copy));
  CHECK(!parse_tiles(writer.finish(true), packet));
}

TEST_CASE("payloads under 512 bytes grow in steps of 128, and a full part refuses more") {
  CHECK(padded_tile_size(28) == 128);
  CHECK(padded_tile_size(128) == 128);
  CHECK(padded_tile_size(129) == 256);
  CHECK(padded_tile_size(511) == 512);
  CHECK(padded_tile_size(512) == 512);
  CHECK(padded_tile_size(513) == 513);
  TilePartWriter writer;
  writer.begin(header_of(300, 300));
  const Bytes big(600, 1);
  TileOp tile = op_of(TileOpKind::Tile, {0, 0, 64, 64});
  tile.bytes = big;
  CHECK(writer.add(tile));
  CHECK(writer.room_for_bytes() == kMaxTilePayload - 28 - 612 - 13);
  CHECK(!writer.add(tile));
  CHECK(writer.finish(false).size() == 28 + 612);
  const auto header = parse_tile_header(writer.finish(false));
  REQUIRE(header);
  CHECK(!header->last);
}

TEST_CASE("when a packet goes out is written last and changes nothing else") {
  Bytes bytes = test::read_vector("wire_tiles_copy");
  TilePacket before, after;
  REQUIRE(parse_tiles(bytes, before));
  stamp_tiles_sent(bytes, microseconds(123456));
  REQUIRE(parse_tiles(bytes, after));
  CHECK(after.header.sent == microseconds(123456));
  after.header.sent = before.header.sent;
  CHECK(after.header == before.header);
  stamp_tiles_sent(bytes, seconds(100));
  CHECK(parse_tile_header(bytes)->sent == microseconds(0xffffff));
  Bytes tiny(5, 0);
  stamp_tiles_sent(tiny, microseconds(1));
  CHECK(tiny == Bytes(5, 0));
}
