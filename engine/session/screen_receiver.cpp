// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screen_receiver.h"

#include <utility>

#include "engine/base/thread_role.h"

namespace beside::session {
namespace {
constexpr std::size_t kMostWaiting = 32;
}

ScreenReceiver::ScreenReceiver(MakeDecoder make_decoder, std::shared_ptr<ports::Canvas> canvas, ToPixels to_pixels, Events events,
                               Post post)
    : make_decoder_(std::move(make_decoder)), canvas_(std::move(canvas)), to_pixels_(std::move(to_pixels)),
      events_(std::move(events)), post_(std::move(post)) {
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

void ScreenReceiver::configure(ReceiveParams params) {
  {
    std::lock_guard lock(mutex_);
    units_.clear();
    new_params_ = std::move(params);
  }
  wake_.notify_one();
}

bool ScreenReceiver::push(Bytes access_unit, PeerTime captured_at, LocalTime received_at) {
  {
    std::lock_guard lock(mutex_);
    if (units_.size() >= kMostWaiting) {
      units_.clear();
      return false;
    }
    units_.push_back({std::move(access_unit), captured_at, received_at});
  }
  wake_.notify_one();
  return true;
}

void ScreenReceiver::paint(const ports::DecodedPicture& picture) {
  const ports::Planes& planes = picture.planes;
  if (!canvas_ || !to_pixels_ || planes.width <= 0 || planes.height <= 0) return;
  const bool same = painted_ && pixels_->width == planes.width && pixels_->height == planes.height &&
                    painted_layout_ == picture.layout_generation && painted_monitor_ == picture.monitor_id;
  if (!same) {
    pixels_ = ports::make_pixel_buffer(planes.width, planes.height);
    canvas_->reset(planes.width, planes.height, picture.layout_generation, picture.monitor_id);
    painted_layout_ = picture.layout_generation;
    painted_monitor_ = picture.monitor_id;
    painted_ = true;
  }
  if (!to_pixels_(planes, pixels_->row(0), pixels_->stride)) return;
  canvas_->write({0, 0, planes.width, planes.height}, pixels_->row(0), pixels_->stride, false);
  ports::UpdateTimes times;
  times.number = picture.number;
  times.captured_at = picture.captured_at;
  times.received_at = picture.received_at;
  times.decoded_at = picture.decoded_at;
  canvas_->commit(times);
}

void ScreenReceiver::decode_loop() {
  name_this_thread("decode");
  std::unique_ptr<ports::VideoDecoder> decoder;
  ReceiveParams params;
  std::uint64_t number = 0;
  const auto tell = [this](std::function<void()> fn) {
    post_([alive = alive_, fn = std::move(fn)] {
      if (alive->load(std::memory_order_acquire)) fn();
    });
  };
  for (;;) {
    Unit unit;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return quit_ || new_params_ || !units_.empty(); });
      if (quit_) return;
      if (new_params_) {
        params = *std::exchange(new_params_, std::nullopt);
        decoder.reset();
        lock.unlock();
        auto made = make_decoder_(params);
        if (made) decoder = std::move(*made);
        else tell([this, error = made.error()] { events_.refused(error); });
        continue;
      }
      unit = std::move(units_.front());
      units_.pop_front();
    }
    if (!decoder) continue;
    auto decoded = decoder->decode(unit.bytes);
    if (!decoded) {
      tell([this] { events_.need_key(); });
      continue;
    }
    if (!*decoded) continue;
    ports::DecodedPicture& picture = **decoded;
    picture.number = ++number;
    picture.monitor_id = params.monitor_id;
    picture.layout_generation = params.layout_generation;
    picture.captured_at = unit.captured_at;
    picture.received_at = unit.received_at;
    picture.decoded_at = local_now();
    paint(picture);
    const PictureTimes times{number, picture.captured_at, picture.received_at, picture.decoded_at};
    events_.picture(std::move(picture));
    tell([this, times] { events_.decoded(times); });
  }
}

}  // namespace beside::session
