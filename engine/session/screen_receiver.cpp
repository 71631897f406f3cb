// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screen_receiver.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/thread_role.h"
#include "engine/base/trace.h"

namespace beside::session {
namespace {
constexpr std::size_t kMostUnits = 32;
constexpr std::size_t kMostPackets = 4096;
constexpr std::size_t kSlightBytes = 512;
constexpr std::int64_t kSlightPixels = 64 * 64;
// A decoder that fails gets key pictures only: one that takes none of these is of no use.
constexpr int kBrokenUnits = 3;
constexpr auto kBrokenFor = 2s;
constexpr auto kEndPatience = 8ms;   // for the end of an update before what came of it is shown
}  // namespace

template <typename Fn>
void ScreenReceiver::tell(Fn&& fn) {
  post_([alive = alive_, fn = std::forward<Fn>(fn)]() mutable {
    if (alive->load(std::memory_order_acquire)) fn();
  });
}

void ScreenReceiver::tell_shown() {
  unhurried_([alive = alive_, this, times = canvas_.times()] {
    if (alive->load(std::memory_order_acquire)) events_.shown(times);
  });
}

ScreenReceiver::ScreenReceiver(Tools tools, std::shared_ptr<ports::Canvas> canvas, Events events, Post post, Post unhurried)
    : tools_(std::move(tools)), events_(std::move(events)), post_(std::move(post)), unhurried_(std::move(unhurried)),
      canvas_(std::move(tools_.tiles), std::move(canvas)) {
  thread_ = std::thread([this] { decode_loop(); });
}

ScreenReceiver::~ScreenReceiver() {
  alive_->store(false, std::memory_order_release);
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ScreenReceiver::add(Work work) {
  work_.push_back(std::move(work));
  wake_.notify_one();
}

void ScreenReceiver::begin_tiles() {
  std::lock_guard lock(mutex_);
  add(BeginTiles{});
}

bool ScreenReceiver::has_room() const {
  std::lock_guard lock(mutex_);
  return packets_ < kMostPackets;
}

// What takes some ten microseconds: few bytes, and few pixels that they stand for.
bool ScreenReceiver::is_slight(ByteSpan payload) {
  if (payload.size() > kSlightBytes || !wire::parse_tiles(payload, looked_at_)) return false;
  std::int64_t pixels = 0;
  for (const wire::TileOp& op : looked_at_.ops) pixels += std::int64_t{op.area.width} * op.area.height;
  return pixels <= kSlightPixels;
}

void ScreenReceiver::push_tiles(TileReceiver::Packet packet) {
  std::lock_guard lock(mutex_);
  if (!working_ && work_.empty() && !quit_ && is_slight(packet.payload)) {
    do_work(std::move(packet));
    if (canvas_.uncommitted()) wake_.notify_one();   // it looks after what has no end
    return;
  }
  ++packets_;
  add(std::move(packet));
}

void ScreenReceiver::drop_units(std::uint8_t stream) {
  std::erase_if(work_, [stream](const Work& w) {
    const Unit* unit = std::get_if<Unit>(&w);
    return unit != nullptr && unit->stream == stream;
  });
  units_.erase(stream);
}

void ScreenReceiver::configure_video(ReceiveParams params) {
  std::lock_guard lock(mutex_);
  drop_units(params.stream);
  add(std::move(params));
}

void ScreenReceiver::drop_video(std::uint8_t stream) {
  std::lock_guard lock(mutex_);
  drop_units(stream);
  add(DropVideo{stream});
}

bool ScreenReceiver::push_video(std::uint8_t stream, Bytes access_unit, std::uint32_t rtp_timestamp, PeerTime captured_at, LocalTime received_at) {
  std::lock_guard lock(mutex_);
  if (units_[stream] >= kMostUnits) {
    drop_units(stream);
    return false;
  }
  ++units_[stream];
  add(Unit{stream, std::move(access_unit), rtp_timestamp, captured_at, received_at});
  return true;
}

void ScreenReceiver::decode_loop() {
  name_this_thread("decode");
  for (;;) {
    std::optional<Work> work;
    {
      std::unique_lock lock(mutex_);
      working_ = false;
      while (!quit_ && work_.empty()) {
        if (!canvas_.uncommitted()) wake_.wait(lock);
        else if (wake_.wait_for(lock, kEndPatience) == std::cv_status::timeout) break;
      }
      if (quit_) return;
      working_ = true;
      if (!work_.empty()) {
        work = std::move(work_.front());
        work_.pop_front();
        if (const Unit* unit = std::get_if<Unit>(&*work)) --units_[unit->stream];
        if (std::holds_alternative<TileReceiver::Packet>(*work)) --packets_;
      }
    }
    if (!work) {
      canvas_.commit_rest();
      continue;
    }
    std::visit([this](auto&& one) { do_work(std::forward<decltype(one)>(one)); }, std::move(*work));
  }
}

void ScreenReceiver::do_work(BeginTiles) {
  canvas_.begin_stream();
  refused_ = false;
}

void ScreenReceiver::do_work(TileReceiver::Packet packet) {
  if (refused_) return;
  const trace::Scope scope("decode tiles");
  const auto applied = canvas_.apply(packet.payload, packet.captured_at, packet.received_at);
  if (!applied) {
    refused_ = true;
    BS_LOG_LIMITED(Warn, "tiles", "{}", dump_error(applied.error()));
    return tell([this, error = applied.error()] { events_.refused(error); });
  }
  if (*applied) tell_shown();
}

void ScreenReceiver::do_work(ReceiveParams params) {
  canvas_.forget_video(params.stream);
  Played& played = played_[params.stream] = {};
  auto made = tools_.make_decoder(params);
  played.params = std::move(params);
  const std::uint8_t stream = played.params.stream;
  if (!made) return give_up(stream, made.error());
  played.decoder = std::move(*made);
  tell([this, stream] { events_.ready(stream); });
}

void ScreenReceiver::give_up(std::uint8_t stream, const Error& error) {
  BS_LOG(Warn, "video", "stream {} is given up: {}", stream, dump_error(error));
  do_work(DropVideo{stream});
  tell([this, stream, error] { events_.broken(stream, error); });
}

void ScreenReceiver::do_work(DropVideo which) {
  canvas_.forget_video(which.stream);
  played_.erase(which.stream);
}

// Planes of half a size begin at even pixels.
void ScreenReceiver::paint(const ports::DecodedPicture& picture, const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride) const {
  ports::Planes planes = picture.planes;
  const bool half = planes.chroma == ports::Chroma::k420;
  const int left = half ? part.x % 2 : 0, above = half ? part.y % 2 : 0, x = part.x - left, y = part.y - above;
  planes.width = part.width + left;
  planes.height = part.height + above;
  for (int i = 0; i < 3; ++i) {
    const int shift = half && i > 0 ? 1 : 0;
    planes.data[i] += std::ptrdiff_t{y >> shift} * planes.stride[i] + (x >> shift);
  }
  if (left == 0 && above == 0) {
    (void)tools_.to_pixels(planes, bgrx, stride);
    return;
  }
  const auto grown = ports::make_pixel_buffer(planes.width, planes.height);
  if (!tools_.to_pixels(planes, grown->row(0), grown->stride)) return;
  for (int i = 0; i < part.height; ++i)
    std::memcpy(bgrx + i * stride, grown->row(above + i) + std::ptrdiff_t{4} * left, static_cast<std::size_t>(part.width) * 4);
}

void ScreenReceiver::do_work(Unit unit) {
  const auto found = played_.find(unit.stream);
  if (found == played_.end() || !found->second.decoder) return;
  Played& played = found->second;
  if (trace::on()) trace::span("wait for the decoder", unit.received_at, local_now(), unit.stream);
  const trace::Scope scope("decode video");
  auto decoded = played.decoder->decode(unit.bytes);
  if (!decoded) {
    if (played.failed++ == 0) played.failing_since = unit.received_at;
    if (played.failed >= kBrokenUnits && unit.received_at - played.failing_since >= kBrokenFor) return give_up(unit.stream, decoded.error());
    return tell([this, stream = unit.stream] { events_.need_key(stream); });
  }
  played.failed = 0;
  if (!*decoded) return;
  const ports::Planes& planes = (*decoded)->planes;
  if (planes.width <= 0 || planes.height <= 0) return;
  const std::uint64_t before = canvas_.times().number;
  const ReceiveParams& params = played.params;
  const Rect place{params.x, params.y, std::min(params.shown_width, planes.width), std::min(params.shown_height, planes.height)};
  canvas_.video(params.stream, params.generation, place,
                [this, picture = std::move(**decoded)](const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride) {
                  paint(picture, part, bgrx, stride);
                },
                unit.rtp_timestamp, unit.captured_at, unit.received_at);
  if (canvas_.times().number != before) tell_shown();
}

}  // namespace beside::session
