// SPDX-License-Identifier: GPL-3.0-or-later
// CustomerSession's half on what the customer keeps to himself, and what the operator keeps.
#include <algorithm>
#include <utility>

#include "engine/session/customer_session.h"

namespace beside::session {
namespace {

template <typename T>
bool has_new(const std::vector<T>& now, const std::vector<T>& before) {
  return std::any_of(now.begin(), now.end(), [&](const T& one) { return std::find(before.begin(), before.end(), one) == before.end(); });
}

}  // namespace

void CustomerSession::hide(HiddenParts parts) {
  if (ended_ || !ports_.hide || parts == hidden_) return;
  const bool more = (parts.only_window != 0 && parts.only_window != hidden_.only_window) || has_new(parts.windows, hidden_.windows) || has_new(parts.monitors, hidden_.monitors) || has_new(parts.areas, hidden_.areas);
  hidden_ = std::move(parts);
  ports_.hide(hidden_);
  if (more) {
    // What waits to be sent may show it: the numbers of those packets are used up, the viewer reports them as lost, and what
    // they held is sent as it may be seen now. A film goes on as tiles until its next stream: its pictures build on others.
    hidden_since_ = local_now();   // the clock of whoever grabs
    link_->drop_screen();
    video_.clear();
    if (screen_ && see_running_) screen_->drop_videos();
  }
  // A whole grab at once, by the new rules.
  if (const auto grant = consent_.grant(Right::See); grant && screen_ && see_running_)
    screen_->begin(*grant, running_monitor_, tiles_.number, tiles_.next);
  note(ports::JournalKind::Hidden, {}, std::to_string(hidden_.windows.size()) + " windows, " + std::to_string(hidden_.monitors.size()) +
                                          " monitors, " + std::to_string(hidden_.areas.size()) + " areas" +
                                          (hidden_.only_window != 0 ? "; one window only is shown" : ""));
  inner::Inner out;
  const auto count = [](std::size_t n) { return static_cast<std::uint32_t>(std::min(n, HiddenParts::kMost)); };
  out.mutable_hidden()->set_windows(count(hidden_.windows.size()));
  out.mutable_hidden()->set_monitors(count(hidden_.monitors.size()));
  out.mutable_hidden()->set_areas(count(hidden_.areas.size()));
  out.mutable_hidden()->set_one_window(hidden_.only_window != 0);
  (void)link_->send(out);
  tell_line();
  events_.changed();
}

void CustomerSession::on_picture_kept(const inner::PictureKept& kept) {
  ++pictures_kept_;
  picture_kept_unix_ms_ = ports_.clock->unix_ms();
  note(ports::JournalKind::PictureKept, Right::See, std::to_string(kept.width()) + "x" + std::to_string(kept.height()) + ", by the operator");
}

}  // namespace beside::session
