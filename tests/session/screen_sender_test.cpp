// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screen_sender.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "capture/synthetic/synthetic_source.h"
#include "codec/tiles/tiles.h"
#include "engine/session/consent_machine.h"

using namespace beside;
using namespace beside::session;

namespace {

// Codes nothing: pictures of the sizes that it is given, the last one again and again.
class SizedEncoder final : public ports::VideoEncoder {
 public:
  SizedEncoder(ports::VideoCodec codec, std::vector<std::size_t> sizes) : codec_(codec), sizes_(std::move(sizes)) {}
  Bytes sps() const override { return {0x67, 1, 2, 3}; }
  Bytes pps() const override { return {0x68, 4, 5}; }
  std::string name() const override { return "an encoder that has a long name"; }
  ports::VideoCodec codec() const override { return codec_; }
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override {
    if (coded_ == fails_at) return fail(ErrorKind::Environment, "sizes", "the driver was reset");
    ports::EncodedPicture out;
    out.annex_b.assign(sizes_[std::min(coded_, sizes_.size() - 1)], 0x5a);
    out.key = force_key || coded_ == 0;
    out.captured_at = frame.captured_at;
    ++coded_;
    return out;
  }
  Result<void> set_target_kbps(int) override { return {}; }
  std::size_t fails_at = SIZE_MAX;   // pictures coded

 private:
  const ports::VideoCodec codec_;
  const std::vector<std::size_t> sizes_;
  std::size_t coded_ = 0;
};

// The owner's thread: runs what was posted.
class Owner {
 public:
  ScreenSender::Post post() {
    return [this](std::function<void()> job) {
      std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      wake_.notify_one();
    };
  }
  template <typename Done>
  bool run_until(Done done, nanoseconds patience) {
    for (const LocalTime end = local_now() + patience; local_now() < end && !done();) {
      std::unique_lock lock(mutex_);
      if (!wake_.wait_for(lock, 10ms, [this] { return !jobs_.empty(); })) continue;
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
    return done();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
};

// A film of noise, 320x240, over a line of 1 Mbit/s on which nothing waits or is lost, to a viewer that accepts each stream.
struct Film {
  using MakeEncoder = std::function<std::unique_ptr<ports::VideoEncoder>(const ports::VideoSettings&)>;
  explicit Film(MakeEncoder make, nanoseconds frame_interval = 20ms) {
    consent.peer_verified();
    REQUIRE(consent.ask(1, Right::See, "to test", local_now()));
    REQUIRE(consent.decide(1, Right::See, 0, local_now(), LocalTime{}, local_now()) == ConsentMachine::Decision::Granted);
    ScreenSender::Config config;
    config.make_source = [gate = gate, frame_interval]() -> Result<std::unique_ptr<ports::FrameSource>> {
      capture::SyntheticOptions options;
      options.width = 320;
      options.height = 240;
      options.scene = capture::Scene::Noise;
      options.frame_interval = frame_interval;
      return capture::make_synthetic_source(options, gate);
    };
    config.make_encoder = [make = std::move(make)](const ports::VideoSettings& settings) -> Result<std::unique_ptr<ports::VideoEncoder>> {
      return make(settings);
    };
    config.make_tools = [] {
      return TileTools{tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()};
    };
    config.accept_av1 = true;
    config.target_kbps = 1000;
    ScreenSender::Events events;
    events.layout = [](const DesktopLayout&) {};
    events.opened = [](const std::string&) {};
    line.kbps = 1000;
    line.rtt = 40ms;
    events.tiles = [this](std::uint32_t, const std::vector<TileSender::Part>& parts) {
      for (const TileSender::Part& part : parts) line.taken_bytes += part.payload.size();
      sender->set_line(line);
      for (std::size_t told = 0; told < parts.size(); told += wire::TileReport::kMost) {
        const std::size_t count = std::min(wire::TileReport::kMost, parts.size() - told);
        sender->report({Ssrc{9}, Ssrc{1}, std::exchange(next_seq, static_cast<std::uint16_t>(next_seq + count)), std::vector<bool>(count, true)});
      }
    };
    events.stream = [this](const StreamInfo& info) {
      codecs.push_back(info.codec);
      sender->accepted(info.number);
    };
    events.picture = [this](std::uint32_t stream, const ports::EncodedPicture& picture) { sent.emplace_back(stream, picture.annex_b.size()); };
    events.cursor_shape = [](const ports::CursorImage&) {};
    events.cursor_position = [](ports::CursorPosition) {};
    events.lost = [](const Error& error) { FAIL_CHECK(dump_error(error)); };
    events.fell_back = [this](const std::string& from, const std::string&) { fell_back.push_back(from); };
    sender = std::make_unique<ScreenSender>(std::move(config), std::move(events), owner.post());
    sender->set_line(line);
    sender->begin(*consent.grant(Right::See), 0, 1, SeqNo{1});
  }
  std::size_t of_stream(std::uint32_t number) const {
    return static_cast<std::size_t>(std::count_if(sent.begin(), sent.end(), [&](const auto& each) { return each.first == number; }));
  }

  std::shared_ptr<ports::RightsGate> gate = std::make_shared<ports::RightsGate>();
  ConsentMachine consent{*gate, 5min};
  Owner owner;
  TileLine line;
  std::uint16_t next_seq = 1;
  std::vector<ports::VideoCodec> codecs;   // of the streams
  std::vector<std::pair<std::uint32_t, std::size_t>> sent;   // stream, bytes
  std::vector<std::string> fell_back;
  std::unique_ptr<ScreenSender> sender;
};

}  // namespace

// AV1 cannot make noise small: its second picture would take a line of 1 Mbit/s for more than a second.
TEST_CASE("a picture of AV1 that would stop the line is not sent, and H.264 goes on with the film") {
  Film film([](const ports::VideoSettings& settings) {
    const bool av1 = ports::is_av1(settings.codec);
    return std::make_unique<SizedEncoder>(settings.codec, av1 ? std::vector<std::size_t>{4000, 146'000} : std::vector<std::size_t>{3000});
  });
  const auto sized = [&](std::size_t bytes) { return std::count_if(film.sent.begin(), film.sent.end(), [&](const auto& each) { return each.second == bytes; }); };
  CHECK(film.owner.run_until([&] { return sized(3000) >= 5; }, 20s));
  REQUIRE(film.codecs.size() >= 2);
  CHECK(ports::is_av1(film.codecs.front()));
  CHECK_FALSE(ports::is_av1(film.codecs.back()));
  for (const auto& [stream, bytes] : film.sent) CHECK(bytes <= 4000);
  CHECK(sized(4000) == 1);
  CHECK(film.fell_back.empty());
}

TEST_CASE("an encoder that fails in mid-film is named to the customer") {
  Film film([](const ports::VideoSettings& settings) {
    auto made = std::make_unique<SizedEncoder>(settings.codec, std::vector<std::size_t>{3000});
    made->fails_at = 3;
    return made;
  });
  CHECK(film.owner.run_until([&] { return !film.fell_back.empty(); }, 20s));
  REQUIRE(film.fell_back.size() == 1);
  CHECK(film.fell_back.front() == "an encoder that has a long name");
  CHECK(film.sent.size() == 3);
}

TEST_CASE("a film is coded anew at once each time that what was coded may no longer be seen") {
  Film film([](const ports::VideoSettings& settings) { return std::make_unique<SizedEncoder>(settings.codec, std::vector<std::size_t>{3000}); });
  std::uint32_t stream = 0;
  for (int times = 0; times < 5; ++times) {
    CAPTURE(times);
    REQUIRE(film.owner.run_until([&] { return !film.sent.empty() && film.sent.back().first > stream && film.of_stream(film.sent.back().first) >= 3; }, 8s));
    stream = film.sent.back().first;
    film.sender->drop_videos();
  }
  CHECK(film.fell_back.empty());
}

// A viewer admits 144 pictures a second. What an encoder left behind that plays no more must not let the next one be faster.
TEST_CASE("a film on a fast monitor leaves at 125 pictures a second at most, also after it began anew") {
  Film film([](const ports::VideoSettings& settings) { return std::make_unique<SizedEncoder>(settings.codec, std::vector<std::size_t>{3000}); }, 2ms);
  REQUIRE(film.owner.run_until([&] { return film.sent.size() >= 3; }, 10s));
  const std::uint32_t first = film.sent.back().first;
  film.sender->drop_videos();
  REQUIRE(film.owner.run_until([&] { return film.sent.back().first > first; }, 10s));
  const LocalTime rested = local_now() + 700ms;
  (void)film.owner.run_until([&] { return local_now() >= rested; }, 5s);
  const std::uint32_t second = film.sent.back().first;
  const std::size_t before = film.of_stream(second);
  const LocalTime began = local_now();
  (void)film.owner.run_until([&] { return film.of_stream(second) >= before + 100; }, 3s);
  const auto pictures = static_cast<std::int64_t>(film.of_stream(second) - before);
  CHECK(pictures * 8ms <= local_now() - began + 50ms);
}
