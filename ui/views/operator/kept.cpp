// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"

// What becomes of a picture that the operator keeps: a band above the remote picture, until he has seen it.
namespace beside::views {

using kit::tr;
using State = session::SessionView::Kept::State;

namespace {

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

void draw_kept(kit::Ui& ui, const session::SessionView& s, OperatorOut& out) {
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
}

}  // namespace beside::views
