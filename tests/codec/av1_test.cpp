// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "codec/video/av1_gate.h"
#include "codec/video/decoder.h"
#include "codec/video/encoder.h"
#include "engine/gpu/converter.h"
#include "tests/codec/text_picture.h"

using namespace beside;
using namespace beside::video;
using ports::VideoCodec;

namespace {

std::string fault(const Result<void>& result) { return result ? std::string() : std::string(result.error().where); }

struct Coded {
  Bytes sequence;
  std::vector<Bytes> units;      // the first is a key picture
};
Coded code(int width, int height, int pictures) {
  TextPicture text(width, height);
  text.draw_page(1, 0xd0d0d0);
  std::vector<EncoderProbe> probes;
  auto encoder = make_video_encoder({VideoCodec::Av1_420, width, height, 2000}, {}, gpu::make_cpu_converter(), &probes);
  REQUIRE(encoder);
  CAPTURE(probes.front().reason);
  REQUIRE((*encoder)->codec() == VideoCodec::Av1_420);
  Coded out;
  out.sequence = (*encoder)->sps();
  for (int i = 0; i < pictures; ++i) {
    text.draw_page(static_cast<std::uint32_t>(i + 1), 0xd0d0d0);
    auto coded = (*encoder)->encode(text.take_whole(), false);
    REQUIRE(coded);
    CHECK(coded->key == (i == 0));
    out.units.push_back(coded->annex_b);
  }
  return out;
}

}  // namespace

TEST_CASE("AV1 of any size comes out as it went in, each unit its picture at once, also after its rate moved") {
  for (const VideoCodec codec : {VideoCodec::Av1_444, VideoCodec::Av1_420}) {
    constexpr int kWidth = 333, kHeight = 211;
    TextPicture text(kWidth, kHeight);
    text.draw_page(1, 0xd0d0d0);
    auto encoder = make_video_encoder({codec, kWidth, kHeight, 4000}, {}, gpu::make_cpu_converter());
    REQUIRE(encoder);
    REQUIRE((*encoder)->codec() == codec);
    CHECK((*encoder)->pps().empty());
    ManualClock clock;
    auto decoder = make_video_decoder({codec, kWidth, kHeight, (*encoder)->sps(), {}}, clock);
    if (!decoder) FAIL(dump_error(decoder.error()));
    int keys = 0;
    for (int i = 0; i < 70; ++i) {
      if (i == 5) REQUIRE((*encoder)->set_target_kbps(1000));
      auto coded = (*encoder)->encode(text.take_whole(), i == 20);
      REQUIRE(coded);
      keys += coded->key ? 1 : 0;
      if (i == 0 || i == 20) CHECK(coded->key);
      auto shown = (*decoder)->decode(coded->annex_b);
      if (!shown) FAIL(dump_error(shown.error()));
      REQUIRE(shown->has_value());
      CHECK((*shown)->planes.width == kWidth);
      CHECK((*shown)->planes.height == kHeight);
      if (i == 15) {
        auto pixels = ports::make_pixel_buffer(kWidth, kHeight);
        REQUIRE(gpu::planes_to_bgra_cpu((*shown)->planes, pixels->memory.get(), pixels->stride));
        auto original = text.take({});
        CHECK(psnr_rgb(*original.pixels, *pixels) >= 30);
      }
      clock.advance(33ms);
    }
    CHECK(keys == 2);            // another rate asks for none
  }
}

// A film that opens on a narrow line: a key picture of 20 kB would be all that 300 kbit/s carry in half a second.
TEST_CASE("the first picture of AV1 keeps to its rate as well as a later one") {
  constexpr int kSide = 384, kKbps = 800;
  auto encoder = make_video_encoder({VideoCodec::Av1_420, kSide, kSide, kKbps}, {}, gpu::make_cpu_converter());
  REQUIRE(encoder);
  TextPicture screen(kSide, kSide);
  const auto picture = [&](int step) {
    auto frame = screen.take_whole();
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        std::uint32_t grain = static_cast<std::uint32_t>(y * kSide + x + step * 31) * 2654435761u;
        grain ^= grain >> 15;
        for (int c = 0; c < 3; ++c) frame.pixels->row(y)[4 * x + c] = static_cast<std::uint8_t>(40 + (x * (c + 1) + y * 2 + step * 5) / 8 % 150 + grain % 48);
      }
    }
    return frame;
  };
  const auto first = (*encoder)->encode(picture(0), false);
  REQUIRE(first);
  for (int i = 1; i < 30; ++i) REQUIRE((*encoder)->encode(picture(i), false));
  const auto later = (*encoder)->encode(picture(30), true);
  REQUIRE(later);
  CAPTURE(first->annex_b.size());
  CAPTURE(later->annex_b.size());
  CHECK(first->annex_b.size() < kKbps * 125 / 30 * 4);   // of mean pictures
  CHECK(later->annex_b.size() < kKbps * 125 / 30 * 4);
}

// FFmpeg's cover of libaom kept the old rate: on a line that had narrowed next to nothing came through.
TEST_CASE("AV1 keeps to a rate that fell at once, without a key picture") {
  constexpr int kWidth = 320, kHeight = 240;
  auto encoder = make_video_encoder({VideoCodec::Av1_420, kWidth, kHeight, 4000}, {}, gpu::make_cpu_converter());
  REQUIRE(encoder);
  REQUIRE((*encoder)->codec() == VideoCodec::Av1_420);
  TextPicture text(kWidth, kHeight);
  std::uint32_t step = 0;
  const auto bytes_of = [&](int pictures) {   // of one, mean; nothing of each is in the one before
    std::size_t bytes = 0;
    for (int i = 0; i < pictures; ++i) {
      text.draw_page(step += 977, 0xd0d0d0);
      const auto coded = (*encoder)->encode(text.take_whole(), false);
      REQUIRE(coded);
      CHECK(coded->key == (step == 977));
      bytes += coded->annex_b.size();
    }
    return bytes / static_cast<std::size_t>(pictures);
  };
  (void)bytes_of(20);
  const std::size_t wide = bytes_of(20);
  REQUIRE((*encoder)->set_target_kbps(400));
  (void)bytes_of(10);
  const std::size_t narrow = bytes_of(20);
  CHECK(wide > 2 * narrow);      // at the coarsest there is: pages of new text are more than 400 kbit/s
}

TEST_CASE("what is no AV1 of ours does not pass its gate") {
  const Coded coded = code(128, 96, 3);
  CHECK_FALSE(Av1Gate::create(coded.sequence, 128, 97));
  CHECK_FALSE(Av1Gate::create({}, 128, 96));
  auto gate = Av1Gate::create(coded.sequence, 128, 96);
  REQUIRE(gate);
  CHECK(dump_av1_sequence(gate->sequence()).find("4:2:0 128x96") != std::string::npos);
  LocalTime now{1s};
  const auto check = [&](ByteSpan unit) { return fault(gate->check(unit, now += 33ms)); };
  CHECK(check(coded.units[1]) == "codec/gate: no key picture yet");
  CHECK(check(coded.units[0]).empty());
  CHECK(check(coded.units[1]).empty());
  Bytes other = coded.units[0];
  other[coded.sequence.size() - 1] ^= 0x10;
  CHECK(check(other) == "codec/gate: sequence header is not the one agreed");
  CHECK(check(coded.units[1]) == "codec/gate: no key picture yet");   // after a refusal
  const ByteSpan alone = ByteSpan(coded.units[0]).subspan(coded.sequence.size());
  CHECK(check(alone) == "codec/gate: key picture and sequence header belong together");
  Bytes mixed = coded.sequence;
  mixed.insert(mixed.end(), coded.units[1].begin(), coded.units[1].end());
  CHECK(check(mixed) == "codec/gate: key picture and sequence header belong together");
  CHECK(check(coded.units[0]).empty());
  Bytes two = coded.units[1];
  two.insert(two.end(), coded.units[2].begin(), coded.units[2].end());
  two.insert(two.end(), coded.units[2].begin(), coded.units[2].end());
  CHECK(check(two) == "codec/gate: number of OBUs");
  CHECK(check({}) == "codec/gate: number of OBUs");
  CHECK(check(Bytes{0x32, 1, 0x80}) == "codec/gate: an old picture shown again");
  CHECK(check(Bytes{0x32, 1, 0x40}) == "codec/gate: picture type");
  CHECK(check(Bytes{0x32, 1, 0x20}) == "codec/gate: a picture that is not shown");
  CHECK(check(Bytes{0x32, 0}) == "codec/gate: a picture that is not shown");
  CHECK(check(Bytes{0x2a, 1, 0x30}) == "codec/gate: OBU type");
  CHECK(check(Bytes{0x30, 1, 0x30}) == "wire/av1: OBU header");
  CHECK(check(Bytes(Av1Gate::kMaxUnitBytes + 1, 0)) == "codec/gate: temporal unit too long");
  int passed = 0;
  for (int i = 0; i < 400; ++i) passed += gate->check(coded.units[0], now) ? 1 : 0;
  CHECK(passed <= PictureLimit::kPerSecond);
  // Every bit of the sequence header that is not the agreed one is either refused or says other things than were agreed.
  for (std::size_t bit = 0; bit < coded.sequence.size() * 8; ++bit) {
    Bytes bent = coded.sequence;
    bent[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
    if (const auto made = Av1Gate::create(bent, 128, 96)) CHECK(!fault(Av1Gate(*made).check(coded.units[0], now)).empty());
  }
}

TEST_CASE("a decoder of AV1 refuses what is cut off, and plays on from the next key picture") {
  const Coded coded = code(128, 96, 3);
  ManualClock clock;
  auto decoder = make_video_decoder({VideoCodec::Av1_420, 128, 96, coded.sequence, {}}, clock);
  REQUIRE(decoder);
  CHECK_FALSE(make_video_decoder({VideoCodec::Av1_444, 128, 96, coded.sequence, {}}, clock));
  REQUIRE((*decoder)->decode(coded.units[0]));
  Bytes cut = coded.units[1];
  cut.resize(cut.size() - 3);
  CHECK_FALSE((*decoder)->decode(cut));
  CHECK_FALSE((*decoder)->decode(coded.units[2]));
  auto again = (*decoder)->decode(coded.units[0]);
  REQUIRE(again);
  CHECK(again->has_value());
}
