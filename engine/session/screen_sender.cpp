// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screen_sender.h"

#include <utility>

#include "engine/base/log.h"
#include "engine/base/thread_role.h"

namespace beside::session {
namespace {

// A frame that was never encoded hands its damage to the one that replaces it.
void merge_frames(ports::Frame& older, ports::Frame& newer) {
  if (older.area != newer.area || older.layout_generation != newer.layout_generation) {
    newer.damage = {Rect{0, 0, newer.area.width, newer.area.height}};
    return;
  }
  newer.damage.insert(newer.damage.end(), older.damage.begin(), older.damage.end());
  if (newer.damage.size() <= 64) return;
  Rect all;
  for (const Rect& r : newer.damage) all = all.united_with(r);
  newer.damage = {all};
}

constexpr int kMostEncoderFailures = 3;
constexpr auto kRefineAfter = 60ms;

}  // namespace

template <typename Fn>
void ScreenSender::tell(Fn&& fn) {
  post_([alive = alive_, fn = std::forward<Fn>(fn)]() mutable {
    if (alive->load(std::memory_order_acquire)) fn();
  });
}

ScreenSender::ScreenSender(Config config, Events events, Post post)
    : config_(std::move(config)), events_(std::move(events)), post_(std::move(post)),
      frames_(
          [this] {
            std::lock_guard lock(encode_mutex_);
            frame_waits_ = true;
            encode_wake_.notify_one();
          },
          merge_frames),
      allow_444_(config_.accept_444) {
  capture_thread_ = std::thread([this] { capture_loop(); });
  encode_thread_ = std::thread([this] { encode_loop(); });
}

ScreenSender::~ScreenSender() {
  alive_->store(false, std::memory_order_release);
  {
    std::scoped_lock lock(mutex_, encode_mutex_);
    quit_ = true;
    if (source_ != nullptr) source_->cancel();
    order_given_.notify_one();
    encode_wake_.notify_one();
  }
  capture_thread_.join();
  encode_thread_.join();
}

void ScreenSender::begin(ports::Grant see, std::uint32_t monitor_id) {
  std::lock_guard lock(mutex_);
  orders_.begin = see;
  orders_.monitor_id = monitor_id;
  orders_.pause = false;
  if (source_ != nullptr) source_->cancel();
  order_given_.notify_one();
}

void ScreenSender::pause() {
  std::lock_guard lock(mutex_);
  orders_.begin.reset();
  orders_.pause = true;
  if (source_ != nullptr) source_->cancel();
  order_given_.notify_one();
}

void ScreenSender::request_key() {
  std::lock_guard lock(encode_mutex_);
  key_wanted_ = true;
  encode_wake_.notify_one();
}

void ScreenSender::set_target_kbps(int kbps) {
  std::lock_guard lock(encode_mutex_);
  new_kbps_ = kbps;
}

void ScreenSender::set_hold(bool held) {
  std::lock_guard lock(encode_mutex_);
  if (held_ == held) return;
  held_ = held;
  if (!held) encode_wake_.notify_one();
}

// Carries out what the owner asked for. False: quit.
bool ScreenSender::apply_orders(ports::FrameSource& source) {
  Orders orders;
  {
    std::unique_lock lock(mutex_);
    if (!grabbing_) order_given_.wait(lock, [&] { return quit_ || orders_.begin || orders_.pause; });
    if (quit_) return false;
    orders = std::exchange(orders_, Orders{});
  }
  if (orders.pause && grabbing_) {
    source.stop();
    grabbing_ = false;
  }
  if (orders.begin) {
    const auto started = source.start(*orders.begin, orders.monitor_id);
    grabbing_ = static_cast<bool>(started);
    if (!started && started.error().kind == ErrorKind::Environment) {
      tell([this, error = started.error()] { events_.lost(error); });
      return false;
    }
  }
  return true;
}

void ScreenSender::capture_loop() {
  name_this_thread("capture");
  auto made = config_.make_source();
  if (!made) {
    tell([this, error = made.error()] { events_.lost(error); });
    return;
  }
  std::unique_ptr<ports::FrameSource> source = std::move(*made);
  source->on_cursor([this](const ports::CursorImage& image) { tell([this, image] { events_.cursor_shape(image); }); },
                    [this](ports::CursorPosition at) { tell([this, at] { events_.cursor_position(at); }); });
  source->on_layout([this](const DesktopLayout& layout) { tell([this, layout] { events_.layout(layout); }); });
  if (auto layout = source->layout()) {
    tell([this, at = *layout] { events_.layout(at); });
    std::lock_guard lock(encode_mutex_);
    expected_ = *layout;
    encode_wake_.notify_one();
  }
  tell([this, how = source->describe()] { events_.opened(how); });
  {
    std::lock_guard lock(mutex_);
    source_ = source.get();
  }
  while (apply_orders(*source)) {
    if (!grabbing_) continue;
    auto frame = source->next(local_now() + 1h);
    if (!frame) {
      if (frame.error().kind == ErrorKind::Refused) {  // the right is gone: wait for the next grant
        source->stop();
        grabbing_ = false;
        continue;
      }
      tell([this, error = frame.error()] { events_.lost(error); });
      break;
    }
    if (*frame) frames_.put(std::move(**frame));
  }
  {
    std::lock_guard lock(mutex_);
    source_ = nullptr;
  }
  source->stop();
}

void ScreenSender::encode_loop() {
  name_this_thread("encode");
  LocalTime earliest{};
  for (;;) {
    bool key = false, refine = false;
    std::optional<DesktopLayout> expected;
    {
      std::unique_lock lock(encode_mutex_);
      const auto work = [&] { return quit_ || expected_ || (!held_ && (frame_waits_ || (key_wanted_ && last_frame_))); };
      if (encoder_ && last_frame_ && !encoder_->refined()) {
        // What the rate kept coarse is coded again once the picture rests.
        refine = !encode_wake_.wait_for(lock, kRefineAfter, work) && !held_;
        if (!refine && !work()) continue;
      } else {
        encode_wake_.wait(lock, work);
      }
      if (quit_) return;
      expected = std::exchange(expected_, std::nullopt);
      if (const LocalTime now = local_now(); now < earliest && !expected) {
        encode_wake_.wait_for(lock, earliest - now, [&] { return quit_; });
        if (quit_) return;
      }
      if (!expected) frame_waits_ = false;
      key = key_wanted_;
      if (new_kbps_ && encoder_) (void)encoder_->set_target_kbps(*new_kbps_);
      if (new_kbps_) config_.target_kbps = *std::exchange(new_kbps_, std::nullopt);
    }
    if (expected) {
      // Opening one takes longer than coding a picture: it is ready before the person allows anything. It has nothing to code.
      if (!encoder_ && (expected->width < 16 || expected->height < 16 || !open_encoder(expected->width, expected->height))) encoder_.reset();
      continue;
    }
    if (auto frame = frames_.take()) {
      last_frame_.reset();  // three buffers: one here, one in the mailbox, one being grabbed
      earliest = local_now() + config_.least_interval;
      encode_one(std::move(*frame));
    } else if ((key || refine) && last_frame_) {
      ports::Frame again = std::move(*std::exchange(last_frame_, std::nullopt));
      if (!key) again.damage.clear();
      encode_one(std::move(again));
    }
  }
}

Result<void> ScreenSender::open_encoder(int width, int height) {
  ports::VideoSettings settings;
  settings.codec = allow_444_ ? ports::VideoCodec::H264_444 : ports::VideoCodec::H264_420;
  settings.width = width;
  settings.height = height;
  settings.target_kbps = config_.target_kbps;
  const LocalTime asked = local_now();
  auto made = config_.make_encoder(settings);
  BS_LOG(Info, "video", "encoder for {}x{} at_us={} took_us={}", width, height, to_us(asked), to_us(local_now()) - to_us(asked));
  if (!made) return fail(made);
  encoder_ = std::move(*made);
  stream_.width = width;
  stream_.height = height;
  announced_ = false;
  return {};
}

// A key picture has to follow.
void ScreenSender::announce(const ports::Frame& frame) {
  const std::string before = stream_.encoder;
  announced_ = true;
  stream_.number += 1;
  stream_.codec = encoder_->codec();
  stream_.sps = encoder_->sps();
  stream_.pps = encoder_->pps();
  stream_.encoder = encoder_->name();
  stream_.layout_generation = frame.layout_generation;
  stream_.monitor_id = frame.monitor_id;
  tell([this, info = stream_] { events_.stream(info); });
  if (!before.empty() && before != stream_.encoder && failures_ > 0) {
    tell([this, before, after = stream_.encoder] { events_.fell_back(before, after); });
  }
}

bool ScreenSender::make_encoder_for(const ports::Frame& frame) {
  if (auto opened = open_encoder(frame.pixels->width, frame.pixels->height); !opened) {
    tell([this, error = opened.error()] { events_.lost(error); });
    return false;
  }
  announce(frame);
  return true;
}

void ScreenSender::encode_one(ports::Frame frame) {
  const LocalTime taken = local_now();
  bool fresh = false;
  const bool fits = encoder_ && stream_.width == frame.pixels->width && stream_.height == frame.pixels->height;
  if (!fits || (announced_ && (stream_.layout_generation != frame.layout_generation || stream_.monitor_id != frame.monitor_id))) {
    encoder_.reset();
    if (!make_encoder_for(frame)) return;
    fresh = true;
  } else if (!announced_) {
    announce(frame);
    fresh = true;
  }
  bool key = false;
  {
    std::lock_guard lock(encode_mutex_);
    key = std::exchange(key_wanted_, false) || fresh;
  }
  auto picture = encoder_->encode(frame, key);
  if (!picture) {
    BS_LOG(Warn, "encode", "{} failed: {}", stream_.encoder, dump_error(picture.error()));
    encoder_.reset();
    if (++failures_ > kMostEncoderFailures) {
      tell([this, error = picture.error()] { events_.lost(error); });
      return;
    }
    if (!make_encoder_for(frame)) return;
    picture = encoder_->encode(frame, true);
    if (!picture) {
      tell([this, error = picture.error()] { events_.lost(error); });
      return;
    }
  }
  last_frame_ = std::move(frame);
  if (key) {
    BS_LOG(Info, "video", "key picture captured_us={} grabbed_us={} encoded_us={} bytes={}", to_us(last_frame_->captured_at), to_us(taken),
           to_us(local_now()), picture->annex_b.size());
  }
  tell([this, number = stream_.number, encoded = std::move(*picture)]() mutable {
    events_.picture(number, std::move(encoded));
  });
}

}  // namespace beside::session
