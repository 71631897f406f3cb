// SPDX-License-Identifier: GPL-3.0-or-later
// What a film costs and how it looks: pictures through our encoder and decoder, without a screen or a line.
//
//   film_bench PICTURES.bgra WIDTH HEIGHT [kbit/s [effort 1..3 [rounds]]]
//
// PICTURES: B, G, R, X, one after the other (screen_bench's: ffmpeg -f lavfi -i mandelbrot=size=1280x800:... -pix_fmt bgra -f rawvideo).
// Prints one JSON line: bytes and processor time a picture, medians of the time to code and to decode (with conversion), PSNR as screen_bench has it.
#include <ctime>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "codec/video/decoder.h"
#include "codec/video/encoder.h"
#include "engine/base/lease.h"
#include "engine/gpu/converter.h"

namespace {

using namespace beside;

double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

// (luma, RGB) squared error of a picture.
std::pair<double, double> error_of(const std::uint8_t* is, const std::uint8_t* wanted, int width, int height) {
  double luma = 0, rgb = 0;
  for (std::int64_t i = 0; i < std::int64_t{width} * height; ++i, is += 4, wanted += 4) {
    const double b = is[0] - wanted[0], g = is[1] - wanted[1], r = is[2] - wanted[2], y = 0.0722 * b + 0.7152 * g + 0.2126 * r;
    rgb += b * b + g * g + r * r;
    luma += y * y;
  }
  const double n = static_cast<double>(width) * height;
  return {luma / n, rgb / n / 3};
}

int run(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "film_bench PICTURES.bgra WIDTH HEIGHT [kbit/s [effort 1..3 [rounds]]]\n");
    return 2;
  }
  const int width = std::atoi(argv[2]), height = std::atoi(argv[3]), rounds = argc > 6 ? std::atoi(argv[6]) : 8;
  const std::size_t one = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4;
  std::ifstream file(argv[1], std::ios::binary);
  std::vector<std::vector<std::uint8_t>> pictures;
  for (std::vector<std::uint8_t> p(one); file.read(reinterpret_cast<char*>(p.data()), static_cast<std::streamsize>(one));) pictures.push_back(p);
  if (width <= 0 || height <= 0 || pictures.empty()) {
    fmt::print(stderr, "{}: no picture of {}x{}\n", argv[1], argv[2], argv[3]);
    return 2;
  }
  ports::VideoSettings settings;
  settings.codec = ports::VideoCodec::H264_420;
  settings.width = width;
  settings.height = height;
  settings.target_kbps = argc > 4 ? std::atoi(argv[4]) : 7500;
  settings.effort = static_cast<ports::VideoEffort>(argc > 5 ? std::atoi(argv[5]) : 2);
  video::EncoderPreferences software;
  software.hardware = false;
  auto encoder = video::make_video_encoder(settings, software, gpu::make_cpu_converter());
  if (!encoder) {
    fmt::print(stderr, "{}\n", dump_error(encoder.error()));
    return 1;
  }
  const SystemClock clock;
  auto decoder = video::make_video_decoder({settings.codec, width, height, (*encoder)->sps(), (*encoder)->pps()}, clock);
  if (!decoder) {
    fmt::print(stderr, "{}\n", dump_error(decoder.error()));
    return 1;
  }
  Pool<ports::PixelBuffer> pool(1, [&] { return ports::make_pixel_buffer(width, height); });
  const auto shown = ports::make_pixel_buffer(width, height);
  SideThread side;
  std::vector<double> coding, decoding;
  double bytes = 0, luma = 0, rgb = 0, cpu = 0, coder_cpu = 0;
  int n = 0;
  for (int i = 0; i < rounds * static_cast<int>(pictures.size()); ++i) {
    const auto& picture = pictures[static_cast<std::size_t>(i) % pictures.size()];
    ports::Frame frame;
    frame.pixels = pool.take();
    for (int y = 0; y < height; ++y)
      std::copy_n(picture.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 4, width * 4, frame.pixels->row(y));
    frame.damage = {{0, 0, width, height}};
    const double cpu0 = cpu_ms();
    const LocalTime began = local_now();
    const auto coded = (*encoder)->encode(frame, false);
    const LocalTime ready = local_now();
    const double cpu1 = cpu_ms();
    if (!coded) {
      fmt::print(stderr, "{}\n", dump_error(coded.error()));
      return 1;
    }
    const auto decoded = (*decoder)->decode(coded->annex_b);
    if (!decoded || !*decoded) {
      fmt::print(stderr, "not decoded\n");
      return 1;
    }
    (void)gpu::planes_to_bgra_cpu((*decoded)->planes, shown->row(0), shown->stride, &side);
    const LocalTime ended = local_now();
    if (i < static_cast<int>(pictures.size())) continue;   // the quantiser settles
    coding.push_back(static_cast<double>((ready - began).count()) / 1e6);
    decoding.push_back(static_cast<double>((ended - ready).count()) / 1e6);
    cpu += cpu_ms() - cpu0;
    coder_cpu += cpu1 - cpu0;
    bytes += static_cast<double>(coded->annex_b.size());
    ++n;
    double y = 0, all = 0;
    for (int row = 0; row < height; row += 4) {
      const auto [a, b] = error_of(shown->row(row), picture.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width) * 4, width, 1);
      y += a * 4 / height;
      all += b * 4 / height;
    }
    luma += 10 * std::log10(255 * 255 / std::max(y, 1e-9));
    rgb += 10 * std::log10(255 * 255 / std::max(all, 1e-9));
  }
  fmt::print("{{\"bench\":\"film\",\"encoder\":\"{}\",\"kbit_s\":{},\"bytes\":{:.0f},\"luma_db\":{:.2f},\"rgb_db\":{:.2f},\"code_ms\":{:.2f},\"decode_ms\":{:.2f},"
             "\"coder_cpu_ms\":{:.2f},\"cpu_ms\":{:.2f}}}\n",
             (*encoder)->name(), settings.target_kbps, bytes / n, luma / n, rgb / n, median(coding), median(decoding), coder_cpu / n, cpu / n);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
