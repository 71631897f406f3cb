// SPDX-License-Identifier: GPL-3.0-or-later
// codec_bench [seed-folder]: what one encoded and decoded picture costs, as JSON lines. With a folder it writes the
// fuzzers' seeds into it instead.
#include <cstdio>
#include <fstream>
#include <string>

#include "codec/video/decoder.h"
#include "codec/video/encoder.h"
#include "engine/gpu/converter.h"
#include "tests/codec/text_picture.h"

using namespace beside;
using namespace beside::video;

namespace {

void write_seed(const std::string& path, const ports::VideoEncoder& encoder, const Bytes& unit) {
  std::ofstream out(path, std::ios::binary);
  for (const Bytes& set : {encoder.sps(), encoder.pps()}) {
    out.put(static_cast<char>(set.size()));
    out.write(reinterpret_cast<const char*>(set.data()), static_cast<std::streamsize>(set.size()));
  }
  out.write(reinterpret_cast<const char*>(unit.data()), static_cast<std::streamsize>(unit.size()));
}

int write_seeds(const std::string& folder) {
  for (auto codec : {ports::VideoCodec::H264_444, ports::VideoCodec::H264_420}) {
    EncoderPreferences preferences;
    const auto effort = codec == ports::VideoCodec::H264_444 ? ports::VideoEffort::Least : ports::VideoEffort::Most;
    preferences.threads = 1;
    preferences.quality = 40;
    TextPicture text(48, 32);
    text.draw_page(1, 0xff0000);
    auto encoder = make_video_encoder({codec, 48, 32, 8000, effort}, preferences, gpu::make_cpu_converter());
    if (!encoder) return 1;
    auto unit = (*encoder)->encode(text.take_whole(), true);
    if (!unit) return 1;
    write_seed(folder + (codec == ports::VideoCodec::H264_444 ? "/key_444" : "/key_420"), **encoder, unit->annex_b);
  }
  return 0;
}

void figure(const char* scene, const std::string& system, const char* metric, double value, const char* unit) {
  std::printf("{\"bench\":\"codec\",\"scene\":\"%s\",\"system\":\"%s\",\"metric\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", scene,
              system.c_str(), metric, value, unit);
}

double ms(nanoseconds t) { return static_cast<double>(t.count()) / 1e6; }

void measure(ports::VideoCodec codec, ports::VideoEffort effort) {
  TextPicture text(1920, 1080);
  text.draw_page(0, 0x20c040);
  EncoderPreferences preferences;
  auto encoder = make_video_encoder({codec, 1920, 1080, 100'000, effort}, preferences, gpu::make_cpu_converter());
  if (!encoder) return;
  SystemClock clock;
  auto decoder = make_video_decoder({codec, 1920, 1080, (*encoder)->sps(), (*encoder)->pps()}, clock);
  if (!decoder) return;
  const std::string name = (*encoder)->name();
  for (const char* scene : {"key", "glyph", "page"}) {
    const int rounds = scene[0] == 'k' ? 3 : 12;
    double encode = 1e9, decode = 1e9, bytes = 0;
    // A resting picture first: otherwise the cost of refining the key picture hides that of the glyph.
    for (int i = 0; scene[0] == 'g' && i < 20; ++i) {
      auto rest = (*encoder)->encode(text.take({}), false);
      if (!rest || !(*decoder)->decode(rest->annex_b)) return;
    }
    for (int i = 0; i < rounds; ++i) {
      std::vector<Rect> damage = {{0, 0, 1920, 1080}};
      if (scene[0] == 'g') damage = {text.draw_glyph(40 + i, 30, static_cast<std::uint32_t>(i) * 31 + 7, 0xffffff)};
      if (scene[0] == 'p') text.draw_page(static_cast<std::uint32_t>(i) + 1, 0x20c040);
      const LocalTime begin = local_now();
      auto coded = (*encoder)->encode(text.take(damage), scene[0] == 'k');
      const LocalTime middle = local_now();
      if (!coded) return;
      auto shown = (*decoder)->decode(coded->annex_b);
      if (!shown) std::fprintf(stderr, "%s\n", dump_error(shown.error()).c_str());
      encode = std::min(encode, ms(middle - begin));
      decode = std::min(decode, ms(local_now() - middle));
      bytes += static_cast<double>(coded->annex_b.size()) / rounds;
    }
    figure(scene, name, "encode", encode, "ms");
    figure(scene, name, "decode", decode, "ms");
    figure(scene, name, "picture", bytes, "bytes");
  }
}

void measure_conversion() {
  auto converter = gpu::make_cpu_converter();
  auto pixels = ports::make_pixel_buffer(1920, 1080);
  std::vector<std::uint8_t> memory(3 * 1920 * 1080);
  for (auto chroma : {ports::Chroma::k444, ports::Chroma::k420}) {
    const bool full = chroma == ports::Chroma::k444;
    ports::Planes planes{1920, 1080, chroma, {memory.data(), memory.data() + 1920 * 1080, memory.data() + 2 * 1920 * 1080},
                         {1920, full ? 1920 : 960, full ? 1920 : 960}};
    double best = 1e9;
    for (int i = 0; i < 10; ++i) {
      const LocalTime begin = local_now();
      if (!converter->convert(*pixels, {0, 0, 1920, 1080}, planes)) return;
      best = std::min(best, ms(local_now() - begin));
    }
    figure("page", converter->describe(), full ? "convert 4:4:4" : "convert 4:2:0", best, "ms");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return write_seeds(argv[1]);
  measure_conversion();
  for (auto codec : {ports::VideoCodec::H264_444, ports::VideoCodec::H264_420}) {
    for (auto effort : {ports::VideoEffort::Least, ports::VideoEffort::Normal, ports::VideoEffort::Most}) measure(codec, effort);
  }
  return 0;
}
