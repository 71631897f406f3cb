// SPDX-License-Identifier: GPL-3.0-or-later
// What exact tiles cost: JSON lines {bench, scene, system, metric, value, unit}. Times are the best of several runs, in
// processor time of this thread, so that other work on the machine counts little. Peers in the same run: libpng at level 9 as a
// whole picture and per tile. Run it alone: build/release/tests/bench/screen/tile_bench [REPEATS]
#include <png.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "codec/tiles/tiles.h"
#include "engine/base/rect_set.h"
#include "engine/wire/tiles.h"
#include "tests/bench/screen/text_page.h"

using namespace beside;
using ports::PixelBuffer;

namespace {

constexpr int kWidth = 1920, kHeight = 1080;
int repeats = 5;

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}
template <class Work>
double best_us(Work&& work) {
  double best = 1e18;
  for (int i = 0; i < repeats; ++i) {
    const double begin = cpu_us();
    work();
    best = std::min(best, cpu_us() - begin);
  }
  return best;
}
void say(const char* scene, const char* system, const char* metric, double value, const char* unit) {
  std::printf("{\"bench\":\"tiles\",\"scene\":\"%s\",\"system\":\"%s\",\"metric\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", scene, system, metric, value, unit);
}

std::size_t png_bytes(const PixelBuffer& p, const Rect& r, int level) {
  std::vector<std::uint8_t> row(static_cast<std::size_t>(r.width) * 3);
  std::size_t bytes = 0;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png)) != 0) std::abort();
  png_set_write_fn(png, &bytes, [](png_structp s, png_bytep, std::size_t n) { *static_cast<std::size_t*>(png_get_io_ptr(s)) += n; }, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(r.width), static_cast<png_uint_32>(r.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, level);
  png_write_info(png, info);
  for (int y = r.y; y < r.bottom(); ++y) {
    for (int x = 0; x < r.width; ++x)
      for (int i = 0; i < 3; ++i) row[static_cast<std::size_t>(3 * x + i)] = p.row(y)[4 * (r.x + x) + 2 - i];
    png_write_row(png, row.data());
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

struct Ours {
  std::unique_ptr<ports::TileEncoder> encoder = tiles::make_tile_encoder();
  std::unique_ptr<ports::TileDecoder> decoder = tiles::make_tile_decoder();
  ports::Canvas canvas;
  std::vector<Bytes> parts;
  std::size_t bytes = 0;
  bool quick = false;            // as for a wide line
  const char* name() const { return quick ? "beside, quick" : "beside"; }

  template <class Ops>
  void send(const PixelBuffer& p, Ops&& ops) {
    ports::TileUpdate u;
    u.width = p.width;
    u.height = p.height;
    u.most_continued = 15;
    u.quick = quick;
    parts.clear();
    encoder->begin(u, [&](const ports::TilePart& part) { parts.push_back(to_bytes(part.payload)); }, {});
    ops();
    bytes = encoder->finish();
  }
  void receive() {
    for (const Bytes& part : parts)
      if (!decoder->apply(part, canvas)) std::abort();
  }
};

void measure(Ours& ours, const char* scene, const PixelBuffer& p, const Rect& area, bool with_png) {
  const double encode = best_us([&] { ours.send(p, [&] { ours.encoder->exact(p, area); }); });
  ours.canvas.reset(p.width, p.height, 0, 0);
  const double decode = best_us([&] { ours.receive(); });
  bool same = false;
  ours.canvas.read([&](const PixelBuffer& shown) { same = ports::same_pixels(shown, p, area); });
  if (!same) std::abort();
  say(scene, ours.name(), "encode", encode, "us");
  say(scene, ours.name(), "decode", decode, "us");
  say(scene, ours.name(), "payload", static_cast<double>(ours.bytes), "bytes");
  say(scene, ours.name(), "packets", static_cast<double>(ours.parts.size()), "packets");
  if (!with_png) return;
  std::size_t bytes = 0;
  const int kept = std::exchange(repeats, std::min(repeats, 2));
  say(scene, "png9", "encode", best_us([&] { bytes = png_bytes(p, area, 9); }), "us");
  say(scene, "png9", "payload", static_cast<double>(bytes), "bytes");
  if (area.width > 64) {
    std::size_t sum = 0;
    for (int y = area.y; y < area.bottom(); y += 64)
      for (int x = area.x; x < area.right(); x += 64) sum += png_bytes(p, Rect{x, y, 64, 64}.clipped_to(area), 9);
    say(scene, "png9 per tile", "payload", static_cast<double>(sum), "bytes");
  }
  repeats = kept;
}

std::unique_ptr<PixelBuffer> copy_of(const PixelBuffer& p) {
  auto out = ports::make_pixel_buffer(p.width, p.height);
  ports::copy_pixels(*out, p, {0, 0, p.width, p.height});
  return out;
}

// From grab to packets: detect, find moves, detect again, decide, code.
void measure_pipeline(Ours& ours, const char* scene, const PixelBuffer& before, const PixelBuffer& after, const Rect& damage) {
  auto detector = tiles::make_change_detector();
  auto finder = tiles::make_move_finder();
  auto shadow = copy_of(before);
  std::vector<Rect> changed;
  std::vector<ports::Move> moves;
  double best_find = 1e18, best_move = 1e18, best_again = 1e18, best_code = 1e18;
  for (int i = 0; i < repeats; ++i) {
    ports::copy_pixels(*shadow, before, {0, 0, before.width, before.height});
    const double t0 = cpu_us();
    detector->find(*shadow, after, {&damage, 1}, changed);
    const double t1 = cpu_us();
    finder->find(*shadow, after, changed, moves);
    const double t2 = cpu_us();
    if (!moves.empty()) {
      std::vector<Rect> rest{damage};
      for (const ports::Move& m : moves) subtract(rest, {m.x, m.y, m.from.width, m.from.height});
      detector->find(*shadow, after, rest, changed);
    }
    ports::join_rects(changed, 35);
    const double t3 = cpu_us();
    ours.send(after, [&] {
      for (const ports::Move& m : moves) ours.encoder->copy(m.from, m.x, m.y, 1);
      for (const Rect& r : changed) ours.encoder->exact(after, r);
    });
    const double t4 = cpu_us();
    best_find = std::min(best_find, t1 - t0);
    best_move = std::min(best_move, t2 - t1);
    best_again = std::min(best_again, t3 - t2);
    best_code = std::min(best_code, t4 - t3);
  }
  say(scene, "beside", "find changes", best_find, "us");
  say(scene, "beside", "find moves", best_move, "us");
  say(scene, "beside", "find the rest", best_again, "us");
  say(scene, "beside", "encode", best_code, "us");
  say(scene, "beside", "moves", static_cast<double>(moves.size()), "copies");
  say(scene, "beside", "payload", static_cast<double>(ours.bytes), "bytes");
  ours.canvas.reset(before.width, before.height, 0, 0);
  ours.canvas.write({0, 0, before.width, before.height}, before.row(0), before.stride, true);
  const double begin = cpu_us();
  ours.receive();
  say(scene, "beside", "decode", cpu_us() - begin, "us");
  bool same = false;
  ours.canvas.read([&](const PixelBuffer& shown) { same = ports::same_pixels(shown, after, {0, 0, after.width, after.height}); });
  if (!same) std::abort();
}

// Scrolls, drags and typing on a page of coloured code.
void measure_scenes(Ours& ours, const std::string& text) {
  bench::PageStyle code{"JetBrains Mono", 13, false, true, 0, 8};
  const auto page = bench::draw_page(kWidth, kHeight, text, code);
  auto shifted = ports::make_pixel_buffer(kWidth, kHeight);
  const Rect all{0, 0, kWidth, kHeight};
  for (const int by : {19, 57, 400}) {
    code.first_line = by / 19;
    auto below = bench::draw_page(kWidth, kHeight + by, text, {"JetBrains Mono", 13, false, true, 0, 8});
    for (int y = 0; y < kHeight; ++y) std::memcpy(shifted->row(y), below->row(y + by), kWidth * 4);
    measure_pipeline(ours, ("scroll 1920x1080 by " + std::to_string(by)).c_str(), *page, *shifted, all);
  }
  const auto window = bench::draw_page(900, 600, text, {"Inter", 14, false, false, 30, 8});
  const auto with_window = [&](int x, int y) {
    auto out = copy_of(*page);
    for (int row = 0; row < 600; ++row) std::memcpy(out->row(y + row) + 4 * x, window->row(row), 900 * 4);
    return out;
  };
  measure_pipeline(ours, "drag 900x600", *with_window(300, 200), *with_window(313, 207), {300, 200, 920, 620});
  auto typed = copy_of(*page);
  for (int y = 0; y < 14; ++y) std::memcpy(typed->row(700 + y) + 4 * 1201, page->row(12 + y) + 4 * 16, 8 * 4);
  measure_pipeline(ours, "one glyph", *page, *typed, {1200, 696, 16, 24});
  const auto other = bench::draw_page(kWidth, kHeight, text, {"JetBrains Mono", 13, false, true, 97, 8});
  measure_pipeline(ours, "page flip", *page, *other, all);
  measure_pipeline(ours, "false damage", *page, *copy_of(*page), all);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) repeats = std::max(1, std::atoi(argv[1]));
  std::ifstream in(BESIDE_BENCH_TEXT);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text.empty()) return 1;
  Ours ours;
  const struct {
    const char* scene;
    bench::PageStyle style;
  } pages[] = {{"page, code in greys", {}},
               {"page, coloured code", {"JetBrains Mono", 13, false, true, 0, 8}},
               {"page, text in sub-pixels", {"Inter", 14, true, false, 0, 8}},
               {"page, coloured code in sub-pixels", {"JetBrains Mono", 13, true, true, 0, 8}}};
  for (const auto& page : pages) {
    const auto picture = bench::draw_page(kWidth, kHeight, text, page.style);
    if (!picture) return 1;
    measure(ours, page.scene, *picture, {0, 0, kWidth, kHeight}, true);
    ours.quick = true;
    measure(ours, page.scene, *picture, {0, 0, kWidth, kHeight}, false);
    ours.quick = false;
    measure(ours, (std::string("tile, ") + (page.scene + 6)).c_str(), *picture, {64, 64, 64, 64}, true);
  }
  const auto photo = bench::draw_photo(kWidth, kHeight, 3);
  measure(ours, "photo", *photo, {0, 0, kWidth, kHeight}, true);
  const auto page = bench::draw_page(kWidth, kHeight, text, pages[1].style);
  for (int scale = 1; scale <= 3; ++scale) {
    const std::string scene = "page, coloured code, coarse in 1/" + std::to_string(1 << scale);
    const Rect all{0, 0, kWidth, kHeight};
    say(scene.c_str(), "beside", "encode", best_us([&] { ours.send(*page, [&] { ours.encoder->coarse(*page, all, scale, 3); }); }), "us");
    say(scene.c_str(), "beside", "decode", best_us([&] { ours.receive(); }), "us");
    say(scene.c_str(), "beside", "payload", static_cast<double>(ours.bytes), "bytes");
  }
  measure(ours, "tile, photo", *photo, {640, 512, 64, 64}, true);
  measure_scenes(ours, text);
  return 0;
}
