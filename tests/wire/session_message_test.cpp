// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/session_message.h"

#include <doctest/doctest.h>

#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

namespace {
std::string fault(const inner::Inner& m) {
  const auto r = parse_inner(serialize_inner(m));
  return r ? "" : std::string(r.error().where);
}
}  // namespace

TEST_CASE("the inner vectors parse to what their dissection says") {
  const auto ask = parse_inner(test::read_vector("wire_inner_ask"));
  REQUIRE(ask);
  CHECK(ask->ask().reason() == "to see the error");
  CHECK(dump_inner(*ask) == "Ask id=3 rights=0x5");
  const auto layout = parse_inner(test::read_vector("wire_inner_layout"));
  REQUIRE(layout);
  CHECK(layout->layout().monitors_size() == 2);
  CHECK(layout->layout().monitors(1).x() == 1920);
  const auto cursor = parse_inner(test::read_vector("wire_inner_cursor"));
  REQUIRE(cursor);
  CHECK(cursor->cursor_shape().bgra().size() == 8);
}

TEST_CASE("monitors outside of the desktop, twice or too many are refused") {
  inner::Inner m;
  auto* layout = m.mutable_layout();
  layout->set_width(1920);
  layout->set_height(1080);
  auto* monitor = layout->add_monitors();
  monitor->set_id(1);
  monitor->set_width(1920);
  monitor->set_height(1080);
  CHECK(fault(m).empty());
  monitor->set_x(1);
  CHECK(fault(m) == "wire/inner: monitor outside of the desktop");
  monitor->set_x(-1);
  CHECK(fault(m) == "wire/inner: monitor outside of the desktop");
  monitor->set_x(INT32_MAX);
  CHECK(fault(m) == "wire/inner: monitor outside of the desktop");
  monitor->set_x(0);
  monitor->set_width(0);
  CHECK(fault(m) == "wire/inner: monitor.size");
  monitor->set_width(1920);
  monitor->set_id(17);
  CHECK(fault(m) == "wire/inner: monitor.id");
  monitor->set_id(1);
  *layout->add_monitors() = *monitor;
  CHECK(fault(m) == "wire/inner: monitor.id twice");
  while (layout->monitors_size() < 17) *layout->add_monitors() = *monitor;
  CHECK(fault(m) == "wire/inner: layout.monitors");
}

TEST_CASE("what is hidden is 64 parts of a kind at most, and a picture that was kept has a size") {
  inner::Inner m;
  auto* hidden = m.mutable_hidden();
  hidden->set_windows(64);
  hidden->set_monitors(64);
  hidden->set_areas(64);
  CHECK(fault(m).empty());
  hidden->set_windows(65);
  CHECK(fault(m) == "wire/inner: hidden");
  hidden->set_windows(0);
  hidden->set_monitors(UINT32_MAX);
  CHECK(fault(m) == "wire/inner: hidden");
  hidden->set_monitors(0);
  hidden->set_areas(65);
  CHECK(fault(m) == "wire/inner: hidden");
  auto* kept = m.mutable_picture_kept();
  CHECK(fault(m) == "wire/inner: picture_kept.size");
  kept->set_width(16384);
  kept->set_height(1);
  CHECK(fault(m).empty());
  kept->set_width(16385);
  CHECK(fault(m) == "wire/inner: picture_kept.size");
  kept->set_width(1);
  kept->set_height(16385);
  CHECK(fault(m) == "wire/inner: picture_kept.size");
}

TEST_CASE("an offer keeps its limits") {
  inner::Inner m;
  auto* offer = m.mutable_video_offer();
  offer->set_stream_id(1);
  offer->set_codec(1);
  offer->set_width(1920);
  offer->set_height(1080);
  offer->set_sps("gs");
  offer->set_pps(std::string(256, 'h'));
  CHECK(fault(m).empty());
  offer->set_pps(std::string(257, 'h'));
  CHECK(fault(m) == "wire/inner: video_offer.pps");
  offer->set_pps("h");
  offer->set_width(16385);
  CHECK(fault(m) == "wire/inner: video_offer.size");
  offer->set_width(960);
  offer->set_height(540);
  offer->set_shown_width(1920);
  CHECK(fault(m) == "wire/inner: video_offer.shown");    // both or none
  offer->set_shown_height(1080);
  CHECK(fault(m).empty());
  offer->set_shown_height(539);
  CHECK(fault(m) == "wire/inner: video_offer.shown");    // smaller than coded
  offer->set_shown_height(540 * 8 + 1);
  CHECK(fault(m) == "wire/inner: video_offer.shown");
  offer->set_shown_height(UINT32_MAX);
  CHECK(fault(m) == "wire/inner: video_offer.shown");
  offer->set_height(8000);
  offer->set_shown_height(16385);
  CHECK(fault(m) == "wire/inner: video_offer.shown");
  offer->set_height(540);
  offer->set_shown_height(540 * 8);
  CHECK(fault(m).empty());
  offer->set_codec(4);                                   // AV1 has no PPS
  CHECK(fault(m) == "wire/inner: video_offer.pps");
  offer->clear_pps();
  CHECK(fault(m).empty());
  offer->set_codec(5);
  CHECK(fault(m) == "wire/inner: video_offer.codec");
  offer->set_codec(2);
  CHECK(fault(m) == "wire/inner: video_offer.pps");
  offer->set_pps("h");
  CHECK(dump_inner(m).find("960x540 shown=1920x4320") != std::string::npos);
  offer->set_stream_id(16);
  CHECK(fault(m) == "wire/inner: video_offer.stream_id");
}

TEST_CASE("an offer of tiles says in so many words how the screen is read") {
  inner::Inner m;
  m.mutable_tile_offer()->set_first_seq(65535);
  m.mutable_tile_offer()->set_how(std::string(200, 'x'));
  CHECK(fault(m).empty());
  m.mutable_tile_offer()->set_how(std::string(201, 'x'));
  CHECK(fault(m) == "wire/inner: tile_offer.how");
}

TEST_CASE("what is given up of video has limits") {
  inner::Inner m;
  m.mutable_video_budget()->set_scale(1);
  CHECK(fault(m).empty());
  m.mutable_video_budget()->set_most_fps(240);
  CHECK(fault(m).empty());
  CHECK(dump_inner(m) == "VideoBudget most_fps=240 scale=1");
  m.mutable_video_budget()->set_most_fps(241);
  CHECK(fault(m) == "wire/inner: video_budget");
  m.mutable_video_budget()->set_most_fps(0);
  for (const std::uint32_t scale : {0u, 9u}) {
    m.mutable_video_budget()->set_scale(scale);
    CHECK(fault(m) == "wire/inner: video_budget");
  }
}

TEST_CASE("a way of a later version is no fault of the peer's") {
  inner::Inner m;
  m.mutable_media_way()->set_rung(2);
  m.mutable_media_way()->set_reason(2);
  CHECK(fault(m).empty());
  CHECK(dump_inner(m) == "MediaWay rung=2 reason=2");
  m.mutable_media_way()->set_rung(4'000'000'000u);
  CHECK(fault(m).empty());
}

TEST_CASE("a cursor has exactly the bytes that its size says") {
  inner::Inner m;
  auto* cursor = m.mutable_cursor_shape();
  cursor->set_width(127);
  cursor->set_height(127);
  cursor->set_bgra(std::string(127 * 127 * 4, 'x'));
  CHECK(fault(m).empty());
  cursor->set_hot_x(127);
  CHECK(fault(m) == "wire/inner: cursor_shape.hot");
  cursor->set_hot_x(126);
  cursor->set_bgra(std::string(127 * 127 * 4 - 1, 'x'));
  CHECK(fault(m) == "wire/inner: cursor_shape.bgra");
  cursor->set_width(0x40000000);  // width * height * 4 would wrap in 32 bits
  cursor->set_height(4);
  cursor->set_bgra("");
  CHECK(fault(m) == "wire/inner: cursor_shape.size");
}

TEST_CASE("what is longer than an inner message is refused") {
  inner::Inner m;
  m.mutable_ask()->set_reason(std::string(201, 'r'));
  CHECK(fault(m) == "wire/inner: ask.reason");
  CHECK_FALSE(check_inner(m));
  CHECK_FALSE(parse_inner(Bytes(kMaxInnerBytes + 1, 0)));
}
