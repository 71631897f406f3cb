// SPDX-License-Identifier: GPL-3.0-or-later
// What the viewer has converges to what the customer has, whatever the network does.
#include <doctest/doctest.h>

#include "tests/session/tile_ends.h"

using namespace beside;
using namespace beside::test;
using Path = VirtualNet::Path;

namespace {

// One random thing that happens on a desktop.
void happen(Drawing& desk, std::mt19937_64& random) {
  const auto up_to = [&](int most) { return static_cast<int>(random() % static_cast<std::uint64_t>(most)); };
  const int w = desk.width(), h = desk.height();
  const auto seed = static_cast<std::uint32_t>(random());
  switch (up_to(8)) {
    case 0:
    case 1: return desk.text({up_to(w), up_to(h), 8, 16}, seed);                            // a glyph
    case 2: return desk.move({10, 20, w - 20, h - 36}, 0, -16), desk.text({10, h - 32, w - 20, 16}, seed);   // a terminal scrolls
    case 3: return desk.move({up_to(w / 2), up_to(h / 2), w / 3, h / 3}, up_to(60) - 20, up_to(60) - 20);  // a window is dragged
    case 4: return desk.text(desk.whole(), seed);                                           // a page
    case 5: return desk.noise({up_to(w), up_to(h), 50, 40}, seed);                          // a picture
    case 6: return desk.fill({up_to(w), up_to(h), 120, 70}, [=](int, int) { return seed & 0xffffffu; });
    default: return desk.fill({0, up_to(h), w, 1}, [=](int x, int) { return static_cast<std::uint32_t>(x) * seed & 0xffffffu; });
  }
}

// After the last change the viewer has the picture bit for bit, and then nobody says anything any more.
void converge_and_rest(TileEnds& ends) {
  const bool came = ends.run_until([&] { return ends.sender.settled() && ends.same(); }, 30s);
  CAPTURE(ends.sender.settled());
  CAPTURE(ends.sender.history().unknown());
  CAPTURE(ends.sender.history().lost());
  CAPTURE(ends.receiver->lost());
  CAPTURE(ends.sender.updates());
  CAPTURE(ends.canvas->exact(ends.desk.whole()));
  if (ends.fault) MESSAGE(dump_error(*ends.fault));
  REQUIRE(came);
  CHECK_FALSE(ends.fault.has_value());
  ends.run(2s);
  const auto down = ends.down.sent(), up = ends.up.sent();
  ends.run(5s);
  CHECK(ends.down.sent() == down);
  CHECK(ends.up.sent() == up);
  CHECK(ends.same());
}

}  // namespace

TEST_CASE("what is coded leaves while the rest is still being coded, and a quick update leaves in one piece") {
  ManualClock clock;
  std::vector<session::TileSender::Part> parts;
  // Each look at the clock while coding costs 300 us: two looks a part.
  session::TileSender sender({tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()},
                             [&](session::TileSender::Part part) { parts.push_back(std::move(part)); },
                             [&] { clock.advance(300us); return clock.now(); });
  sender.begin_stream(SeqNo{1});
  session::TileLine line;
  line.kbps = 200'000;
  sender.set_line(line);
  Drawing desk(640, 480);
  desk.noise({0, 0, 256, 256}, 7);
  sender.frame(desk.grab(clock.now()));
  sender.pump(clock.now());
  REQUIRE(parts.size() > 8);
  // Never is more kept back than what was coded in kHandOut, and the end of an update never waits.
  std::size_t kept = 0, most = 0, handed = 0;
  for (const auto& part : parts) {
    most = std::max(most, ++kept);
    if (part.go) kept = 0, ++handed;
    if (part.last) CHECK(part.go);
  }
  CHECK(kept == 0);
  CHECK(most <= 3);
  CHECK(handed >= parts.size() / 3);
  parts.clear();
  desk.text({16, 16, 8, 16}, 5);
  for (int i = 0; i < 8 && !sender.cells().clean(desk.whole()); ++i) sender.set_line(line), sender.pump(clock.now());
  parts.clear();
  sender.frame(desk.grab(clock.now()));
  sender.pump(clock.now());
  REQUIRE(parts.size() == 1);
  CHECK(parts.front().go);
}

TEST_CASE("a picture arrives whole and exact, then nothing is sent") {
  TileEnds ends(1, Path{});
  ends.desk.text(ends.desk.whole(), 3);
  converge_and_rest(ends);
  const auto before = ends.sender.bytes();
  ends.desk.text({100, 100, 8, 16}, 4);
  converge_and_rest(ends);
  CHECK(ends.sender.bytes() - before <= 512);
}

TEST_CASE("whatever the network loses, doubles or reorders, the viewer's picture becomes the customer's and stays quiet") {
  const Path paths[] = {
      {0.02, 0, 0, 20ms, 0ms, 20'000, 256 * 1024},  {0.1, 0.05, 0.05, 20ms, 10ms, 10'000, 128 * 1024}, {0.3, 0.1, 0.2, 40ms, 30ms, 0, 0},
      {0, 0.3, 0.5, 10ms, 20ms, 0, 0},              {0.01, 0, 0, 100ms, 5ms, 2'000, 32 * 1024},       {0.5, 0, 0, 10ms, 0ms, 0, 0},
  };
  for (std::uint64_t seed = 0; seed < 36; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Path path = paths[seed % std::size(paths)];
    TileEnds ends(seed, path);
    ends.owner_asks_tail = seed / std::size(paths) % 2 == 1;
    ends.desk.text(ends.desk.whole(), static_cast<std::uint32_t>(seed));
    for (int i = 0; i < 60; ++i) {
      happen(ends.desk, random);
      if (random() % 4 == 0) happen(ends.desk, random);
      ends.run(milliseconds(random() % 50));
      if (i % 20 == 10) ends.down.outage_until(ends.clock.now() + milliseconds(random() % 400));
      if (i % 20 == 15) ends.up.outage_until(ends.clock.now() + milliseconds(random() % 400));
    }
    converge_and_rest(ends);
  }
}

namespace {

// A film in `area`: smooth, and different everywhere with each step.
void film(Drawing& desk, const Rect& area, int step) {
  desk.fill(area, [=](int x, int y) {
    const auto v = [&](int a, int b) { return static_cast<std::uint32_t>(128 + (x * a + y * b + step * 7 + (x * y / 64) % 17) % 120) & 0xffu; };
    return v(2, 1) << 16 | v(1, 3) << 8 | v(3, 2);
  });
}
void play(TileEnds& ends, const Rect& area, int steps) {
  for (int i = 0; i < steps; ++i) {
    film(ends.desk, area, i);
    ends.run(33ms);
  }
}

}  // namespace

// A fast line that is dead for a while takes more packets than may be without a report: all of them are lost, and no report is due.
TEST_CASE("a sender that waits for reports which nobody owes asks for one") {
  TileEnds ends(5, Path{.delay = 2ms}, 640, 480);
  ends.encoder_fails = true;
  ends.rtt_half = 2ms;
  for (std::uint32_t step = 0; step < 150; ++step) {
    if (step == 20) ends.down.outage_until(ends.clock.now() + 4s), ends.up.outage_until(ends.clock.now() + 4s);
    ends.desk.noise(ends.desk.whole(), step * 7919);
    ends.run(33ms);
    if (step == 130) CHECK(ends.sender.history().unknown() > session::TileSender::kMostUnknown);
  }
  converge_and_rest(ends);
}

// A tunnel is found seconds after the picture began.
TEST_CASE("after a letter that is reported the sender sleeps on; after one that is lost it is asked, and sends it again") {
  TileEnds ends(2, Path{0, 0, 0, 5ms, 0ms});
  ends.rtt_half = 5ms;
  ends.owner_asks_tail = true;
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  int pumps = ends.pumps;
  ends.desk.text({16, 32, 8, 16}, 9);
  ends.run(2s);
  CHECK(ends.same());
  CHECK(ends.pumps - pumps <= 2);   // the letter, and nothing for its report
  const auto sent = ends.down.sent();
  ends.desk.text({24, 32, 8, 16}, 9);
  ends.down.outage_until(ends.clock.now() + 20ms);
  ends.run(30ms);
  CHECK_FALSE(ends.same());
  ends.run(120ms);                  // 60 ms of patience, the probe, its report, the letter
  CHECK(ends.same());
  CHECK(ends.down.sent() - sent == 3);
}

TEST_CASE("parts fit a path that is found to be narrow in mid-picture") {
  TileEnds ends(6, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  CHECK(ends.largest_part > 900);
  ends.part_bytes = 900;
  ends.largest_part = 0;
  ends.run(33ms);
  ends.desk.text(ends.desk.whole(), 2);
  converge_and_rest(ends);
  CHECK(ends.largest_part > 0);
  CHECK(ends.largest_part <= 900);
}

TEST_CASE("what moves like video goes to an encoder of its place, and is exact soon after it rests") {
  TileEnds ends(5, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  const Rect area{64, 64, 128, 128};
  play(ends, area, 60);
  CHECK(ends.video_orders == 1);
  CHECK(ends.video_pictures > 30);
  CHECK(!ends.canvas->exact(area));
  CHECK(ends.canvas->exact({0, 0, 320, 64}));
  const auto before = ends.sender.bytes();
  play(ends, area, 10);
  CHECK(ends.sender.bytes() - before < 4000);      // nothing of it goes as tiles
  const LocalTime rested = ends.clock.now();
  REQUIRE(ends.run_until([&] { return ends.same(); }, 3s));
  CHECK(ends.clock.now() - rested < 200ms);        // 80 ms of rest, 20 ms to the viewer, the pixels at 50 Mbit/s
  converge_and_rest(ends);
}

TEST_CASE("a film that lies across tiles owns its cells and no others: all of it is video, and text beside it in the same tiles stays exact") {
  TileEnds ends(20, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  const Rect area{100, 56, 120, 100};     // eight rows of it in the first row of tiles
  const Rect beside{72, 80, 8, 16}, above{128, 16, 64, 16};
  play(ends, area, 60);
  CHECK(ends.video_orders == 1);
  CHECK(!ends.canvas->exact({112, 56, 96, 4}));
  const auto before = ends.sender.bytes();
  for (int i = 0; i < 60; ++i) {
    film(ends.desk, area, i + 100);
    if (i % 3 == 0) ends.desk.text(beside, static_cast<std::uint32_t>(i));
    ends.run(33ms);
    if (i % 3 != 2) continue;
    CAPTURE(i);
    CHECK(ends.canvas->exact(beside));
    CHECK(ends.canvas->exact(above));
    ends.canvas->read([&](const ports::PixelBuffer& seen) { CHECK(ports::same_pixels(seen, ends.desk.pixels(), beside)); });
  }
  CHECK(ends.sender.bytes() - before < 20 * 300);
  CHECK_FALSE(ends.same_stamp);
  // What moves as often as the film becomes part of it.
  for (int i = 0; i < 60; ++i) {
    film(ends.desk, area, i + 200);
    film(ends.desk, beside, i);
    ends.run(33ms);
  }
  CHECK_FALSE(ends.canvas->exact(beside));
  converge_and_rest(ends);
}

TEST_CASE("a film that stumbles once is not taken for one at rest the next time, and one that ends is exact all the same") {
  TileEnds ends(19, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  const Rect area{64, 64, 128, 128};
  play(ends, area, 60);
  ends.run(320ms);                       // the first time
  for (int stumble = 0; stumble < 3; ++stumble) {
    const auto before = ends.sender.bytes();
    play(ends, area, 45);
    ends.run(320ms);
    play(ends, area, 2);
    CAPTURE(stumble);
    if (stumble > 0) CHECK(ends.sender.bytes() - before < 6000);
  }
  const LocalTime rested = ends.clock.now();
  REQUIRE(ends.run_until([&] { return ends.same(); }, 3s));
  CHECK(ends.clock.now() - rested < 700ms);
  converge_and_rest(ends);
}

TEST_CASE("two films far from each other get an encoder each, and end exact") {
  TileEnds ends(15, Path{}, 1280, 320);
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  const Rect left{0, 64, 128, 128}, right{1088, 128, 192, 128};
  for (int i = 0; i < 90; ++i) {
    film(ends.desk, left, i);
    film(ends.desk, right, i + 40);
    ends.run(33ms);
  }
  CHECK(ends.video_orders == 2);
  CHECK(ends.played.contains(left));
  CHECK(ends.played.contains(right));
  CHECK(ends.canvas->exact({256, 0, 768, 320}));     // what lies between them is nobody's video
  CHECK(!ends.canvas->exact(left));
  CHECK(!ends.canvas->exact(right));
  converge_and_rest(ends);
}

TEST_CASE("a film that grows gets room to grow, and its old encoder goes on until the new one is accepted") {
  TileEnds ends(16, Path{}, 640, 480);
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  for (int i = 0; i < 60; ++i) film(ends.desk, {64, 64, 256, 192}, i), ends.run(33ms);
  CHECK(ends.video_orders == 1);
  for (int i = 0; i < 60; ++i) film(ends.desk, {64, 64, 320, 192}, i), ends.run(33ms);
  CHECK(ends.video_orders == 2);
  for (int i = 0; i < 60; ++i) film(ends.desk, {64, 64, 384, 192}, i), ends.run(33ms);   // in the room that it has
  CHECK(ends.video_orders == 2);
  CHECK(ends.longest_without_picture < 100ms);
  converge_and_rest(ends);
}

TEST_CASE("a film that is known for one bit by bit gets one encoder, for all of it") {
  TileEnds ends(21, Path{}, 640, 480);
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  for (int i = 0; i < 2; ++i) film(ends.desk, {64, 64, 192, 128}, i), ends.run(33ms);   // moved there before
  const Rect all{0, 0, 512, 384};
  for (int i = 2; i < 40; ++i) film(ends.desk, all, i), ends.run(33ms);
  CHECK(ends.video_orders == 1);
  CHECK(ends.played.contains(all));
  CHECK(ends.video_pictures > 25);
  converge_and_rest(ends);
}

TEST_CASE("another encoder for the same place takes over without a pause") {
  TileEnds ends(17, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  play(ends, {64, 64, 128, 128}, 60);
  REQUIRE(ends.video_orders == 1);
  ends.sender.renew_video(ends.newest_stream());
  play(ends, {64, 64, 128, 128}, 60);
  CHECK(ends.video_orders == 2);
  CHECK(ends.longest_without_picture < 100ms);
  converge_and_rest(ends);
}

TEST_CASE("an encoder begins before the rest of the frame is looked at, but not before it is known what is its own") {
  TileEnds ends(18, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  play(ends, {64, 64, 192, 128}, 60);
  const int begun = ends.early_pictures;
  play(ends, {64, 64, 192, 128}, 20);
  CHECK(ends.early_pictures - begun >= 19);
  // A part of it stands still, is exact, and moves again with the rest.
  play(ends, {64, 64, 128, 128}, 20);
  REQUIRE(ends.canvas->exact({192, 64, 64, 128}));
  for (int i = 0; i < 20; ++i) {
    film(ends.desk, {64, 64, 192, 128}, i + 500);
    ends.run(120ms);
    // All of what is shown is of this picture, coded (its last bits are wrong) or exact.
    int wrong = 0;
    ends.canvas->read([&](const ports::PixelBuffer& seen) {
      for (int y = 64; y < 192; ++y)
        for (int x = 64 * 4; x < 256 * 4; ++x) wrong += x % 4 != 3 && (seen.row(y)[x] | 1) != (ends.desk.pixels().row(y)[x] | 1) ? 1 : 0;
    });
    CAPTURE(i);
    CHECK(wrong == 0);
  }
  CHECK_FALSE(ends.same_stamp);
  converge_and_rest(ends);
}

TEST_CASE("video under loss ends exact as well, and text beside it is exact while it plays") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    TileEnds ends(seed, Path{0.1, 0.02, 0.05, 15ms, 5ms});
    ends.desk.text(ends.desk.whole(), 1);
    ends.run(1s);
    for (int i = 0; i < 90; ++i) {
      film(ends.desk, {64, 0, 192, 128}, i);
      if (i % 3 == 0) ends.desk.text({8, 200, 8, 16}, static_cast<std::uint32_t>(i));
      ends.run(33ms);
    }
    CHECK(ends.video_pictures > 20);
    converge_and_rest(ends);
  }
}

TEST_CASE("films that are dragged about over a slow line that drops what grew old leave nothing behind") {
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto up_to = [&](int most) { return static_cast<int>(random() % static_cast<std::uint64_t>(most)); };
    Path path;
    path.delay = 20ms;
    path.rate_kbps = seed % 3 == 0 ? 150 : seed % 3 == 1 ? 400 : 2000;
    path.queue_bytes = 64 * 1024;
    path.loss = seed % 2 == 0 ? 0 : 0.05;
    TileEnds ends(seed, path, 480, 360);
    ends.stale = 300ms;
    ends.late_pictures = 1500ms;
    ends.desk.text(ends.desk.whole(), 1);
    ends.run(1s);
    std::array<Rect, 2> films{Rect{37, 21, 150, 100}, Rect{260, 200, 140, 110}};
    for (int i = 0; i < 150; ++i) {
      for (Rect& r : films) {
        if (up_to(25) == 0) {   // dragged: what was below comes back
          const Rect before = r;
          r = {up_to(480 - r.width), up_to(360 - r.height), r.width, r.height};
          ends.desk.text(before, static_cast<std::uint32_t>(i));
        }
        film(ends.desk, r, i);
      }
      if (i % 4 == 0) ends.desk.text({up_to(470), up_to(340), 8, 16}, static_cast<std::uint32_t>(i));
      if (i % 10 == 0) ends.desk.text({up_to(400), up_to(300), 60 + up_to(60), 40 + up_to(40)}, static_cast<std::uint32_t>(i));
      ends.run(33ms);
    }
    for (const Rect& r : films) ends.desk.text(r, 5);   // closed
    converge_and_rest(ends);
  }
}

TEST_CASE("an encoder that fails when it opens or in mid-stream leaves exact tiles, and nothing is lost") {
  for (const bool in_mid_stream : {false, true}) {
    TileEnds ends(7, Path{});
    ends.desk.text(ends.desk.whole(), 1);
    ends.run(1s);
    ends.encoder_fails = !in_mid_stream;
    play(ends, {0, 0, 192, 128}, 40);
    CHECK((ends.video_pictures > 0) == in_mid_stream);
    ends.encoder_fails = true;
    play(ends, {0, 0, 192, 128}, 40);
    CHECK(ends.video_orders <= 2);
    converge_and_rest(ends);
  }
}

TEST_CASE("a screen that changes its size in the middle of everything arrives whole") {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    TileEnds ends(seed, Path{0.05, 0.02, 0.05, 20ms, 5ms, 5000, 64 * 1024});
    ends.desk.text(ends.desk.whole(), 1);
    for (int i = 0; i < 12; ++i) {
      ends.run(milliseconds(random() % 80));
      ends.desk.resize(1 + static_cast<int>(random() % 500), 1 + static_cast<int>(random() % 300));
      ends.desk.text(ends.desk.whole(), static_cast<std::uint32_t>(i));
      film(ends.desk, {0, 0, 200, 200}, i);
    }
    converge_and_rest(ends);
  }
}

TEST_CASE("a new viewer and a refresh get everything anew without a new session") {
  TileEnds ends(9, Path{0.05, 0, 0, 20ms, 0ms});
  ends.desk.text(ends.desk.whole(), 1);
  converge_and_rest(ends);
  ends.sender.refresh();
  converge_and_rest(ends);
  ends.canvas->reset(10, 10, 0, 0);
  ends.begin_stream(65530);
  converge_and_rest(ends);
}

TEST_CASE("after stop nothing is sent, whatever was due") {
  TileEnds ends(10, Path{0, 0, 0, 20ms, 0ms, 500, 64 * 1024});
  ends.desk.noise(ends.desk.whole(), 1);
  ends.run(100ms);
  ends.grabbing = false;
  ends.sender.stop();
  const auto bytes = ends.sender.bytes();
  ends.run(2s);
  ends.sender.pump(ends.clock.now());
  CHECK(ends.sender.bytes() == bytes);
  CHECK(ends.sender.next_deadline() == kNever);
}

TEST_CASE("a packet that continues a lost one counts as lost, and the next that stands alone does not") {
  session::TileReceiver receiver(Ssrc{1}, Ssrc{2}, SeqNo{10});
  ManualClock clock;
  const auto packet = [](std::uint16_t part, bool continues) {
    wire::TilePartWriter writer;
    wire::TileHeader header;
    header.number = 1;
    header.part = part;
    header.continues = continues;
    header.width = header.height = 64;
    writer.begin(header);
    return writer.finish(part == 5);
  };
  std::vector<int> taken;
  const auto drain = [&] {
    while (auto got = receiver.take(clock.now())) taken.push_back(wire::parse_tile_header(got->payload)->part);
  };
  for (const auto& [part, continues] : {std::pair{0, false}, {2, true}, {3, true}, {4, false}, {5, true}})   // part 1 is lost
    receiver.receive(SeqNo{static_cast<std::uint16_t>(10 + part)}, packet(static_cast<std::uint16_t>(part), continues), {}, clock.now());
  drain();
  CHECK(taken == std::vector<int>{0});
  clock.advance(session::TileReceiver::kReorder);
  drain();
  CHECK(taken == std::vector<int>{0, 4, 5});
  CHECK(receiver.lost() == 3);
  const auto report = receiver.poll(clock.now() + 1s);
  REQUIRE(report);
  CHECK(report->applied == std::vector<bool>{true, false, false, false, true, true});
}

TEST_CASE("a frame without a side is ignored") {
  TileEnds ends(11, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  ends.run(500ms);
  ports::Frame frame;
  frame.captured_at = ends.clock.now();
  ends.sender.frame(std::move(frame));
  Pool<ports::PixelBuffer> none(1, [] { return ports::make_pixel_buffer(0, 0); });
  ports::Frame empty;
  empty.pixels = none.take();
  ends.sender.frame(std::move(empty));
  converge_and_rest(ends);
}

TEST_CASE("over a slow line text comes exactly, what is dense coarse first and is sharpened, the pointer's place before the rest") {
  TileEnds ends(12, Path{0, 0, 0, 20ms, 0ms, 500, 64 * 1024}, 640, 480);
  ends.sender.set_pointer(600, 440);
  ends.desk.text(ends.desk.whole(), 5);
  ends.desk.noise({320, 240, 320, 240}, 6);
  REQUIRE(ends.run_until([&] {
    bool any = true;   // every cell has something of the page's paper or of the picture on it
    ends.canvas->read([&](const ports::PixelBuffer& p) {
      for (int y = 8; y < p.height; y += 16)
        for (int x = 8; x < p.width; x += 16) any = any && p.row(y)[4 * x] != 0;
    });
    return any && ends.canvas->has_picture();
  }, 3s));
  CHECK(!ends.same());
  CHECK(ends.canvas->exact({0, 0, 320, 240}));
  REQUIRE(ends.run_until([&] { return ends.canvas->exact({576, 416, 64, 64}); }, 5s));
  CHECK(!ends.same());
  converge_and_rest(ends);
}

// A tile that waited for a slow line was shown, and kept in pictures, as if it were the customer's screen of now.
TEST_CASE("what waits for a slow line is not called exact meanwhile, not even where a scroll carries it") {
  Path slow;
  slow.delay = 20ms;
  slow.rate_kbps = 300;
  TileEnds ends(17, slow);
  ends.desk.text(ends.desk.whole(), 3);
  converge_and_rest(ends);
  // Cells that are called exact and are not what the desktop shows; and how many are not called so.
  const auto look = [&] {
    int lies = 0, inexact = 0;
    std::vector<Rect> differ;
    ends.canvas->read([&](const ports::PixelBuffer& seen) {
      for (int y = 0; y < ends.desk.height(); y += 16)
        for (int x = 0; x < ends.desk.width(); x += 16) {
          const Rect cell = Rect{x, y, 16, 16}.clipped_to(ends.desk.whole());
          if (!ports::same_pixels(seen, ends.desk.pixels(), cell)) differ.push_back(cell);
        }
    });
    for (const Rect& cell : differ) ++(ends.canvas->exact(cell) ? lies : inexact);
    return std::pair(lies, inexact);
  };
  for (std::uint32_t i = 0; i < 4; ++i) {    // by now it is known how much of the line such pixels take
    ends.desk.noise({0, 0, 64, 64}, 20 + i);
    converge_and_rest(ends);
  }
  ends.desk.noise({0, 0, 200, 160}, 5);      // less than is ever sent coarse, more than a second of this line
  ends.run(600ms);                           // the tile that goes first takes half of that
  const auto [lies, inexact] = look();
  CHECK(lies == 0);
  CHECK(inexact > 40);
  ends.desk.move({0, 32, 320, 208}, 0, -32);
  ends.run(10s);
  converge_and_rest(ends);                   // in which all of it is called exact
}

TEST_CASE("a report that fits nothing, and updates that go back or change their size, are refused") {
  TileEnds ends(13, Path{});
  ends.desk.text(ends.desk.whole(), 1);
  ends.run(1s);
  wire::TileReport lie;
  lie.media = Ssrc{101};
  lie.begin_seq = static_cast<std::uint16_t>(13 * 7919 + 5000);   // of packets that were never sent
  lie.applied.assign(1000, true);
  CHECK_FALSE(ends.sender.on_report(lie, ends.clock.now()));

  auto canvas = std::make_shared<ports::Canvas>();
  session::TileCanvas view(tiles::make_tile_decoder(), canvas);
  wire::TilePartWriter writer;
  const auto packet = [&](std::uint32_t number, std::uint16_t generation, int width, int height) {
    wire::TileHeader header;
    header.number = number;
    header.generation = generation;
    header.width = width;
    header.height = height;
    writer.begin(header);
    return to_bytes(writer.finish(true));
  };
  CHECK(view.apply(packet(10, 1, 64, 64), {}, {}));
  CHECK(view.apply(packet(11, 1, 64, 64), {}, {}));
  CHECK_FALSE(view.apply(packet(9, 1, 64, 64), {}, {}));
  CHECK_FALSE(view.apply(packet(12, 1, 64, 65), {}, {}));
  CHECK_FALSE(view.apply(packet(11, 2, 64, 64), {}, {}));
  CHECK_FALSE(view.apply(packet(5, 2, 64, 64), {}, {}));
  CHECK(view.apply(packet(13, 7, 100, 64), {}, {}));
  CHECK_FALSE(view.apply(packet(14, 8, 16384, 16384), {}, {}));   // a gigabyte
  CHECK(canvas->has_picture());
}

TEST_CASE("a commit that changes no pixel says so: nothing of it will be seen to arrive") {
  // Such updates were counted as shown when the next one was: the ladder's p95 was ten times what anybody saw.
  ports::Canvas canvas;
  canvas.reset(64, 48, 1, 0);
  CHECK(canvas.commit({}));
  canvas.mark({0, 0, 64, 48}, true);
  CHECK_FALSE(canvas.commit({}));
  const std::vector<std::uint8_t> pixels(16 * 16 * 4, 7);
  canvas.write({8, 8, 16, 16}, pixels.data(), 64, true);
  CHECK(canvas.commit({}));
  CHECK_FALSE(canvas.commit({}));
}

// The clock of a stream's pictures comes around once in 13 hours.
TEST_CASE("a film that plays in one place for days is shown all the time") {
  const auto canvas = std::make_shared<ports::Canvas>();
  session::TileCanvas view(tiles::make_tile_decoder(), canvas);
  const auto encoder = tiles::make_tile_encoder();
  const auto blank = ports::make_pixel_buffer(64, 64);
  ports::TileUpdate update;
  update.number = 1;
  update.generation = 3;
  update.width = update.height = 64;
  const std::uint32_t since = 4'000'000'000u;
  encoder->begin(update, [&](const ports::TilePart& part) { REQUIRE(view.apply(part.payload, PeerTime{}, LocalTime{})); }, [] { return microseconds(0); });
  encoder->exact(*blank, {0, 0, 64, 64});
  encoder->video_area(1, {0, 0, 64, 64}, &since);
  (void)encoder->finish();
  const auto play = [&](std::uint32_t timestamp, std::uint8_t tint) {
    view.video(1, 3, {0, 0, 64, 64}, [tint](const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride) {
      for (int y = 0; y < part.height; ++y) std::fill_n(bgrx + y * stride, std::ptrdiff_t{4} * part.width, tint);
    }, timestamp, PeerTime{}, LocalTime{});
    std::uint8_t seen = 0;
    canvas->read([&](const ports::PixelBuffer& p) { seen = p.row(20)[4 * 20]; });
    return seen == tint;
  };
  CHECK_FALSE(play(since - 3000, 99));   // of before it had the place
  for (std::uint32_t hours = 0; hours < 72; ++hours) {
    CAPTURE(hours);
    CHECK(play(since + hours * 90'000 * 3600, static_cast<std::uint8_t>(hours + 1)));
  }
}
