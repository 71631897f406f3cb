// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "codec/tiles/tiles.h"
#include "engine/wire/tiles.h"
#include "tests/codec/tiles/screens.h"

using namespace beside;
using namespace beside::tiles;

namespace {

ports::TileUpdate update_of(const ports::PixelBuffer& p, std::uint32_t number) {
  ports::TileUpdate u;
  u.number = number;
  u.generation = 3;
  u.width = p.width;
  u.height = p.height;
  u.layout_generation = 9;
  u.monitor_id = 2;
  u.decided = microseconds(700);
  return u;
}

struct Sent {
  std::vector<Bytes> payloads;
  std::vector<Rect> areas;
  std::size_t bytes = 0;
};
template <class Ops>
Sent send(ports::TileEncoder& encoder, const ports::TileUpdate& update, Ops&& ops) {
  Sent sent;
  encoder.begin(
      update,
      [&](const ports::TilePart& part) {
        CHECK(part.number == update.number);
        CHECK(part.part == sent.payloads.size());
        sent.payloads.push_back(to_bytes(part.payload));
        sent.areas.insert(sent.areas.end(), part.areas->begin(), part.areas->end());
      },
      [] { return microseconds(900); });
  ops();
  sent.bytes = encoder.finish();
  return sent;
}

}  // namespace

TEST_CASE("two hundred varied screens end bit for bit the same, whatever the order of their packets") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  ports::Canvas canvas;
  for (int i = 0; i < 200; ++i) {
    const int width = 1 + (i * 37) % 331, height = 1 + (i * 53) % 283;
    const auto screen = make_screen(i, width, height, static_cast<std::uint32_t>(i));
    INFO("screen " << i << " kind " << i % kScreenKinds << " " << width << "x" << height);
    Sent sent = send(*encoder, update_of(*screen, static_cast<std::uint32_t>(i)), [&] { encoder->exact(*screen, {0, 0, width, height}); });
    canvas.reset(width, height, 9, 2);
    if (i % 2 != 0) std::reverse(sent.payloads.begin(), sent.payloads.end());   // each part stands alone
    for (const Bytes& payload : sent.payloads) {
      CHECK(payload.size() <= wire::kMaxTilePayload);
      CHECK((payload.size() >= wire::kTilePadBelow || payload.size() % wire::kTilePadStep == 0));
      REQUIRE(decoder->apply(payload, canvas));
    }
    REQUIRE(equal(canvas, *screen));
    CHECK(canvas.exact({0, 0, width, height}));
    std::int64_t covered = 0;
    for (const Rect& r : sent.areas) covered += std::int64_t{r.width} * r.height;
    CHECK(covered == std::int64_t{width} * height);
  }
}

TEST_CASE("two hundred varied screens end bit for bit the same where they are coded quickly") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  ports::Canvas canvas;
  int packed = 0;
  for (int i = 0; i < 200; ++i) {
    const int width = 1 + (i * 37) % 331, height = 1 + (i * 53) % 283;
    const auto screen = make_screen(i, width, height, static_cast<std::uint32_t>(i));
    INFO("screen " << i << " kind " << i % kScreenKinds << " " << width << "x" << height);
    auto update = update_of(*screen, static_cast<std::uint32_t>(i));
    update.quick = true;
    update.most_continued = i % 5 * 4;   // where nothing may continue it is as if it were not asked for
    update.most_part_bytes = std::array<std::size_t, 4>{0, 384, 640, 1024}[static_cast<std::size_t>(i / 5 % 4)];
    const Sent sent = send(*encoder, update, [&] { encoder->exact(*screen, {0, 0, width, height}); });
    canvas.reset(width, height, 9, 2);
    wire::TilePacket packet;
    for (const Bytes& payload : sent.payloads) {
      REQUIRE(decoder->apply(payload, canvas));
      REQUIRE(wire::parse_tiles(payload, packet));
      for (const wire::TileOp& op : packet.ops) packed += op.coding == wire::TileCoding::Packed ? 1 : 0;
    }
    REQUIRE(equal(canvas, *screen));
    CHECK(canvas.exact({0, 0, width, height}));
  }
  CHECK(packed > 100);
}

// Pieces of a block that is packed fill the parts of a tunnel too, however few may continue.
TEST_CASE("a page of text that is coded quickly is exact over a path of any width") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  ports::Canvas canvas;
  for (const std::size_t width : {384, 512, 640, 896, 1024, 1152}) {
    for (const int continued : {1, 3, 7, 15}) {
      for (const int kind : {0, 1, 11}) {
        CAPTURE(width);
        CAPTURE(continued);
        CAPTURE(kind);
        const auto screen = make_screen(kind, 700, 500, 5);
        auto update = update_of(*screen, 1);
        update.quick = true;
        update.most_continued = continued;
        update.most_part_bytes = width;
        const Sent sent = send(*encoder, update, [&] { encoder->exact(*screen, {0, 0, 700, 500}); });
        canvas.reset(700, 500, 9, 2);
        for (const Bytes& payload : sent.payloads) {
          CHECK(payload.size() <= width);
          REQUIRE(decoder->apply(payload, canvas));
        }
        CHECK(equal(canvas, *screen));
        CHECK(canvas.exact({0, 0, 700, 500}));
      }
    }
  }
}

TEST_CASE("pieces of a rectangle that do not follow one another write nothing") {
  auto decoder = make_tile_decoder();
  ports::Canvas canvas;
  canvas.reset(64, 64, 9, 2);
  wire::TileHeader header;
  header.width = header.height = 64;
  const auto part = [&](std::uint8_t flags, const Rect& area, bool continues) {
    const std::uint8_t bytes[] = {flags, 8, 0, 1, 2, 3};
    wire::TilePartWriter writer;
    writer.begin(header);
    wire::TileOp op;
    op.kind = wire::TileOpKind::Tile;
    op.area = area;
    op.coding = wire::TileCoding::Packed;
    op.bytes = bytes;
    REQUIRE(writer.add(op));
    if (continues) writer.set_continues();
    REQUIRE(decoder->apply(writer.finish(false), canvas));
    ++header.part;
  };
  const Rect all{0, 0, 64, 64};
  part(wire::kPieceLast, all, false);               // its first never came
  part(wire::kPieceFirst, all, false);
  part(wire::kPieceLast, {0, 0, 64, 32}, true);     // of another rectangle
  part(wire::kPieceLast, all, true);                // of one that was given up
  part(wire::kPieceFirst, all, false);
  part(wire::kPieceLast, all, false);               // continues nothing
  CHECK(!canvas.exact({0, 0, 1, 1}));
  part(wire::kPieceFirst, all, false);
  part(wire::kPieceLast, all, true);                // bytes that say nothing still are some picture
  CHECK(canvas.exact(all));
}

TEST_CASE("a large screen of everything arrives exactly, and rectangles at any place do") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  const auto screen = make_screen(11, 1500, 900, 4);
  ports::Canvas canvas;
  canvas.reset(1500, 900, 9, 2);
  const auto rows = send(*encoder, update_of(*screen, 1), [&] {
    for (int y = 0; y < 900; y += 77)
      for (int x = 0; x < 1500; x += 411) encoder->exact(*screen, {x, y, 411, 77});   // the last ones reach outside
  });
  for (const Bytes& payload : rows.payloads) REQUIRE(decoder->apply(payload, canvas));
  CHECK(equal(canvas, *screen));
  const auto header = wire::parse_tile_header(rows.payloads.back());
  REQUIRE(header);
  CHECK(header->last);
  CHECK(header->decided == microseconds(700));
  CHECK(header->coded == microseconds(900));
  CHECK(header->monitor_id == 2);
  CHECK(!wire::parse_tile_header(rows.payloads.front())->last);
}

TEST_CASE("the longest and the smallest pictures there are arrive exactly") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  for (const auto& size : {std::pair{wire::kMaxPictureSide, 3}, {2, wire::kMaxPictureSide}, {1, 1}, {65, 1}, {1, 65}}) {
    const int width = size.first, height = size.second;
    for (const int kind : {1, 5, 10, 11}) {
      const auto screen = make_screen(kind, width, height, 1);
      ports::Canvas canvas;
      canvas.reset(width, height, 9, 2);
      const auto sent = send(*encoder, update_of(*screen, 1), [&] {
        encoder->exact(*screen, {-5, -5, width + 10, height + 10});
        encoder->exact(*screen, {width, 0, 5, 5});    // nothing of it lies inside
        encoder->exact(*screen, {0, 0, 0, height});
        encoder->coarse(*screen, {0, 0, width, -1}, 1, 1);
        encoder->mark_exact({-20, -20, 5, 5});
      });
      for (const Bytes& payload : sent.payloads) REQUIRE(decoder->apply(payload, canvas));
      CHECK(equal(canvas, *screen));
    }
  }
}

TEST_CASE("pixels beyond the size that the update names are left out") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  const auto screen = make_screen(1, 200, 100, 1);
  ports::TileUpdate smaller = update_of(*screen, 1);
  smaller.width = 150;
  smaller.height = 60;
  ports::Canvas canvas;
  canvas.reset(150, 60, 9, 2);
  for (const Bytes& p : send(*encoder, smaller, [&] { encoder->exact(*screen, {0, 0, 200, 100}); }).payloads) REQUIRE(decoder->apply(p, canvas));
  CHECK(canvas.exact({0, 0, 150, 60}));
  canvas.read([&](const ports::PixelBuffer& p) { CHECK(ports::same_pixels(p, *screen, {0, 0, 150, 60})); });
}

TEST_CASE("a decoder writes nothing of a malformed packet, and cuts what lies outside its canvas") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  const auto screen = make_screen(11, 300, 200, 1);
  const auto sent = send(*encoder, update_of(*screen, 1), [&] { encoder->exact(*screen, {0, 0, 300, 200}); });
  ports::Canvas canvas;
  canvas.reset(100, 50, 9, 2);
  for (Bytes payload : sent.payloads) {
    Bytes cut = payload;
    cut.resize(wire::kTileHeaderBytes + 4);
    const auto refused = decoder->apply(cut, canvas);
    REQUIRE(!refused);
    CHECK(refused.error().kind == ErrorKind::PeerFault);
  }
  CHECK(!canvas.exact({0, 0, 1, 1}));
  for (const Bytes& payload : sent.payloads) REQUIRE(decoder->apply(payload, canvas));
  canvas.read([&](const ports::PixelBuffer& p) { CHECK(ports::same_pixels(p, *screen, {0, 0, 100, 50})); });
}

TEST_CASE("one typed glyph costs one small packet") {
  auto encoder = make_tile_encoder();
  auto detector = make_change_detector();
  for (const bool sub_pixel : {false, true}) {
    auto shadow = make_screen(1, 640, 400, 1);
    auto frame = clone(*shadow);
    draw_letter(*frame, 123, 200, 7, 0x202020, sub_pixel);
    std::vector<Rect> changed;
    const Rect damage{100, 190, 80, 40};
    detector->find(*shadow, *frame, {&damage, 1}, changed);
    REQUIRE(!changed.empty());
    const auto sent = send(*encoder, update_of(*frame, 5), [&] {
      for (const Rect& r : changed) encoder->exact(*frame, r);
    });
    CHECK(sent.payloads.size() == 1);
    CHECK(sent.bytes <= 256);
  }
}

TEST_CASE("a blank screen is one packet of 128 bytes, an update without ops as well") {
  auto encoder = make_tile_encoder();
  const auto flat = make_screen(9, 1920, 1080, 3);
  CHECK(send(*encoder, update_of(*flat, 1), [&] { encoder->exact(*flat, {0, 0, 1920, 1080}); }).bytes == 128);
  CHECK(send(*encoder, update_of(*flat, 2), [] {}).bytes == 128);
}

TEST_CASE("copies, marks and video areas arrive as they were given") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  auto screen = make_screen(0, 300, 200, 3);
  ports::Canvas canvas;
  canvas.reset(300, 200, 9, 2);
  for (const Bytes& p : send(*encoder, update_of(*screen, 1), [&] { encoder->exact(*screen, {0, 0, 300, 200}); }).payloads)
    REQUIRE(decoder->apply(p, canvas));
  const std::uint32_t stamp = 90000;
  const auto sent = send(*encoder, update_of(*screen, 2), [&] {
    encoder->copy({10, 40, 200, 150}, 10, 20, 1);
    encoder->video_area(3, {64, 64, 128, 64}, &stamp);
    encoder->video_area(0, {0, 0, 1, 1}, nullptr);
    encoder->mark_stale({0, 0, 300, 16});
  });
  ports::move_pixels(*screen, {{10, 40, 200, 150}, 10, 20});
  REQUIRE(sent.payloads.size() == 1);
  REQUIRE(decoder->apply(sent.payloads[0], canvas));
  CHECK(equal(canvas, *screen));
  CHECK(!canvas.exact({0, 0, 300, 16}));
  CHECK(canvas.exact({0, 32, 300, 168}));
  wire::TilePacket packet;
  REQUIRE(wire::parse_tiles(sent.payloads[0], packet));
  REQUIRE(packet.ops.size() == 4);
  CHECK(packet.ops[1].rtp_timestamp == stamp);
  CHECK(packet.ops[1].stream == 3);
  CHECK(!packet.ops[2].rtp_timestamp);
  for (const Bytes& p : send(*encoder, update_of(*screen, 3), [&] { encoder->mark_exact({0, 0, 300, 16}); }).payloads)
    REQUIRE(decoder->apply(p, canvas));
  CHECK(canvas.exact({0, 0, 300, 200}));
}

TEST_CASE("a coarse picture is close, smaller, not exact, and gives way to the exact one") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  for (const int kind : {4, 5, 11}) {
    const auto screen = make_screen(kind, 517, 301, 2);
    ports::Canvas canvas;
    canvas.reset(517, 301, 9, 2);
    const auto exact = send(*encoder, update_of(*screen, 1), [&] { encoder->exact(*screen, {0, 0, 517, 301}); });
    std::size_t before = exact.bytes;
    for (int scale = 1; scale <= 3; ++scale) {
      const auto coarse = send(*encoder, update_of(*screen, 2), [&] { encoder->coarse(*screen, {0, 0, 517, 301}, scale, 2); });
      CHECK(coarse.bytes <= before);   // a plain slope is as small exactly
      before = coarse.bytes;
      for (const Bytes& p : coarse.payloads) REQUIRE(decoder->apply(p, canvas));
      CHECK(!canvas.exact({0, 0, 517, 301}));
    }
    if (kind == 4) {   // a smooth picture in eighths is off by a few steps only
      int worst = 0;
      canvas.read([&](const ports::PixelBuffer& p) {
        for (int y = 0; y < 301; ++y)
          for (int x = 0; x < 517; ++x)
            for (int i = 0; i < 3; ++i) worst = std::max(worst, std::abs(p.row(y)[4 * x + i] - screen->row(y)[4 * x + i]));
      });
      CHECK(worst <= 10);
    }
    for (const Bytes& p : exact.payloads) REQUIRE(decoder->apply(p, canvas));
    CHECK(equal(canvas, *screen));
  }
}

TEST_CASE("a coarse picture is enlarged smoothly, and text in half its size still has its strokes") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  // A slope in eighths: enlarged by repetition it would jump by 8 x 255 / 512 = 4 from one coarse pixel to the next.
  auto slope = ports::make_pixel_buffer(512, 64);
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 512; ++x)
      for (int i = 0; i < 4; ++i) slope->row(y)[4 * x + i] = static_cast<std::uint8_t>(x * 255 / 511);
  ports::Canvas canvas;
  canvas.reset(512, 64, 9, 2);
  for (const Bytes& p : send(*encoder, update_of(*slope, 1), [&] { encoder->coarse(*slope, {0, 0, 256, 64}, 3, 0); }).payloads) REQUIRE(decoder->apply(p, canvas));
  int jump = 0;
  canvas.read([&](const ports::PixelBuffer& p) {
    for (int x = 1; x < 256; ++x) jump = std::max(jump, std::abs(p.row(32)[4 * x] - p.row(32)[4 * x - 4]));
  });
  CHECK(jump >= 1);
  CHECK(jump <= 2);
  // Text: dark strokes stay darker than the paper between them, pixel for pixel mostly.
  const auto text = make_screen(1, 512, 256, 3);
  canvas.reset(512, 256, 9, 2);
  for (const Bytes& p : send(*encoder, update_of(*text, 2), [&] { encoder->coarse(*text, {0, 0, 512, 256}, 1, 4); }).payloads) REQUIRE(decoder->apply(p, canvas));
  int ink = 0, kept = 0;
  canvas.read([&](const ports::PixelBuffer& p) {
    for (int y = 0; y < 256; ++y) {
      for (int x = 0; x < 512; ++x) {
        if (text->row(y)[4 * x + 1] >= 0x80) continue;
        ++ink;
        kept += p.row(y)[4 * x + 1] < 0xd8 ? 1 : 0;
      }
    }
  });
  REQUIRE(ink > 1000);
  CHECK(kept * 10 >= ink * 9);
  CHECK(!canvas.exact({0, 0, 1, 1}));
}

TEST_CASE("a part that continues a missing one is refused, and the next that stands alone is not") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  for (const bool quick : {false, true}) {
    for (const int kind : {0, 1, 11}) {
      const auto screen = make_screen(kind, 700, 500, 8);
      auto update = update_of(*screen, 1);
      update.most_continued = quick ? 15 : 3;
      update.quick = quick;
      const auto sent = send(*encoder, update, [&] { encoder->exact(*screen, {0, 0, 700, 500}); });
      REQUIRE(sent.payloads.size() > 8);
      ports::Canvas canvas;
      canvas.reset(700, 500, 9, 2);
      std::size_t in_a_row = 0, continued = 0;
      for (const Bytes& p : sent.payloads) {
        REQUIRE(decoder->apply(p, canvas));
        const bool continues = wire::parse_tile_header(p)->continues;
        in_a_row = continues ? in_a_row + 1 : 0;
        continued += continues ? 1 : 0;
        CHECK(in_a_row <= static_cast<std::size_t>(update.most_continued));
      }
      CHECK(equal(canvas, *screen));
      CHECK(continued > 2);
      // Once more without one part: what continues it is refused and writes nothing; whatever is applied is right.
      for (std::size_t missing = 0; missing < 6; ++missing) {
        canvas.reset(700, 500, 9, 2);
        bool broken = false;
        for (std::size_t i = 0; i < sent.payloads.size(); ++i) {
          if (i == missing) {
            broken = true;
            continue;
          }
          broken = broken && wire::parse_tile_header(sent.payloads[i])->continues;
          const auto applied = decoder->apply(sent.payloads[i], canvas);
          CHECK(static_cast<bool>(applied) == !broken);
          if (!applied) CHECK(applied.error().kind == ErrorKind::PeerFault);
        }
        for (const Rect& r : sent.areas) {
          if (!canvas.exact(r)) continue;
          canvas.read([&](const ports::PixelBuffer& seen) { CHECK(ports::same_pixels(seen, *screen, r)); });
        }
      }
    }
  }
}

TEST_CASE("a packet that is lost loses its own rectangles and nothing else") {
  auto encoder = make_tile_encoder();
  auto decoder = make_tile_decoder();
  const auto screen = make_screen(11, 700, 500, 8);
  std::vector<Rect> of_lost;
  std::vector<Bytes> payloads;
  encoder->begin(
      update_of(*screen, 1),
      [&](const ports::TilePart& part) {
        if (part.part == 2) of_lost = *part.areas;
        if (part.part != 2) payloads.push_back(to_bytes(part.payload));
      },
      {});
  encoder->exact(*screen, {0, 0, 700, 500});
  encoder->finish();
  REQUIRE(!of_lost.empty());
  ports::Canvas canvas;
  canvas.reset(700, 500, 9, 2);
  for (const Bytes& p : payloads) REQUIRE(decoder->apply(p, canvas));
  CHECK(!equal(canvas, *screen));
  const auto again = send(*encoder, update_of(*screen, 2), [&] {
    for (const Rect& r : of_lost) encoder->exact(*screen, r);
  });
  for (const Bytes& p : again.payloads) REQUIRE(decoder->apply(p, canvas));
  CHECK(equal(canvas, *screen));
}
