// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screen_sender.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

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
  std::string name() const override { return "sizes"; }
  ports::VideoCodec codec() const override { return codec_; }
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override {
    ports::EncodedPicture out;
    out.annex_b.assign(sizes_[std::min(coded_, sizes_.size() - 1)], 0x5a);
    out.key = force_key || coded_ == 0;
    out.captured_at = frame.captured_at;
    ++coded_;
    return out;
  }
  Result<void> set_target_kbps(int) override { return {}; }

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

}  // namespace

// AV1 cannot make noise small: its second picture would take a line of 1 Mbit/s for more than a second.
TEST_CASE("a picture of AV1 that would stop the line is not sent, and H.264 goes on with the film") {
  auto gate = std::make_shared<ports::RightsGate>();
  ConsentMachine consent(*gate, 5min);
  consent.peer_verified();
  REQUIRE(consent.ask(1, Right::See, "to test"));
  REQUIRE(consent.decide(1, Right::See, 0, local_now(), LocalTime{}, local_now()) == ConsentMachine::Decision::Granted);

  Owner owner;
  ScreenSender::Config config;
  config.make_source = [gate]() -> Result<std::unique_ptr<ports::FrameSource>> {
    capture::SyntheticOptions options;
    options.width = 320;
    options.height = 240;
    options.scene = capture::Scene::Noise;
    options.frame_interval = 20ms;
    return capture::make_synthetic_source(options, gate);
  };
  config.make_encoder = [](const ports::VideoSettings& settings) -> Result<std::unique_ptr<ports::VideoEncoder>> {
    const bool av1 = ports::is_av1(settings.codec);
    return std::make_unique<SizedEncoder>(settings.codec, av1 ? std::vector<std::size_t>{4000, 146'000} : std::vector<std::size_t>{3000});
  };
  config.make_tools = [] {
    return TileTools{tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()};
  };
  config.accept_av1 = true;
  config.target_kbps = 1000;

  std::unique_ptr<ScreenSender> sender;
  std::vector<ports::VideoCodec> codecs;
  std::vector<std::pair<std::uint32_t, std::size_t>> sent;   // stream, bytes
  ScreenSender::Events events;
  events.layout = [](const DesktopLayout&) {};
  events.opened = [](const std::string&) {};
  TileLine line;
  line.kbps = 1000;
  line.rtt = 40ms;
  events.tiles = [&](std::uint32_t, const std::vector<TileSender::Part>& parts) {
    for (const TileSender::Part& part : parts) line.taken_bytes += part.payload.size();
    sender->set_line(line);   // nothing waits
  };
  events.stream = [&](const StreamInfo& info) {
    codecs.push_back(info.codec);
    sender->accepted(info.number);
  };
  events.picture = [&](std::uint32_t stream, const ports::EncodedPicture& picture) { sent.emplace_back(stream, picture.annex_b.size()); };
  events.cursor_shape = [](const ports::CursorImage&) {};
  events.cursor_position = [](ports::CursorPosition) {};
  events.lost = [](const Error& error) { FAIL_CHECK(dump_error(error)); };
  events.fell_back = [](const std::string& from, const std::string&) { FAIL_CHECK(from); };
  sender = std::make_unique<ScreenSender>(std::move(config), std::move(events), owner.post());
  sender->set_line(line);
  sender->begin(*consent.grant(Right::See), 0, 1, SeqNo{1});

  const auto small_ones = [&] { return std::count_if(sent.begin(), sent.end(), [](const auto& each) { return each.second == 3000; }); };
  CHECK(owner.run_until([&] { return small_ones() >= 5; }, 20s));
  REQUIRE(codecs.size() >= 2);
  CHECK(ports::is_av1(codecs.front()));
  CHECK_FALSE(ports::is_av1(codecs.back()));
  for (const auto& [stream, bytes] : sent) CHECK(bytes <= 4000);
  CHECK(std::count_if(sent.begin(), sent.end(), [](const auto& each) { return each.second == 4000; }) == 1);
  sender.reset();
}
