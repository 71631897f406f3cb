// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <filesystem>

#include "codec/video/decoder.h"
#include "codec/video/encoder_maker.h"
#include "codec/video/parameter_sets.h"
#include "engine/gpu/converter.h"
#include "tests/codec/text_picture.h"

using namespace beside;
using namespace beside::video;
using ports::VideoCodec;

namespace {

std::unique_ptr<ports::VideoEncoder> encoder_for(VideoCodec codec, int width, int height, ports::VideoEffort effort = ports::VideoEffort::Least,
                                                 int kbps = 50'000) {
  EncoderPreferences preferences;
  preferences.threads = 2;
  auto encoder = make_video_encoder({codec, width, height, kbps, effort}, preferences, gpu::make_cpu_converter());
  REQUIRE(encoder);
  return std::move(*encoder);
}
VideoOffer offer_of(const ports::VideoEncoder& encoder, int width, int height) {
  return {encoder.codec(), width, height, encoder.sps(), encoder.pps()};
}
std::unique_ptr<ports::PixelBuffer> to_pixels(const ports::DecodedPicture& picture) {
  auto out = ports::make_pixel_buffer(picture.planes.width, picture.planes.height);
  REQUIRE(gpu::planes_to_bgra_cpu(picture.planes, out->memory.get(), out->stride));
  return out;
}

}  // namespace

TEST_CASE("red text on black keeps at least 34 dB over RGB at the default quality in 4:4:4") {
  for (auto effort : {ports::VideoEffort::Least, ports::VideoEffort::Normal, ports::VideoEffort::Most}) {
    TextPicture text(641, 363);
    text.draw_page(1, 0xff0000);
    auto encoder = encoder_for(VideoCodec::H264_444, 641, 363, effort);
    CAPTURE(encoder->name());
    ManualClock clock;
    auto decoder = make_video_decoder(offer_of(*encoder, 641, 363), clock);
    REQUIRE(decoder);
    auto coded = encoder->encode(text.take_whole(), false);
    REQUIRE(coded);
    CHECK(coded->key);
    auto shown = (*decoder)->decode(coded->annex_b);
    if (!shown) FAIL(dump_error(shown.error()));
    REQUIRE(shown->has_value());
    CHECK((*shown)->planes.width == 641);
    CHECK((*shown)->planes.height == 363);
    auto original = text.take({});
    const double psnr = psnr_rgb(*original.pixels, *to_pixels(**shown));
    CAPTURE(psnr);
    CHECK(psnr >= 34);
    MESSAGE(encoder->name() << ": " << psnr << " dB, " << coded->annex_b.size() << " bytes");
  }
}

TEST_CASE("what is coded smaller than it is shown comes out as large as it went in, and changes only where the damage says") {
  for (VideoCodec codec : {VideoCodec::H264_444, VideoCodec::H264_420}) {
    constexpr int kWidth = 333, kHeight = 211;
    ports::VideoSettings settings{codec, (kWidth + 1) / 2, (kHeight + 1) / 2, 50'000, ports::VideoEffort::Normal, kWidth, kHeight};
    EncoderPreferences preferences;
    auto encoder = make_video_encoder(settings, preferences, gpu::make_cpu_converter());
    REQUIRE(encoder);
    VideoOffer offer = offer_of(**encoder, settings.width, settings.height);
    offer.shown_width = kWidth;
    offer.shown_height = kHeight;
    ManualClock clock;
    auto decoder = make_video_decoder(offer, clock);
    REQUIRE(decoder);
    Pool<ports::PixelBuffer> pool(1, [] { return ports::make_pixel_buffer(kWidth, kHeight); });
    ports::Frame frame;
    // A slope, and then a bright square on it.
    for (int step = 0; step < 2; ++step) {
      if (!frame.pixels) frame.pixels = pool.take();
      const Rect square{101, 51, 64, 64};
      for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth * 4; ++x)
          frame.pixels->row(y)[x] = static_cast<std::uint8_t>(step == 1 && square.contains(x / 4, y) ? 220 : 40 + (x / 4 + y) / 5);
      frame.damage = {step == 0 ? Rect{0, 0, kWidth, kHeight} : square};
      auto coded = (*encoder)->encode(frame, false);
      REQUIRE(coded);
      auto shown = (*decoder)->decode(coded->annex_b);
      REQUIRE(shown);
      REQUIRE(shown->has_value());
      CHECK((*shown)->planes.width == kWidth);
      CHECK((*shown)->planes.height == kHeight);
      CHECK(psnr_rgb(*frame.pixels, *to_pixels(**shown)) >= (step == 0 ? 40 : 28));
      clock.advance(33ms);
    }
    offer.shown_width = settings.width - 1;
    CHECK_FALSE(make_video_decoder(offer, clock));
    offer.shown_width = 9000;
    CHECK_FALSE(make_video_decoder(offer, clock));
    settings.shown_width = settings.width - 1;
    CHECK_FALSE(make_video_encoder(settings, preferences, gpu::make_cpu_converter()));
  }
}

TEST_CASE("a picture changed only where the damage says arrives whole, and each access unit gives its picture at once") {
  for (VideoCodec codec : {VideoCodec::H264_444, VideoCodec::H264_420}) {
    TextPicture text(333, 211);
    text.draw_page(2, 0xd0d0d0);
    auto encoder = encoder_for(codec, 333, 211);
    ManualClock clock;
    auto decoder = make_video_decoder(offer_of(*encoder, 333, 211), clock);
    REQUIRE(decoder);
    std::vector<Rect> damage = {{0, 0, 333, 211}};
    for (std::uint32_t i = 0; i < 40; ++i) {
      auto coded = encoder->encode(text.take(damage), false);
      REQUIRE(coded);
      CHECK(coded->key == (i == 0));  // no key picture that nobody asked for
      clock.advance(33ms);
      auto shown = (*decoder)->decode(coded->annex_b);
      REQUIRE(shown);
      REQUIRE(shown->has_value());
      CHECK((*shown)->number == i + 1);
      auto original = text.take({});
      if (codec == VideoCodec::H264_444) CHECK(psnr_rgb(*original.pixels, *to_pixels(**shown)) > 34);
      original = {};
      damage = {text.draw_glyph(static_cast<int>(i % 41), static_cast<int>(i % 15), i * 77, 0xd0d0d0)};
    }
  }
}

TEST_CASE("a key picture comes when it is asked for and opens with the agreed parameter sets") {
  TextPicture text(320, 200);
  text.draw_page(3, 0x00ff80);
  auto encoder = encoder_for(VideoCodec::H264_444, 320, 200);
  bool first = true;
  for (bool want : {false, false, true, false, true}) {
    auto coded = encoder->encode(text.take_whole(), want);
    REQUIRE(coded);
    CHECK(coded->key == (want || first));
    first = false;
    std::vector<int> types;
    REQUIRE(for_each_nal(coded->annex_b, [&](ByteSpan nal) -> Result<void> {
      types.push_back(nal[0] & 0x1f);
      if (types.back() == 7) CHECK(to_bytes(nal) == encoder->sps());
      if (types.back() == 8) CHECK(to_bytes(nal) == encoder->pps());
      return {};
    }));
    REQUIRE(types.size() >= 1);
    if (coded->key) {
      REQUIRE(types.size() >= 3);
      CHECK(types[0] == 7);
      CHECK(types[1] == 8);
    }
    for (std::size_t i = coded->key ? 2 : 0; i < types.size(); ++i) CHECK(types[i] == (coded->key ? 5 : 1));
    CHECK(types.size() - (coded->key ? 2 : 0) == 2);  // one slice a thread
  }
}

TEST_CASE("a picture of another size needs a new encoder, and gets one") {
  TextPicture small(320, 200), large(402, 301);
  auto encoder = encoder_for(VideoCodec::H264_420, 320, 200);
  REQUIRE(encoder->encode(small.take_whole(), false));
  auto refused = encoder->encode(large.take_whole(), false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Refused);
  encoder = encoder_for(VideoCodec::H264_420, 402, 301);
  auto coded = encoder->encode(large.take_whole(), false);
  REQUIRE(coded);
  ManualClock clock;
  auto decoder = make_video_decoder(offer_of(*encoder, 402, 301), clock);
  REQUIRE(decoder);
  auto shown = (*decoder)->decode(coded->annex_b);
  REQUIRE((shown && shown->has_value()));
  CHECK((*shown)->planes.height == 301);
  CHECK_FALSE(make_video_decoder(offer_of(*encoder, 320, 200), clock));  // sizes as agreed
  VideoOffer wrong = offer_of(*encoder, 402, 301);
  wrong.codec = VideoCodec::H264_444;
  CHECK_FALSE(make_video_decoder(wrong, clock));
  CHECK_FALSE(make_video_encoder({VideoCodec::H264_444, 0, 9000, 1000}, {}, gpu::make_cpu_converter()));
}

TEST_CASE("a narrow line bounds the size of a picture, and resting pictures refine") {
  TextPicture text(640, 360);
  text.draw_page(4, 0xffffff);
  auto encoder = encoder_for(VideoCodec::H264_444, 640, 360, ports::VideoEffort::Least, 1000);
  auto first = encoder->encode(text.take_whole(), false);
  REQUIRE(first);
  CHECK_FALSE(encoder->refined());
  REQUIRE(encoder->set_target_kbps(100'000));
  int rounds = 0;
  while (!encoder->refined() && rounds < 50) {
    REQUIRE(encoder->encode(text.take({}), false));
    ++rounds;
  }
  CHECK(encoder->refined());
  CHECK(rounds >= 1);
  CHECK_FALSE(encoder->set_target_kbps(0));
  auto wide = encoder_for(VideoCodec::H264_444, 640, 360);
  auto unbounded = wide->encode(text.take_whole(), false);
  REQUIRE(unbounded);
  CHECK(first->annex_b.size() < unbounded->annex_b.size() / 2);
}

TEST_CASE("a picture that was there before the last one is built on that, but with least effort") {
  for (const auto effort : {ports::VideoEffort::Least, ports::VideoEffort::Normal, ports::VideoEffort::Most}) {
    TextPicture text(640, 368);
    auto encoder = encoder_for(VideoCodec::H264_420, 640, 368, effort);
    CAPTURE(encoder->name());
    ManualClock clock;
    auto decoder = make_video_decoder(offer_of(*encoder, 640, 368), clock);
    REQUIRE(decoder);
    std::size_t bytes[3] = {};
    for (int i = 0; i < 3; ++i) {
      text.draw_page(i % 2 + 1, 0xffffff);
      auto coded = encoder->encode(text.take_whole(), false);
      REQUIRE(coded);
      bytes[i] = coded->annex_b.size();
      const auto shown = (*decoder)->decode(coded->annex_b);
      REQUIRE((shown && shown->has_value()));
      CHECK(psnr_rgb(*text.take({}).pixels, *to_pixels(**shown)) > 20);
    }
    CHECK((bytes[2] * 3 < bytes[1]) == (effort != ports::VideoEffort::Least));
  }
}

TEST_CASE("hardware is probed first, named with its reason, and libx264 takes over") {
  std::vector<EncoderProbe> probes;
  EncoderPreferences preferences;
  auto encoder = make_video_encoder({VideoCodec::H264_420, 320, 200, 8000}, preferences, gpu::make_cpu_converter(), &probes);
  REQUIRE(encoder);
  REQUIRE(!probes.empty());
  CHECK(probes[0].name == "h264_vaapi");
  CHECK(probes.back().reason.empty());
  if (!std::filesystem::exists("/dev/dri")) CHECK(probes[0].reason == "no render node in /dev/dri");
  for (std::size_t i = 0; i + 1 < probes.size(); ++i) CHECK(!probes[i].reason.empty());
  probes.clear();
  encoder = make_video_encoder({VideoCodec::H264_444, 320, 200, 8000}, preferences, gpu::make_cpu_converter(), &probes);
  REQUIRE(encoder);
  CHECK((*encoder)->name().find("libx264 4:4:4") == 0);
}

TEST_CASE("5,000 real access units with flipped bits never crash and the decoder recovers with a key picture") {
  TextPicture text(160, 112);
  text.draw_page(5, 0xff4040);
  for (VideoCodec codec : {VideoCodec::H264_444, VideoCodec::H264_420}) {
    auto encoder = encoder_for(codec, 160, 112, codec == VideoCodec::H264_444 ? ports::VideoEffort::Least : ports::VideoEffort::Most);
    std::vector<Bytes> units;
    for (std::uint32_t i = 0; i < 6; ++i) {
      auto coded = encoder->encode(text.take_whole(), i == 0);
      REQUIRE(coded);
      units.push_back(coded->annex_b);
      text.draw_page(6 + i, 0xff4040);
    }
    ManualClock clock;
    auto decoder = make_video_decoder(offer_of(*encoder, 160, 112), clock);
    REQUIRE(decoder);
    int refused = 0, admitted = 0;
    for (std::uint32_t i = 0; i < 2500; ++i) {
      Bytes changed = units[i % units.size()];
      const std::uint32_t flips = 1 + pattern(i) % 4;
      for (std::uint32_t f = 0; f < flips; ++f) {
        const std::size_t bit = pattern(i * 7919 + f) % (changed.size() * 8);
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1U << (bit % 8));
      }
      clock.advance(10ms);
      if (i % units.size() != 0) (void)(*decoder)->decode(units[0]);  // so that pictures that refer to it get past the gate
      clock.advance(10ms);
      auto shown = (*decoder)->decode(changed);
      if (!shown) {
        ++refused;
        CHECK(shown.error().kind == ErrorKind::PeerFault);
      } else {
        ++admitted;
        if (*shown) CHECK((*shown)->planes.width == 160);
      }
    }
    CHECK(refused > 100);
    CHECK(admitted > 0);
    clock.advance(1s);
    auto good = (*decoder)->decode(units[0]);
    REQUIRE(good);
    CHECK(good->has_value());
  }
}

namespace {

class FakeEncoder final : public ports::VideoEncoder {
 public:
  explicit FakeEncoder(bool& fails) : fails_(fails) {}
  Bytes sps() const override { return {}; }
  Bytes pps() const override { return {}; }
  std::string name() const override { return "fake"; }
  VideoCodec codec() const override { return VideoCodec::H264_420; }
  Result<ports::EncodedPicture> encode(const ports::Frame&, bool) override {
    if (fails_) return fail(ErrorKind::Environment, "fake", "the driver was reset");
    return ports::EncodedPicture{};
  }
  Result<void> set_target_kbps(int) override { return {}; }

 private:
  bool& fails_;
};

}  // namespace

TEST_CASE("each film that hardware can code gets it, until it failed once") {
  bool opens = true, breaks = false;
  std::vector<bool> asked;
  const auto maker = [&] {
    return EncoderMaker([&](const ports::VideoSettings& settings, const EncoderPreferences& preferences, std::vector<EncoderProbe>* probes) -> EncoderMaker::Made {
      asked.push_back(preferences.hardware);
      if (settings.codec == VideoCodec::H264_420 && preferences.hardware) probes->push_back({"hardware", opens ? "" : "no driver", true});
      return std::make_unique<FakeEncoder>(breaks);
    });
  };
  const ports::VideoSettings full{VideoCodec::H264_444, 320, 200, 1000}, half{VideoCodec::H264_420, 320, 200, 1000};
  {
    EncoderMaker make = maker();
    for (const auto& settings : {full, half, half, full, half}) REQUIRE(make(settings));
    CHECK(asked == std::vector<bool>(5, true));
    auto encoder = make(half);
    REQUIRE(encoder);
    CHECK((*encoder)->encode({}, false));
    CHECK(make.tries_hardware());
    breaks = true;
    CHECK_FALSE((*encoder)->encode({}, false));
    CHECK_FALSE(make.tries_hardware());
    asked.clear();
    CHECK(make(half));
    CHECK(asked == std::vector<bool>{false});
  }
  EncoderMaker make = maker();
  opens = false;
  asked.clear();
  for (int i = 0; i < 3; ++i) CHECK(make(half));
  CHECK(asked == std::vector<bool>{true, false, false});
}
