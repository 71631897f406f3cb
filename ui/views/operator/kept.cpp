// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <cmath>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"

// What becomes of a picture that the operator keeps: a card on the remote picture, which stays where it is. It goes by itself
// when all went well; what asks or failed stays until it is answered.
namespace beside::views {

using kit::tr;
using State = session::SessionView::Kept::State;

namespace {

constexpr seconds kReading{8};

std::string percent(int permille) {
  return permille < 10 ? tr("op.kept_under_one") : std::to_string((permille + 5) / 10);
}

std::string words_of(const session::SessionView::Kept& kept) {
  const Rect& r = kept.inexact;
  switch (kept.state) {
    case State::Waiting: return tr("op.kept_waiting", percent(kept.inexact_permille));
    case State::NotExact: return tr("op.kept_not_exact", percent(kept.inexact_permille), r.width, r.height, r.x, r.y);
    case State::Saving: return tr("op.kept_saving");
    case State::Saved: return kept.inexact_permille == 0 ? tr("op.kept_saved", kept.text) : tr("op.kept_saved_inexact", kept.text, percent(kept.inexact_permille));
    case State::Failed: return tr("op.kept_failed", kept.text);
    case State::None: break;
  }
  return {};
}

}  // namespace

Rect draw_kept(kit::Ui& ui, const Area& picture, const session::SessionView& s, SessionUi& mine, OperatorOut& out) {
  if (s.kept.state == State::None) {
    mine.kept_since = {};
    return {};
  }
  const float x = picture.x + ui.px(12), y = picture.y + ui.px(8), width = std::max(std::min(picture.width - ui.px(24), ui.px(560)), 1.0F);
  ImGui::SetCursorScreenPos({x, y});
  kit::begin_column(ui, width / ui.scale(), kit::Align::Left);
  const bool bad = s.kept.state == State::NotExact || s.kept.state == State::Failed;
  kit::begin_card(ui, "kept", {.tone = bad ? kit::Tone::Warning : kit::Tone::Accent});
  kit::text(ui, "kept.words", words_of(s.kept));
  if (s.kept.state == State::Waiting) kit::progress_bar(ui, "kept.progress", 1.0F - static_cast<float>(s.kept.inexact_permille) / 1000.0F);
  if (s.kept.state != State::Saving) {
    if (s.kept.state == State::NotExact) {
      if (kit::button(ui, "kept.as_it_is", tr("op.kept_as_it_is"), {.icon = kit::icon::kCamera})) out.emplace_back(session::TakeScreenshot{s.local_id, true});
      kit::beside(ui);
      if (kit::button(ui, "kept.again", tr("op.kept_again"), {.icon = kit::icon::kClock})) out.emplace_back(session::TakeScreenshot{s.local_id, false});
      kit::beside(ui);
    }
    const bool over = s.kept.state == State::Saved || s.kept.state == State::Failed;
    if (kit::button(ui, "kept.close", tr(over ? "op.kept_close" : "op.kept_cancel"), {.kind = kit::ButtonKind::Plain})) out.emplace_back(session::ForgetScreenshot{s.local_id});
  }
  kit::end_card(ui);
  const Rect now{static_cast<int>(x), static_cast<int>(y), static_cast<int>(std::ceil(width)), static_cast<int>(std::ceil(ImGui::GetCursorScreenPos().y - y))};
  kit::end_column(ui);
  const ImVec2 pointer = ImGui::GetIO().MousePos;
  const bool read = now.contains(static_cast<int>(pointer.x), static_cast<int>(pointer.y));
  if (s.kept.state != State::Saved) {
    mine.kept_since = {};
  } else if (mine.kept_since == LocalTime{} || read) {
    mine.kept_since = ui.now();
  }
  if (mine.kept_since == LocalTime{}) return now;
  if (ui.now() - mine.kept_since >= kReading) {
    out.emplace_back(session::ForgetScreenshot{s.local_id});
    mine.kept_since = {};
  } else {
    ui.wants().at(mine.kept_since + kReading);
  }
  return now;
}

}  // namespace beside::views
