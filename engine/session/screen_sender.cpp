// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/screen_sender.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/thread_role.h"
#include "engine/base/trace.h"

namespace beside::session {
namespace {

constexpr std::size_t kMostDamage = 64;
constexpr auto kTallyEvery = 5s;
constexpr auto kPlaysStill = 500ms;   // since its last picture: it has its share of the line

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

template <typename Fn>
void ScreenSender::tell(Fn&& fn) {
  post_([alive = alive_, fn = std::forward<Fn>(fn)]() mutable {
    if (alive->load(std::memory_order_acquire)) fn();
  });
}

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
  if (wake && source_ != nullptr) source_->cancel();
}

void ScreenSender::report(wire::TileReport report) {
  // News of losses cannot wait; that all is well can, until something else happens.
  const bool losses = std::find(report.applied.begin(), report.applied.end(), false) != report.applied.end();
  do_later([report = std::move(report)](TileSender& tiles) {
    if (!tiles.on_report(report, local_now())) BS_LOG_LIMITED(Warn, "tiles", "a report that fits nothing that was sent");
  }, losses);
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
    parts_.clear();
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
  auto frame = source.next(std::min(tiles.next_deadline(), local_now() + 1h));
  if (!frame) {
    if (frame.error().kind == ErrorKind::Refused) {  // the right is gone: wait for the next grant
      source.stop();
      grabbing_ = false;
      tiles.stop();
      parts_.clear();
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
    wanted_.width = order->place.width;
    wanted_.height = order->place.height;
    wanted_.photo = order->photo;
    wanted_.interval = order->interval;
    wanted_.generation = tiles.generation();
    numbers_[wanted_.id() % numbers_.size()] = wanted_.number;
    std::lock_guard lock(encode_mutex_);
    new_streams_.push_back(wanted_);
    encode_wake_.notify_one();
  }
  if (held_.load()) return;
  while (const auto order = tiles.take_video_frame()) {
    // Pictures of two encoders never merge; the older one goes on until the viewer has accepted the newer.
    const std::uint32_t number = numbers_[order->stream % numbers_.size()];
    ports::Frame crop;
    crop.pixels = crops_for(number, order->place).pool.take();
    if (!crop.pixels) return tiles.put_back(*order);   // the encoder has all of them
    const ports::Frame& whole = *order->frame;
    for (int y = 0; y < order->place.height; ++y)
      std::memcpy(crop.pixels->row(y), whole.pixels->row(order->place.y + y) + std::ptrdiff_t{4} * order->place.x,
                  static_cast<std::size_t>(order->place.width) * 4);
    for (const Rect& r : order->damage) crop.damage.push_back({r.x - order->place.x, r.y - order->place.y, r.width, r.height});
    crop.captured_at = order->captured_at;
    crop.monitor_id = whole.monitor_id;
    crop.area = order->place;
    put_frame(number, std::move(crop));
  }
}

ScreenSender::Crops& ScreenSender::crops_for(std::uint32_t number, const Rect& place) {
  for (Crops& crops : crops_)
    if (crops.number == number) return crops;
  if (crops_.size() >= kMostVideoStreams) crops_.pop_front();
  crops_.push_back({number, Pool<ports::PixelBuffer>(3, [&place] { return ports::make_pixel_buffer(place.width, place.height); })});
  return crops_.back();
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

// ---- encode ----

void ScreenSender::encode_loop() {
  name_this_thread("encode");
  LocalTime earliest{};
  nanoseconds interval{0};
  for (;;) {
    std::optional<StreamInfo> wanted;
    std::optional<std::pair<std::uint32_t, ports::Frame>> next;
    {
      std::unique_lock lock(encode_mutex_);
      encode_wake_.wait(lock, [&] { return encode_quit_ || !new_streams_.empty() || !frames_.empty(); });
      if (encode_quit_) return;
      if (const LocalTime now = local_now(); now < earliest && new_streams_.empty()) {
        encode_wake_.wait_for(lock, earliest - now, [&] { return encode_quit_; });
        if (encode_quit_) return;
      }
      if (new_kbps_) config_.target_kbps = *std::exchange(new_kbps_, std::nullopt);
      if (!new_streams_.empty()) {
        wanted = std::move(new_streams_.front());
        new_streams_.pop_front();
      } else if (!frames_.empty()) {
        // The one that waits longest.
        auto first = frames_.begin();
        for (auto f = frames_.begin(); f != frames_.end(); ++f)
          if (f->second.captured_at < first->second.captured_at) first = f;
        next.emplace(first->first, std::move(first->second));
        frames_.erase(first);
      }
      interval = budget_.most_fps > 0 ? std::max<nanoseconds>(config_.least_interval, 1s / budget_.most_fps) : config_.least_interval;
    }
    if (wanted) {
      open_encoder(*wanted);
    } else if (next) {
      // Between two pictures of one region; several take turns.
      earliest = local_now() + interval / static_cast<int>(std::max<std::size_t>(1, coders_.size()));
      encode_one(next->first, std::move(next->second));
    }
  }
}

void ScreenSender::open_encoder(const StreamInfo& wanted) {
  if (coders_.size() >= kMostVideoStreams) coders_.erase(coders_.begin());
  Coder coder;
  coder.info = wanted;
  coder.choice = plans_[wanted.photo].choose(facts(wanted));
  coder.coded_at = local_now();
  coder.told_kbps = kbps_for(coder);
  ports::VideoSettings settings;
  settings.codec = coder.choice.full_colour ? ports::VideoCodec::H264_444 : ports::VideoCodec::H264_420;
  settings.width = wanted.width;
  settings.height = wanted.height;
  settings.target_kbps = coder.told_kbps;
  settings.effort = coder.choice.effort;
  const LocalTime asked = local_now();
  auto made = config_.make_encoder(settings);
  BS_LOG(Info, "video", "encoder for {}x{} took_us={}", wanted.width, wanted.height, to_us(local_now()) - to_us(asked));
  if (!made) return fall_back(coders_.empty() ? "video" : coders_.rbegin()->second.info.encoder, made.error());
  coder.encoder = std::move(*made);
  coder.info.codec = coder.encoder->codec();
  coder.info.sps = coder.encoder->sps();
  coder.info.pps = coder.encoder->pps();
  coder.info.encoder = coder.encoder->name();
  tell([this, info = coder.info] { events_.stream(info); });
  coders_.insert_or_assign(wanted.number, std::move(coder));
}

// Exact tiles carry everything until another encoder is tried.
void ScreenSender::fall_back(const std::string& from, const Error& error) {
  BS_LOG(Warn, "encode", "{} failed: {}", from, dump_error(error));
  coders_.clear();
  do_later([](TileSender& tiles) { tiles.video_failed(local_now()); }, true);
  tell([this, from] { events_.fell_back(from, "exact tiles"); });
}

VideoFacts ScreenSender::facts(const StreamInfo& info) const {
  return {std::int64_t{info.width} * info.height, info.interval, config_.target_kbps, info.photo, config_.accept_444};
}

// An encoder believes in a steady 30 pictures a second: what it is told says what the line carries at the pace there is. Those
// that played lately share the line by their areas.
int ScreenSender::kbps_for(const Coder& coder) const {
  const auto area = [](const Coder& c) { return static_cast<double>(c.info.width) * c.info.height; };
  double all = area(coder);
  for (const auto& [number, other] : coders_)
    if (number != coder.info.number && coder.coded_at - other.coded_at < kPlaysStill) all += area(other);
  const int share = static_cast<int>(config_.target_kbps * area(coder) / all);
  return VideoPlan::nominal_kbps(std::min(share, VideoPlan::worth_kbps(facts(coder.info))), coder.info.interval);
}

void ScreenSender::adapt_rate(Coder& coder) {
  const int kbps = kbps_for(coder);
  if (std::abs(kbps - coder.told_kbps) * 20 < coder.told_kbps) return;
  if (coder.encoder->set_target_kbps(kbps)) coder.told_kbps = kbps;
}

// Another way of coding needs another encoder; this one goes on until the viewer has accepted that.
void ScreenSender::reconsider(Coder& coder) {
  if (coder.renewing) return;
  const VideoChoice better = plans_[coder.info.photo].reconsider(coder.choice, facts(coder.info), local_now());
  if (better == coder.choice) return;
  coder.renewing = true;
  do_later([id = coder.info.id()](TileSender& tiles) { tiles.renew_video(id); }, false);
}

// One line in 5 s while something is coded, for whoever asks why a film looks as it does.
void ScreenSender::count(Coder& coder, nanoseconds waited, nanoseconds coding, std::size_t bytes) {
  const LocalTime now = local_now();
  Coder::Tally& tally = coder.tally;
  if (tally.pictures == 0) tally.since = now;
  ++tally.pictures;
  tally.bytes += static_cast<std::int64_t>(bytes);
  tally.waited += waited;
  tally.coding += coding;
  if (now - tally.since < kTallyEvery) return;
  const std::int64_t n = tally.pictures;
  BS_LOG(Info, "video", "{} {}x{}: pictures={} in_ms={} interval_us={} before_us={} coding_us={} bytes={} target_kbps={}", coder.info.encoder,
         coder.info.width, coder.info.height, n, (now - tally.since) / 1ms, coder.info.interval / 1us, tally.waited / 1us / n,
         tally.coding / 1us / n, tally.bytes / n, coder.told_kbps);
  tally = {};
}

void ScreenSender::encode_one(std::uint32_t number, ports::Frame frame) {
  const auto found = coders_.find(number);
  if (found == coders_.end()) return;   // for an encoder that is gone
  Coder& coder = found->second;
  bool key = false;
  {
    std::lock_guard lock(encode_mutex_);
    if (keys_wanted_.erase(0) != 0)
      for (const auto& [each, ignored] : coders_) keys_wanted_.insert(each);
    key = keys_wanted_.erase(number) != 0;
  }
  coder.info.interval += (std::clamp<nanoseconds>(frame.captured_at - coder.coded_at, 7ms, 250ms) - coder.info.interval) / 8;
  coder.coded_at = frame.captured_at;
  adapt_rate(coder);
  const LocalTime began = local_now();
  auto picture = coder.encoder->encode(frame, key);
  if (!picture) return fall_back(coder.info.encoder, picture.error());
  const LocalTime ended = local_now();
  const nanoseconds took = ended - began;
  trace::span("wait for the coder", frame.captured_at, began, number);
  trace::span("code video", began, ended, number);
  if (!picture->key) plans_[coder.info.photo].coded(coder.choice, std::int64_t{coder.info.width} * coder.info.height, took);
  count(coder, began - frame.captured_at, took, picture->annex_b.size());
  tell([this, number, encoded = std::move(*picture)]() mutable { events_.picture(number, std::move(encoded)); });
  reconsider(coder);
}

}  // namespace beside::session
