// SPDX-License-Identifier: GPL-3.0-or-later
// Which thread applies what: a letter where it came, a page on the decode thread.
#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/session/screen_receiver.h"
#include "tests/session/tile_ends.h"

using namespace beside;
using namespace beside::test;

namespace {

// Parts of a desktop as its sender makes them, and a receiver that shows them.
struct Shown {
  ManualClock clock;
  Drawing desk{640, 480};
  std::vector<session::TileSender::Part> parts;
  session::TileSender sender{{tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()},
                             [this](session::TileSender::Part part) { parts.push_back(std::move(part)); }, [this] { return clock.now(); }};
  std::mutex mutex;
  std::condition_variable changed;
  std::thread::id wrote;
  int commits = 0;
  std::shared_ptr<ports::Canvas> canvas = std::make_shared<ports::Canvas>([this] {
    const std::lock_guard lock(mutex);
    wrote = std::this_thread::get_id();
    ++commits;
    changed.notify_all();
  });
  session::ScreenReceiver receiver{{[](const session::ReceiveParams&) -> Result<std::unique_ptr<ports::VideoDecoder>> {
                                      return fail(ErrorKind::Environment, "test", "no video here");
                                    },
                                    {}, tiles::make_tile_decoder()},
                                   canvas, {[](std::uint8_t) {}, [](std::uint8_t) {}, [](std::uint8_t, const Error&) {}, [](const Error&) {}, [](const ports::UpdateTimes&) {}},
                                   [](const std::function<void()>&) {}, [](const std::function<void()>&) {}};

  Shown() { sender.begin_stream(SeqNo{1}); }
  std::vector<session::TileSender::Part> draw() {
    session::TileLine line;
    line.kbps = 1'000'000;
    sender.set_line(line);
    sender.frame(desk.grab(clock.now()));
    sender.pump(clock.now());
    return std::exchange(parts, {});
  }
  void push(const session::TileSender::Part& part) { receiver.push_tiles({part.payload, PeerTime{}, local_now()}); }
  // The thread that wrote the n-th commit.
  std::thread::id writer_of(int n) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return commits >= n; });
    return wrote;
  }
  bool same() {
    bool equal = false;
    canvas->read([&](const ports::PixelBuffer& seen) { equal = ports::same_pixels(seen, desk.pixels(), desk.whole()); });
    return equal;
  }
};

// Refuses each picture that begins with 0, and decodes the others to nothing that is shown.
class PickyDecoder final : public ports::VideoDecoder {
 public:
  Result<std::optional<ports::DecodedPicture>> decode(ByteSpan unit) override {
    if (unit[0] == 0) return fail(ErrorKind::PeerFault, "test", "not this one");
    return std::optional<ports::DecodedPicture>();
  }
};

// What a receiver tells of its streams, from any thread.
struct Told {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> words;
  void add(std::string word) {
    const std::lock_guard lock(mutex);
    words.push_back(std::move(word));
    changed.notify_all();
  }
  std::vector<std::string> take(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 5s, [&] { return words.size() >= count; });
    return std::exchange(words, {});
  }
};

}  // namespace

TEST_CASE("a stream is ready once it has a decoder, and broken if there is none or if that takes no key picture for two seconds") {
  Told told;
  const auto post = [](const std::function<void()>& job) { job(); };
  session::ScreenReceiver receiver{{[](const session::ReceiveParams& params) -> Result<std::unique_ptr<ports::VideoDecoder>> {
                                      if (params.stream == 2) return fail(ErrorKind::Environment, "test", "no decoder");
                                      return std::make_unique<PickyDecoder>();
                                    },
                                    {}, tiles::make_tile_decoder()},
                                   std::make_shared<ports::Canvas>(),
                                   {[&](std::uint8_t stream) { told.add("ready " + std::to_string(stream)); },
                                    [&](std::uint8_t stream) { told.add("key " + std::to_string(stream)); },
                                    [&](std::uint8_t stream, const Error&) { told.add("broken " + std::to_string(stream)); },
                                    [](const Error&) {}, [](const ports::UpdateTimes&) {}},
                                   post, post};
  session::ReceiveParams params;
  for (const std::uint8_t stream : {1, 2}) {
    params.stream = stream;
    receiver.configure_video(params);
  }
  using Words = std::vector<std::string>;
  CHECK(told.take(2) == Words{"ready 1", "broken 2"});
  const auto play = [&](std::uint8_t first_byte, milliseconds at) { CHECK(receiver.push_video(1, {first_byte}, 0, PeerTime{}, LocalTime(at))); };
  for (const int at : {1000, 1500, 2000, 2500}) play(0, milliseconds(at));
  CHECK(told.take(4) == Words{"key 1", "key 1", "key 1", "key 1"});
  play(1, 2600ms);   // that one it took
  for (const int at : {5000, 8000, 8100, 8200}) play(0, milliseconds(at));
  CHECK(told.take(3) == Words{"key 1", "key 1", "broken 1"});
  play(0, 9000ms);   // to nobody
  params.stream = 1;
  receiver.configure_video(params);
  CHECK(told.take(1) == Words{"ready 1"});
}

TEST_CASE("a page is applied on the decode thread, a letter that comes while that one rests by whoever brings it") {
  Shown shown;
  shown.desk.text(shown.desk.whole(), 1);
  for (const auto& part : shown.draw()) shown.push(part);
  CHECK(shown.writer_of(1) != std::this_thread::get_id());
  CHECK(shown.same());
  (void)shown.canvas->take();
  // The decode thread may still be on its way to sleep: sooner or later a letter finds it there, and each is shown either way.
  bool here = false;
  for (int i = 0; i < 10'000 && !here; ++i) {
    shown.desk.text({8 * (i % 80), 160, 8, 16}, 77u + static_cast<std::uint32_t>(i));
    const int before = shown.commits;
    const auto parts = shown.draw();
    if (parts.empty()) continue;   // it looked the same
    for (const auto& part : parts) shown.push(part);
    here = shown.writer_of(before + 1) == std::this_thread::get_id();
    CHECK(shown.same());
    (void)shown.canvas->take();
  }
  CHECK(here);
}

TEST_CASE("a letter whose end was lost is shown all the same, by the decode thread") {
  Shown shown;
  shown.desk.text({0, 0, 8, 16}, 1);
  auto parts = shown.draw();
  REQUIRE_FALSE(parts.empty());
  Bytes endless = parts.back().payload;
  endless[1] = static_cast<std::uint8_t>(endless[1] & ~wire::kTileLast);
  parts.back().payload = endless;
  for (const auto& part : parts) shown.push(part);
  CHECK(shown.writer_of(1) != std::this_thread::get_id());
  CHECK(shown.same());
}
