// SPDX-License-Identifier: GPL-3.0-or-later
// ScreenSender's half on the `encode` thread: encoders, how each codes, what each may cost.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/thread_role.h"
#include "engine/base/trace.h"
#include "engine/session/screen_sender.h"

namespace beside::session {
namespace {

constexpr auto kTallyEvery = 5s;
constexpr nanoseconds kSmoothPace = 66ms;   // 15 pictures a second
constexpr nanoseconds kSteadyPace = 40ms;   // 25
constexpr auto kPlaysStill = 500ms;   // since its last picture: it has its share of the line
constexpr int kLeastCodedSide = 16;   // what encoders want

std::pair<bool, int> kind_of(const StreamInfo& film) {
  return {film.photo, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(film.place.width) * static_cast<std::uint64_t>(film.place.height)))};
}

}  // namespace

void ScreenSender::encode_loop() {
  name_this_thread("encode");
  nanoseconds interval{0};
  const auto due = [this](std::uint32_t number) {
    const auto coder = coders_.find(number);
    return coder == coders_.end() ? LocalTime::min() : coder->second.earliest;
  };
  for (;;) {
    std::optional<StreamInfo> wanted;
    std::optional<std::pair<std::uint32_t, ports::Frame>> next;
    {
      std::unique_lock lock(encode_mutex_);
      for (;;) {
        if (encode_quit_) return;
        if (!new_streams_.empty()) break;
        LocalTime first = kNever;
        for (const auto& [number, ignored] : frames_) first = std::min(first, due(number));
        const LocalTime now = local_now();
        if (first <= now) break;
        if (first == kNever) encode_wake_.wait(lock);
        else encode_wake_.wait_for(lock, first - now);
      }
      if (const auto viewer = std::exchange(new_viewer_, std::nullopt)) {
        config_.accept_444 = viewer->full_colour;
        config_.accept_av1 = viewer->av1;
        config_.accept_scaled = viewer->scales;
      }
      if (new_kbps_) config_.target_kbps = *std::exchange(new_kbps_, std::nullopt);
      if (!new_streams_.empty()) {
        wanted = std::move(new_streams_.front());
        new_streams_.pop_front();
      } else if (!frames_.empty()) {
        // The one that waits longest, of those whose coders may go on.
        const LocalTime now = local_now();
        auto first = frames_.end();
        for (auto f = frames_.begin(); f != frames_.end(); ++f)
          if (due(f->first) <= now && (first == frames_.end() || f->second.captured_at < first->second.captured_at)) first = f;
        next.emplace(first->first, std::move(first->second));
        frames_.erase(first);
      }
      least_scale_ = budget_.scale;
      paced_ = budget_.most_fps > 0 ? nanoseconds(1s) / budget_.most_fps : 0ns;
      interval = budget_.most_fps > 0 ? std::max<nanoseconds>(config_.least_interval, 1s / budget_.most_fps) : config_.least_interval;
    }
    if (wanted) {
      open_encoder(*wanted);
    } else if (next) {
      if (const auto coder = coders_.find(next->first); coder != coders_.end()) coder->second.earliest = local_now() + interval;
      encode_one(next->first, std::move(next->second));
    }
  }
}

// A film that needs another encoder goes on with what was learnt of it; a new one begins with what coding took elsewhere.
const VideoPlan& ScreenSender::plan_for(const StreamInfo& wanted) {
  const auto area = [](const Rect& r) { return std::int64_t{r.width} * r.height; };
  for (auto c = coders_.rbegin(); c != coders_.rend(); ++c)
    if (const StreamInfo& info = c->second.info; area(info.place.clipped_to(wanted.place)) * 2 > area(wanted.place)) return c->second.plan;
  VideoPlan& learnt = learnt_[kind_of(wanted)];
  return learnt = learnt.for_another();
}

void ScreenSender::open_encoder(const StreamInfo& wanted) {
  Coder coder;
  coder.info = wanted;
  coder.plan = plan_for(wanted);
  if (coders_.size() >= kMostVideoStreams) coders_.erase(coders_.begin());
  coder.choice = coder.plan.choose(facts(wanted));
  coder.coded_at = local_now();
  coder.told_kbps = kbps_for(coder, kSteadyPace);   // for which it chooses its ways: the pace of its opening is no film's
  ports::VideoSettings settings;
  using Codec = ports::VideoCodec;
  settings.codec = coder.choice.av1 ? (coder.choice.full_colour ? Codec::Av1_444 : Codec::Av1_420)
                                    : (coder.choice.full_colour ? Codec::H264_444 : Codec::H264_420);
  const auto coded = [&](int side) { return std::max(std::min(side, kLeastCodedSide), (side + coder.choice.scale - 1) / coder.choice.scale); };
  settings.width = coder.info.width = coded(wanted.place.width);
  settings.height = coder.info.height = coded(wanted.place.height);
  settings.shown_width = wanted.place.width;
  settings.shown_height = wanted.place.height;
  settings.target_kbps = coder.told_kbps;
  settings.effort = coder.choice.effort;
  const LocalTime asked = local_now();
  auto made = config_.make_encoder(settings);
  BS_LOG(Info, "video", "{} for {}x{} of {}x{} at {} kbit/s took_us={}", made ? (*made)->name() : "no encoder", settings.width, settings.height,
         wanted.place.width, wanted.place.height, settings.target_kbps, to_us(local_now()) - to_us(asked));
  if (!made) return fall_back(coders_.empty() ? "video" : coders_.rbegin()->second.info.encoder, made.error());
  coder.encoder = std::move(*made);
  coder.info.codec = coder.encoder->codec();
  if (coder.choice.av1 && !ports::is_av1(coder.info.codec)) {
    config_.accept_av1 = coder.choice.av1 = false;   // it is not to be had here
    coder.choice.full_colour = ports::is_444(coder.info.codec);
  }
  coder.info.sps = coder.encoder->sps();
  coder.info.pps = coder.encoder->pps();
  coder.info.encoder = coder.encoder->name();
  tell([this, info = coder.info] { events_.stream(info); });
  coders_.insert_or_assign(wanted.number, std::move(coder));
}

// Exact tiles carry everything until another encoder is tried.
void ScreenSender::fall_back(std::string from, const Error& error) {
  BS_LOG(Warn, "encode", "{} failed: {}", from, dump_error(error));
  coders_.clear();
  do_later([](TileSender& tiles) { tiles.video_failed(local_now()); }, true);
  tell([this, from = std::move(from)] { events_.fell_back(from, "exact tiles"); });
}

VideoFacts ScreenSender::facts(const StreamInfo& info) const {
  return {std::int64_t{info.place.width} * info.place.height, info.interval, config_.target_kbps, info.photo, config_.accept_444,
          config_.accept_av1, config_.accept_scaled, least_scale_, paced_};
}

// An encoder believes in a steady 30 pictures a second: what it is told says what the line carries at the pace there is. That is
// slow also where pictures are so large that the line keeps the next ones waiting: slower than kSmoothPace none is made larger,
// unless the line was found to want fewer. Those that played lately share the line by their areas.
int ScreenSender::kbps_for(const Coder& coder, nanoseconds slowest) const {
  const auto area = [](const Coder& c) { return static_cast<double>(c.info.place.width) * c.info.place.height; };
  double all = area(coder);
  for (const auto& [number, other] : coders_)
    if (number != coder.info.number && coder.coded_at - other.coded_at < kPlaysStill) all += area(other);
  const int share = static_cast<int>(config_.target_kbps * area(coder) / all);
  nanoseconds pace = std::min(coder.info.interval, std::max(slowest, paced_));
  // Pictures that take all that the line carries at the pace there is would keep it as slow as it is.
  if (coder.plan.leaves_out()) pace = pace * 4 / 5;
  return VideoPlan::nominal_kbps(std::min(share, VideoPlan::worth_kbps(facts(coder.info))), pace);
}

void ScreenSender::adapt_rate(Coder& coder) {
  const int kbps = kbps_for(coder, kSmoothPace);
  if (std::abs(kbps - coder.told_kbps) * 20 < coder.told_kbps) return;
  if (coder.encoder->set_target_kbps(kbps)) coder.told_kbps = kbps;
}

// Another way of coding needs another encoder; this one goes on until the viewer has accepted that.
void ScreenSender::reconsider(Coder& coder) {
  if (coder.renewing) return;
  VideoFacts known = facts(coder.info);
  known.left_out = left_out_.exchange(false);
  const VideoChoice better = coder.plan.reconsider(coder.choice, known, local_now());
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
  if (coder.ended) return;
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
  if (!picture->key) {
    coder.plan.coded(coder.choice, std::int64_t{coder.info.place.width} * coder.info.place.height, took);
    coder.plan.sized(coder.choice, picture->annex_b.size(), coder.told_kbps);
    learnt_[kind_of(coder.info)] = coder.plan;
  }
  count(coder, began - frame.captured_at, took, picture->annex_b.size());
  if (coder.plan.stops_line(coder.choice, picture->annex_b.size(), config_.target_kbps)) {
    coder.ended = true;
    return reconsider(coder);
  }
  tell([this, number, encoded = std::move(*picture)]() mutable { events_.picture(number, std::move(encoded)); });
  reconsider(coder);
}

}  // namespace beside::session
