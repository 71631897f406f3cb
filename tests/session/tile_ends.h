// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "codec/tiles/tiles.h"
#include "engine/flow/pacer.h"
#include "engine/session/tile_canvas.h"
#include "engine/session/tile_receiver.h"
#include "engine/session/tile_sender.h"
#include "engine/wire/rtp.h"
#include "tests/support/virtual_net.h"

namespace beside::test {

// A desktop that tests draw on: frames share its pixels as a source's would, with the damage since the last one.
class Drawing {
 public:
  Drawing(int width, int height) { resize(width, height); }
  void resize(int width, int height) {
    pixels_ = ports::make_pixel_buffer(width, height);
    pool_ = std::make_unique<Pool<ports::PixelBuffer>>(3, [=] { return ports::make_pixel_buffer(width, height); });
    damage_ = {whole()};
    ++layout_;
  }
  int width() const { return pixels_->width; }
  int height() const { return pixels_->height; }
  Rect whole() const { return {0, 0, pixels_->width, pixels_->height}; }
  const ports::PixelBuffer& pixels() const { return *pixels_; }
  void fill(const Rect& area, const std::function<std::uint32_t(int, int)>& colour) {
    const Rect inside = area.clipped_to(whole());
    for (int y = inside.y; y < inside.bottom(); ++y)
      for (int x = inside.x; x < inside.right(); ++x) {
        const std::uint32_t c = colour(x, y);
        std::uint8_t* p = pixels_->row(y) + std::ptrdiff_t{4} * x;
        p[0] = static_cast<std::uint8_t>(c), p[1] = static_cast<std::uint8_t>(c >> 8), p[2] = static_cast<std::uint8_t>(c >> 16);
      }
    damage_.push_back(inside);
  }
  void text(const Rect& area, std::uint32_t seed) {
    fill(area, [=](int x, int y) {
      std::uint32_t v = seed * 2654435761u + static_cast<std::uint32_t>(x / 8) * 7919u + static_cast<std::uint32_t>(y / 16) * 104729u;
      v ^= v >> 15, v *= 0x846ca68bu, v ^= v >> 13;
      return y % 16 > 2 && y % 16 < 13 && x % 8 != 7 && (v >> ((x % 8) / 2 + y % 16 / 3 * 3) % 24 & 1u) != 0 ? 0x202428u : 0xf4f2ecu;
    });
  }
  void noise(const Rect& area, std::uint32_t seed) {
    fill(area, [=](int x, int y) {
      std::uint32_t v = seed + static_cast<std::uint32_t>(y) * 16411u + static_cast<std::uint32_t>(x) * 7u;
      v ^= v >> 16, v *= 0x7feb352du, v ^= v >> 15, v *= 0x846ca68bu;
      return (v ^ v >> 16) & 0xffffffu;
    });
  }
  // What was at `area` moves by (dx, dy); the rest stays.
  void move(const Rect& area, int dx, int dy) {
    ports::move_pixels(*pixels_, {area, area.x + dx, area.y + dy});
    damage_.push_back(Rect{area.x + dx, area.y + dy, area.width, area.height}.united_with(area).clipped_to(whole()));
  }
  bool has_damage() const { return !damage_.empty(); }
  ports::Frame grab(LocalTime now) {
    ports::Frame out;
    out.pixels = pool_->take();
    for (int y = 0; out.pixels && y < height(); ++y) std::memcpy(out.pixels->row(y), pixels_->row(y), static_cast<std::size_t>(width()) * 4);
    out.damage = std::exchange(damage_, {});
    out.captured_at = now;
    out.layout_generation = layout_;
    out.area = whole();
    return out;
  }

 private:
  std::unique_ptr<ports::PixelBuffer> pixels_;
  std::unique_ptr<Pool<ports::PixelBuffer>> pool_;
  std::vector<Rect> damage_;
  std::uint32_t layout_ = 0;
};

// Both ends of a tile stream over virtual networks, on a clock that moves by half a millisecond.
class TileEnds {
 public:
  TileEnds(std::uint64_t seed, VirtualNet::Path path, int width = 320, int height = 240)
      : desk(width, height), down(seed, path), up(seed + 1, VirtualNet::Path{path.loss, path.duplicate, path.reorder, path.delay, path.jitter}),
        canvas(std::make_shared<ports::Canvas>()), kbps_(path.rate_kbps > 0 ? path.rate_kbps : 50'000), pacer_(kbps_),
        sender({tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()},
               [this](session::TileSender::Part part) { send(std::move(part)); }, [this] { return clock.now(); }) {
    begin_stream(static_cast<std::uint16_t>(seed * 7919));
  }
  void begin_stream(std::uint16_t first) {
    first_ = seq_ = SeqNo{first};
    ++ssrc_;
    taken_ = 0;
    pacer_.clear();
    receiver = std::make_unique<session::TileReceiver>(Ssrc{ssrc_}, Ssrc{9}, first_);
    view = std::make_unique<session::TileCanvas>(tiles::make_tile_decoder(), canvas);
    sender.begin_stream(first_);
  }
  void run(nanoseconds span) {
    for (const LocalTime end = clock.now() + span; clock.now() < end; clock.advance(500us)) step();
  }
  bool run_until(const std::function<bool()>& done, nanoseconds span) {
    for (const LocalTime end = clock.now() + span; clock.now() < end; clock.advance(500us)) {
      step();
      if (done()) return true;
    }
    return false;
  }
  // The desktop's pixels are on the canvas, all of them exact.
  bool same() const {
    bool equal = canvas->has_picture() && canvas->exact(desk.whole());
    canvas->read([&](const ports::PixelBuffer& seen) {
      equal = equal && seen.width == desk.width() && seen.height == desk.height() && ports::same_pixels(seen, desk.pixels(), desk.whole());
    });
    return equal;
  }
  void step() {
    const LocalTime now = clock.now();
    bool woken = grabbing && !owner_asks_tail;
    if (grabbing && desk.has_damage()) {
      sender.frame(desk.grab(now));
      woken = true;
    }
    if (owner_asks_tail && tail_due_ <= now) {
      tail_due_ = kNever;
      sender.ask_tail();
      woken = true;
    }
    sender.set_line({kbps_, pacer_.queued_bytes(), taken_, 2 * rtt_half, part_bytes, false});
    if (woken || (owner_asks_tail ? sender.next_work() : sender.next_deadline()) <= now) {
      ++pumps;
      if (sender.find_played()) early_pictures += code_video(now);
      sender.pump(now);
    }
    play_video(now);
    if (stale > 0ns && pacer_.age(flow::Pacer::Class::Tiles, now) > stale) (void)pacer_.drop(flow::Pacer::Class::Tiles);
    for (auto burst = pacer_.poll(now); !burst.empty(); burst = pacer_.poll(now))
      for (Bytes& packet : burst) down.send(std::move(packet), now);
    for (const Bytes& packet : down.arrivals(now)) {
      ByteReader in(packet);
      if (in.u32() != ssrc_) continue;
      const SeqNo seq{in.u16()};
      receiver->receive(seq, in.rest(), PeerTime(now.time_since_epoch()), now);
    }
    while (auto packet = receiver->take(now)) {
      const auto applied = view->apply(packet->payload, packet->captured_at, packet->received_at);
      if (!applied) fault = applied.error();
    }
    if (auto report = receiver->poll(now)) {
      const wire::RtcpPacket out = *report;
      up.send(wire::build_rtcp({&out, 1}), now);
    }
    for (const Bytes& bytes : up.arrivals(now)) {
      const auto parsed = wire::parse_rtcp(bytes);
      for (const auto& packet : *parsed)
        if (const auto* report = std::get_if<wire::TileReport>(&packet); report != nullptr && report->media.value == ssrc_) {
          if (static_cast<std::uint16_t>(report->begin_seq + report->applied.size()) == seq_.value) tail_due_ = kNever;
          (void)sender.on_report(*report, now);
        }
    }
  }

  ManualClock clock;
  Drawing desk;
  VirtualNet down, up;
  std::shared_ptr<ports::Canvas> canvas;
  std::unique_ptr<session::TileReceiver> receiver;
  std::unique_ptr<session::TileCanvas> view;
  std::optional<Error> fault;
  bool grabbing = true;
  bool owner_asks_tail = false;      // the sender sleeps as the capture thread does, and is asked for its tail as by CustomerSession
  int pumps = 0;                     // of the sender
  nanoseconds rtt_half = 20ms;
  bool encoder_fails = false;
  nanoseconds stale{0};              // tiles that have waited so long for the line are dropped; 0: never
  nanoseconds late_pictures{0};      // a picture is up to so late, or lost
  int video_orders = 0, video_pictures = 0;
  std::size_t part_bytes = 0;        // that the path takes, as told to the sender; 0: no limit
  std::size_t largest_part = 0;      // payload that left
  int early_pictures = 0;                         // handed out before the rest of their frame was looked at
  nanoseconds longest_without_picture{};          // between two that are less than a second apart
  struct RectLess { bool operator()(const Rect& a, const Rect& b) const { return std::tie(a.x, a.y, a.width, a.height) < std::tie(b.x, b.y, b.width, b.height); } };
  std::set<Rect, RectLess> played;                // places of encoders that coded something
  bool same_stamp = false;                        // two pictures of one stream that a viewer would take for one
  std::uint8_t newest_stream() const { return stream_; }
  std::vector<session::TileSender::Part> parts;   // the newest, 64 at most

 private:
  // An encoder that opens in 10 ms and is accepted a round trip later; its pictures are a little wrong everywhere and never lost.
  void play_video(LocalTime now) {
    if (const auto wanted = sender.take_video_order()) {
      ++video_orders;
      ordered_ = wanted->place;
      ready_at_ = now + 10ms + 2 * rtt_half;
    }
    if (ordered_ && now >= ready_at_) {
      if (encoder_fails) sender.video_failed(now);
      else sender.video_ready(stream_ = static_cast<std::uint8_t>(stream_ % 8 + 1), *ordered_);
      ordered_.reset();
    }
    (void)code_video(now);
    while (!pictures_.empty() && pictures_.front().at <= now) {
      Picture& p = pictures_.front();
      const auto paint = [pixels = p.pixels](const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride) {
        for (int y = 0; y < part.height; ++y)
          std::memcpy(bgrx + y * stride, pixels->row(part.y + y) + std::ptrdiff_t{4} * part.x, static_cast<std::size_t>(part.width) * 4);
      };
      if (!p.lost) view->video(p.stream, p.generation, p.place, paint, p.stamp, {}, now);
      pictures_.pop_front();
    }
  }
  // As an encoder does it, only what is told as damage is taken from the frame: the rest stays as it was in the picture before.
  int code_video(LocalTime now) {
    int coded = 0;
    while (const auto order = sender.take_video_frame()) {
      if (encoder_fails) {
        sender.video_failed(now);
        break;
      }
      ++coded;
      ++video_pictures;
      if (now - pictured_at_ < 1s) longest_without_picture = std::max<nanoseconds>(longest_without_picture, now - pictured_at_);
      pictured_at_ = now;
      played.insert(order->place);
      auto& [place, planes] = planes_[order->stream];
      std::vector<Rect> fresh = order->damage;
      if (!planes || place != order->place) {
        place = order->place;
        planes = ports::make_pixel_buffer(place.width, place.height);
        fresh.assign(1, place);
      }
      for (const Rect& r : fresh)
        for (int y = r.y; y < r.bottom(); ++y)
          for (int x = r.x * 4; x < r.right() * 4; ++x) planes->row(y - place.y)[x - place.x * 4] = order->frame->pixels->row(y)[x] ^ 1;
      Picture picture{now + rtt_half + 5ms, order->stream, sender.generation(), place, wire::to_90khz(order->captured_at),
                      ports::make_pixel_buffer(place.width, place.height)};
      ports::copy_pixels(*picture.pixels, *planes, {0, 0, place.width, place.height});
      same_stamp = same_stamp || (stamps_.contains(order->stream) && stamps_[order->stream] == picture.stamp);
      stamps_[order->stream] = picture.stamp;
      if (late_pictures > 0ns) {
        picture.lost = random_() % 5 == 0;
        picture.at += nanoseconds(static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(late_pictures.count())));
        if (!pictures_.empty()) picture.at = std::max(picture.at, pictures_.back().at);
      }
      pictures_.push_back(std::move(picture));
    }
    return coded;
  }
  void send(session::TileSender::Part part) {
    Bytes packet;
    ByteWriter out(packet);
    out.u32(ssrc_);
    out.u16(seq_.value);
    out.bytes(part.payload);
    seq_ = seq_.next();
    taken_ += part.payload.size();
    tail_due_ = part.tail_due;
    largest_part = std::max(largest_part, part.payload.size());
    (void)pacer_.add(flow::Pacer::Class::Tiles, std::move(packet), clock.now());
    parts.push_back(std::move(part));
    if (parts.size() > 64) parts.erase(parts.begin());
  }
  int kbps_;
  flow::Pacer pacer_;
  SeqNo first_, seq_;
  std::map<std::uint8_t, std::pair<Rect, std::unique_ptr<ports::PixelBuffer>>> planes_;   // of each encoder
  std::map<std::uint8_t, std::uint32_t> stamps_;
  std::uint32_t ssrc_ = 100;
  std::uint64_t taken_ = 0;
  LocalTime tail_due_ = kNever;
  struct Picture {
    LocalTime at;
    std::uint8_t stream;
    std::uint16_t generation;
    Rect place;
    std::uint32_t stamp;
    std::shared_ptr<ports::PixelBuffer> pixels;
    bool lost = false;
  };
  std::mt19937_64 random_;
  std::deque<Picture> pictures_;
  LocalTime pictured_at_{};
  std::optional<Rect> ordered_;
  LocalTime ready_at_{};
  std::uint8_t stream_ = 0;

 public:
  session::TileSender sender;
};

}  // namespace beside::test
