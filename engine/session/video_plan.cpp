// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/video_plan.h"

#include <algorithm>
#include <cmath>

namespace beside::session {
namespace {

using ports::VideoEffort;

// Of the time between two pictures. Most effort costs the viewer as well, and both while somebody waits for the picture, so unless
// the line is narrow it must be next to nothing.
constexpr double kFits = 0.5, kFitsEasily = 0.35, kMostFits = 0.08, kTooSlow = 0.8;
// That are planned for: what seems slower may seem so because we are slow.
constexpr nanoseconds kLeastInterval = 16ms, kMostInterval = 40ms;
constexpr double kSmooth = 0.125;
constexpr double kMostLeftOut = 0.4;         // of pictures may follow others that the line left no room for
constexpr double kMostJump = 2;              // of one picture's time a pixel: what stood still for another program says nothing
constexpr int kAv1Enough = 4;                // pictures to judge its bytes by,
constexpr double kAv1Over = 1.6;             // and how much of what it was told is too much;
constexpr double kAv1FarOver = 3;            // so much is at once: the line stands still meanwhile

// Time against least effort in 4:2:0 of all its pixels, measured with libx264 and libaom on films and on text. What making it smaller takes
// is in that of a half.
double factor(const VideoChoice& c) {
  if (c.scale > 1) {
    VideoChoice whole = c;
    whole.scale = 1;
    return factor(whole) * 1.3 / (c.scale * c.scale);
  }
  if (c.av1) return c.full_colour ? 6.2 : 4.4;
  const double effort = c.effort == VideoEffort::Most ? 1.9 : c.effort == VideoEffort::Normal ? 1.15 : 1.0;
  return effort * (c.full_colour ? 1.6 : 1.0);
}

bool narrow(const VideoFacts& facts) { return facts.line_kbps * 2 < VideoPlan::worth_kbps(facts); }

double interval_ns(const VideoFacts& facts) {
  return static_cast<double>(std::max(facts.paced, std::clamp(facts.interval, kLeastInterval, kMostInterval)).count());
}

}  // namespace

VideoPlan VideoPlan::for_another() const {
  VideoPlan out;
  out.unit_ns_ = unit_ns_;
  return out;
}

int VideoPlan::least_scale(const VideoFacts& facts) const {
  if (!facts.accept_scaled) return 1;
  return std::max(facts.least_scale, facts.line_kbps < half_below_kbps_ ? 2 : 1);
}

void VideoPlan::note_left_out(const VideoFacts& facts, LocalTime now) {
  left_out_ += ((facts.left_out ? 1.0 : 0.0) - left_out_) * kSmooth;
  if (!narrow(facts) || facts.interval <= kFew || !leaves_out()) {
    few_since_ = kNever;
  } else if (few_since_ == kNever) {
    few_since_ = now;
  } else if (now - few_since_ >= kFewFor && facts.line_kbps >= half_below_kbps_) {
    half_below_kbps_ = 2 * facts.line_kbps;
    better_after_ = std::min<nanoseconds>(better_after_ * 2, kBetterAtMost);
  }
}

std::vector<VideoChoice> VideoPlan::ladder(const VideoFacts& facts, bool av1_now) const {
  std::vector<VideoChoice> out;
  const int scale = least_scale(facts);
  if (facts.accept_av1 && !av1_too_large_ && facts.line_kbps < (av1_now ? kAv1Until : kAv1Below) * worth_kbps(facts)) {
    if (!facts.photo && facts.accept_444) out.push_back({true, VideoEffort::Normal, true, scale});
    out.push_back({false, VideoEffort::Normal, true, scale});
  }
  for (const bool full : {true, false}) {
    if (full && (facts.photo || !facts.accept_444)) continue;
    out.push_back({full, VideoEffort::Most, false, scale});
    out.push_back({full, VideoEffort::Normal, false, scale});
    out.push_back({full, VideoEffort::Least, false, scale});
  }
  if (facts.accept_scaled && scale < 2 && whole_too_slow_) out.push_back({false, VideoEffort::Least, false, 2});
  return out;
}

nanoseconds VideoPlan::expected(const VideoChoice& how, std::int64_t pixels) const {
  return nanoseconds(static_cast<std::int64_t>(unit_ns_ * factor(how) * static_cast<double>(pixels)));
}

bool VideoPlan::fits(const VideoChoice& how, const VideoFacts& facts, double share) const {
  if (!how.av1 && how.effort == VideoEffort::Most && !narrow(facts)) share = std::min(share, kMostFits);
  return static_cast<double>(expected(how, facts.pixels).count()) <= share * interval_ns(facts);
}

VideoChoice VideoPlan::choose(const VideoFacts& facts) const {
  const std::vector<VideoChoice> all = ladder(facts, false);
  for (const VideoChoice& c : all)
    if (fits(c, facts, kFits)) return c;
  return all.back();
}

void VideoPlan::coded(const VideoChoice& how, std::int64_t pixels, nanoseconds took) {
  if (pixels <= 0) return;
  const double ns = static_cast<double>(took.count()), unit = ns / (static_cast<double>(pixels) * factor(how));
  if (opening_ == 0 || unit < unit_ns_) unit_ns_ += (std::min(unit, kMostJump * unit_ns_) - unit_ns_) * kSmooth;
  opening_ = std::max(0, opening_ - 1);
  recent_ns_ = recent_ns_ <= 0 ? ns : recent_ns_ + (ns - recent_ns_) * kSmooth;
}

void VideoPlan::sized(const VideoChoice& how, std::size_t bytes, int told_kbps) {
  if (!how.av1 || told_kbps <= 0) return;
  const double over = static_cast<double>(bytes) * 8 * 30 / (told_kbps * 1000.0);
  av1_over_ = av1_pictures_ == 0 ? over : av1_over_ + (over - av1_over_) * 2 * kSmooth;
  if (++av1_pictures_ >= kAv1Enough ? av1_over_ > kAv1Over : av1_over_ > kAv1FarOver) av1_too_large_ = true;
}

bool VideoPlan::stops_line(const VideoChoice& how, std::size_t bytes, int line_kbps) {
  if (!how.av1 || static_cast<double>(bytes) * 8e6 <= static_cast<double>(kStops.count()) * std::max(1, line_kbps)) return false;
  av1_too_large_ = true;
  return true;
}

VideoChoice VideoPlan::reconsider(const VideoChoice& now_coded, const VideoFacts& facts, LocalTime now) {
  if (changed_at_ == LocalTime{}) changed_at_ = now;
  note_left_out(facts, now);
  const std::vector<VideoChoice> all = ladder(facts, now_coded.av1);
  const auto at = std::find(all.begin(), all.end(), now_coded);
  const double interval = interval_ns(facts);
  const auto change = [&](const VideoChoice& to) {
    changed_at_ = now;
    slow_since_ = kNever;
    recent_ns_ = 0;
    if (to.scale == 1) whole_too_slow_ = false;
    return to;
  };
  if (now_coded.av1 && av1_too_large_) return change(choose(facts));
  // The line knows at once what it cannot carry.
  if (now_coded.scale < least_scale(facts)) return change(choose(facts));
  if (recent_ns_ <= kTooSlow * interval) {
    slow_since_ = kNever;
  } else if (slow_since_ == kNever) {
    slow_since_ = now;
  } else if (now - slow_since_ >= kSlowFor) {
    whole_too_slow_ = static_cast<double>(expected({false, VideoEffort::Least}, facts.pixels).count()) > kTooSlow * interval;
    const VideoChoice worse = choose(facts);
    if (factor(worse) < factor(now_coded)) {
      better_after_ = std::min<nanoseconds>(better_after_ * 2, kBetterAtMost);
      return change(worse);
    }
  }
  if (now - changed_at_ < better_after_) return now_coded;
  // Also a choice that is not on the ladder any more, because the line or the content changed, waits so long.
  for (auto better = all.begin(); better != at; ++better)
    if (fits(*better, facts, better->effort == VideoEffort::Most ? kMostFits * 0.7 : kFitsEasily)) return change(*better);
  return now_coded;
}

bool VideoPlan::leaves_out() const { return left_out_ >= kMostLeftOut; }

int VideoPlan::worth_kbps(const VideoFacts& facts) {
  const double megapixels = std::max(1.0, static_cast<double>(facts.pixels) / (1 << 20));
  return static_cast<int>((facts.photo ? 7600 : 14'600) * std::sqrt(megapixels));
}

int VideoPlan::nominal_kbps(int kbps, nanoseconds interval) {
  constexpr double kNominal = 1e9 / 30;
  return std::max(100, static_cast<int>(std::lround(kbps * static_cast<double>(std::clamp<nanoseconds>(interval, 7ms, 250ms).count()) / kNominal)));
}

}  // namespace beside::session
