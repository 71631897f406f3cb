// SPDX-License-Identifier: GPL-3.0-or-later
// CustomerSession's half that gives up pictures of video where the line cannot carry them, and tells both people's logs.
#include <algorithm>

#include "engine/base/log.h"
#include "engine/session/customer_session.h"

namespace beside::session {
namespace {

constexpr auto kJudge = 200ms;

}  // namespace

LocalTime CustomerSession::quality_due() const {
  // Without pictures nothing is judged but the end of the film.
  return film_until_ == LocalTime::min() ? kNever : quality_at_ + kJudge;
}

void CustomerSession::keep_quality(LocalTime now) {
  if (quality_due() > now) return;
  quality_at_ = now;
  flow::LineQuality::Line line;
  line.kbps = link_->rate().target_kbps();
  line.loss = link_->rate().loss();
  line.queue = link_->rate().queue_delay() + link_->send_delay();
  // A film whose pictures wait because the line is full has not come to rest.
  const bool full = line.queue > flow::LineQuality::kLongQueue;
  if (full && film_until_ != LocalTime::min()) film_until_ = std::max(film_until_, now + kFilmRests);
  const bool film = now < film_until_ && see_running_;
  if (!film) film_until_ = LocalTime::min();
  std::int64_t pixels = 0;
  for (const SentVideo& video : video_)
    if (film && now - video.sent_at < kFilmRests) pixels += std::int64_t{video.info.place.width} * video.info.place.height;
  if (film && full && pixels == 0) pixels = film_pixels_;
  film_pixels_ = pixels;
  if (!quality_.update(line, pixels, now)) return;
  const flow::VideoBudget budget = quality_.budget();
  BS_LOG(Info, "video", "quality rung={} most_fps={} scale={} kbps={} loss_permille={} queue_ms={} pixels={}", flow::LineQuality::to_string(quality_.rung()),
         budget.most_fps, budget.scale, line.kbps, static_cast<int>(line.loss * 1000), line.queue / 1ms, pixels);
  media_.most_fps = budget.most_fps;
  media_.video_scale = budget.scale;
  if (screen_) screen_->set_budget(budget);
  inner::Inner out;
  out.mutable_video_budget()->set_most_fps(static_cast<std::uint32_t>(budget.most_fps));
  out.mutable_video_budget()->set_scale(static_cast<std::uint32_t>(budget.scale));
  (void)link_->send(out, flow::InnerMux::kMedia);
  events_.changed();
}

}  // namespace beside::session
