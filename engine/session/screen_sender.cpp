// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screen_sender.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/thread_role.h"

namespace beside::session {
namespace {

constexpr std::size_t kMostDamage = 64;
constexpr std::size_t kMostJobs = 256;   // that wait for something else to wake the capture thread

// Makes `part` the pixels of `area` where they lie in `whole`.
void show_part(ports::PixelBuffer& part, const ports::PixelBuffer& whole, const Rect& area) {
  part.width = area.width;
  part.height = area.height;
  part.stride = whole.stride;
  part.device_view.reset();
  part.memory = {whole.row(area.y) + std::ptrdiff_t{4} * area.x, [](std::uint8_t*) {}};
}

// A frame that was never encoded hands its damage to the one that replaces it.
void merge_frames(ports::Frame& older, ports::Frame& newer) {
  if (older.area != newer.area || older.layout_generation != newer.layout_generation) {
    newer.damage = {Rect{0, 0, newer.area.width, newer.area.height}};
    return;
  }
  newer.damage.insert(newer.damage.end(), older.damage.begin(), older.damage.end());
  if (newer.damage.size() <= kMostDamage) return;
  Rect all;
  for (const Rect& r : newer.damage) all = all.united_with(r);
  newer.damage = {all};
}

}  // namespace

ScreenSender::ScreenSender(Config config, Events events, Post post)
    : config_(std::move(config)), events_(std::move(events)), post_(std::move(post)) {
  capture_thread_ = std::thread([this] { capture_loop(); });
  encode_thread_ = std::thread([this] { encode_loop(); });
}

ScreenSender::~ScreenSender() {
  alive_->store(false, std::memory_order_release);
  {
    std::scoped_lock lock(mutex_, encode_mutex_);
    quit_ = encode_quit_ = true;
    if (source_ != nullptr) source_->cancel();
    order_given_.notify_one();
    encode_wake_.notify_one();
  }
  capture_thread_.join();
  encode_thread_.join();
}

// ---- the owner's side ----

void ScreenSender::begin(ports::Grant see, std::uint32_t monitor_id, std::uint32_t tile_stream, SeqNo first_seq) {
  std::lock_guard lock(mutex_);
  orders_.begin = see;
  orders_.monitor_id = monitor_id;
  orders_.tile_stream = tile_stream;
  orders_.first_seq = first_seq;
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

void ScreenSender::do_later(Job job, bool wake) {
  std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if ((wake || jobs_.size() >= kMostJobs) && source_ != nullptr) source_->cancel();
}

void ScreenSender::report(wire::TileReport report) {
  // News of losses cannot wait; that all is well can, until something else happens.
  const bool losses = std::find(report.applied.begin(), report.applied.end(), false) != report.applied.end();
  do_later([report = std::move(report)](TileSender& tiles) {
    if (!tiles.on_report(report, local_now())) BS_LOG_LIMITED(Warn, "tiles", "a report that fits nothing that was sent");
  }, losses);
}

void ScreenSender::ask_tail() {
  do_later([](TileSender& tiles) { tiles.ask_tail(); }, true);
}

void ScreenSender::refresh() {
  do_later([](TileSender& tiles) { tiles.refresh(); }, true);
}

void ScreenSender::set_line(const TileLine& line) {
  std::lock_guard lock(mutex_);
  line_ = line;
  if (!line_wanted_ || line.lost || source_ == nullptr) return;
  // Half of what may wait has drained: worth a wake.
  if (static_cast<std::int64_t>(line.queued_bytes) * 2 < std::int64_t{line.kbps} * 125 * TileSender::kQueue.count() / 1'000'000'000) {
    line_wanted_ = false;
    source_->cancel();
  }
}

void ScreenSender::accepted(std::uint32_t stream) {
  do_later([this, stream](TileSender& tiles) {
    if (stream == wanted_.number) tiles.video_ready(wanted_.id(), wanted_.place);   // one is opened at a time
  }, true);
}

void ScreenSender::refused() {
  do_later([](TileSender& tiles) { tiles.video_failed(local_now()); }, true);
}

void ScreenSender::drop_videos() {
  do_later([](TileSender& tiles) { tiles.drop_videos(); }, true);
}

void ScreenSender::request_key(std::uint32_t stream) {
  {
    std::lock_guard lock(encode_mutex_);
    keys_wanted_.insert(stream);
  }
  do_later([this, stream](TileSender& tiles) { tiles.request_video(stream == 0 ? std::uint8_t{0} : stream_id(stream)); }, true);
}

void ScreenSender::set_target_kbps(int kbps) {
  std::lock_guard lock(encode_mutex_);
  new_kbps_ = kbps;
}

void ScreenSender::set_viewer(const Viewer& viewer) {
  std::lock_guard lock(encode_mutex_);
  new_viewer_ = viewer;
}

void ScreenSender::set_budget(const flow::VideoBudget& budget) {
  std::lock_guard lock(encode_mutex_);
  budget_ = budget;
}

void ScreenSender::set_hold(bool held) {
  if (held_.exchange(held) && !held) do_later([](TileSender&) {}, true);
}

// ---- capture ----

// Carries out what the owner asked for. False: quit.
bool ScreenSender::apply_orders(ports::FrameSource& source, TileSender& tiles) {
  Orders orders;
  std::vector<Job> jobs;
  {
    std::unique_lock lock(mutex_);
    if (!grabbing_) order_given_.wait(lock, [&] { return quit_ || orders_.begin || orders_.pause; });
    if (quit_) return false;
    orders = std::exchange(orders_, Orders{});
    jobs.swap(jobs_);
    tiles.set_line(line_);
  }
  if (orders.pause) {
    if (grabbing_) source.stop();
    grabbing_ = false;
    tiles.stop();
    hand_out();   // their numbers are used up, whether they may leave or not
    jobs.clear();
    std::lock_guard lock(encode_mutex_);
    frames_.clear();
  }
  if (orders.begin) {
    if (orders.tile_stream != tile_stream_) {
      jobs.clear();   // about a stream that is over
      tile_stream_ = orders.tile_stream;
      tiles.stop();
      tiles.begin_stream(orders.first_seq);
      std::lock_guard lock(mutex_);
      line_.taken_bytes = 0;
    }
    see_ = orders.begin;
    monitor_ = orders.monitor_id;
    const auto started = source.start(*orders.begin, orders.monitor_id);
    grabbing_ = static_cast<bool>(started);
    if (!started && started.error().kind == ErrorKind::Environment) {
      tell([this, error = started.error()] { events_.lost(error); });
      return false;
    }
  }
  if (!grabbing_) return true;
  for (Job& job : jobs) job(tiles);
  return true;
}

// Waits for the next frame as long as nothing else is due. False: no more will come.
bool ScreenSender::grab(ports::FrameSource& source, TileSender& tiles) {
  auto frame = source.next(std::min(tiles.next_work(), local_now() + 1h));   // the owner sees to ask_tail()
  if (!frame) {
    if (frame.error().kind == ErrorKind::Refused) {  // the right is gone: wait for the next grant
      source.stop();
      grabbing_ = false;
      tiles.stop();
      hand_out();
      return true;
    }
    tell([this, error = frame.error()] { events_.lost(error); });
    return false;
  }
  if (!*frame) return true;
  if (const Rect& area = (*frame)->area; !area.empty() && !TileSender::can_send(area.width, area.height)) return narrow_down(source);
  area_ = (*frame)->area;
  tiles.set_pointer(pointer_.x - area_.x, pointer_.y - area_.y);
  tiles.frame(std::move(**frame));
  return true;
}

// A desktop larger than can be sent: the first monitor instead, which is less than what was allowed. False: not even that.
bool ScreenSender::narrow_down(ports::FrameSource& source) {
  const auto layout = source.layout();
  const Error too_large{ErrorKind::Environment, "session/screen", "the screen is larger than can be sent"};
  if (monitor_ != 0 || !layout || layout->monitors.empty() || !see_) {
    tell([this, too_large] { events_.lost(too_large); });
    return false;
  }
  monitor_ = layout->monitors.front().id;
  for (const MonitorInfo& m : layout->monitors)
    if (m.primary) monitor_ = m.id;
  if (const auto started = source.start(*see_, monitor_); !started) {
    tell([this, error = started.error()] { events_.lost(error); });
    return false;
  }
  return true;
}

void ScreenSender::hand_out() {
  if (parts_.empty()) return;
  tell([this, stream = tile_stream_, parts = std::exchange(parts_, {})]() mutable { events_.tiles(stream, std::move(parts)); });
}

void ScreenSender::run_tiles(TileSender& tiles) {
  if (tiles.find_played()) feed_video(tiles);   // both cores work: a picture is coded while the rest is looked at
  tiles.pump(local_now());
  hand_out();
  feed_video(tiles);
  std::lock_guard lock(mutex_);
  line_wanted_ = tiles.wants_room();
}

void ScreenSender::feed_video(TileSender& tiles) {
  if (const auto order = tiles.take_video_order()) {
    wanted_.number += 1;
    wanted_.place = order->place;
    wanted_.photo = order->photo;
    wanted_.interval = order->interval;
    wanted_.generation = tiles.generation();
    numbers_[wanted_.id() % numbers_.size()] = wanted_.number;
    std::lock_guard lock(encode_mutex_);
    new_streams_.push_back(wanted_);
    encode_wake_.notify_one();
  }
  if (hold_back(tiles)) return;
  while (const auto order = tiles.take_video_frame()) {
    // Pictures of two encoders never merge; the older one goes on until the viewer has accepted the newer.
    const std::uint32_t number = numbers_[order->stream % numbers_.size()];
    ports::Frame crop;
    crop.pixels = crops_.take();
    if (!crop.pixels) return tiles.put_back(*order);   // the encoder has all of them
    const ports::Frame& whole = *order->frame;
    show_part(*crop.pixels, *whole.pixels, order->place);
    crop.whole = whole.pixels.share();
    for (const Rect& r : order->damage) crop.damage.push_back({r.x - order->place.x, r.y - order->place.y, r.width, r.height});
    crop.captured_at = order->captured_at;
    crop.monitor_id = whole.monitor_id;
    crop.area = order->place;
    put_frame(number, std::move(crop));
  }
}

// While the line is full films wait, each with its newest frame: another one by the time that there is room again means that one was left out.
bool ScreenSender::hold_back(TileSender& tiles) {
  const bool held = held_.load();
  if (!held && held_back_ == LocalTime{}) return false;
  const auto order = tiles.take_video_frame();
  if (!order) return held;
  const LocalTime now = order->frame->captured_at;
  if (held_back_ == LocalTime{}) held_back_ = now;
  else if (held_back_ != now) left_out_.store(true);
  if (!held) held_back_ = {};
  tiles.put_back(*order);
  return held;
}

// The newest waits; what it replaces hands over its damage.
void ScreenSender::put_frame(std::uint32_t number, ports::Frame crop) {
  std::lock_guard lock(encode_mutex_);
  if (const auto older = frames_.find(number); older != frames_.end()) merge_frames(older->second, crop);
  frames_.insert_or_assign(number, std::move(crop));
  encode_wake_.notify_one();
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
                    [this](ports::CursorPosition at) {
                      pointer_ = at;
                      tell([this, at] { events_.cursor_position(at); });
                    });
  source->on_layout([this](const DesktopLayout& layout) { tell([this, layout] { events_.layout(layout); }); });
  if (auto layout = source->layout()) tell([this, at = *layout] { events_.layout(at); });
  TileTools tools = config_.make_tools();
  const std::string how = source->describe() + "; changes: " + tools.detector->describe();
  BS_LOG(Info, "capture", "{}", how);
  tell([this, how] { events_.opened(how); });
  TileSender tiles(std::move(tools),
                   [this](TileSender::Part part) {
                     const bool go = part.go;
                     parts_.push_back(std::move(part));
                     if (go) hand_out();
                   },
                   [] { return local_now(); });
  source->prepare();
  {
    std::lock_guard lock(mutex_);
    source_ = source.get();
  }
  while (apply_orders(*source, tiles)) {
    if (!grabbing_) continue;
    run_tiles(tiles);
    if (!grab(*source, tiles)) break;
  }
  {
    std::lock_guard lock(mutex_);
    source_ = nullptr;
  }
  source->stop();
}

}  // namespace beside::session
