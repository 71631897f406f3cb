// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"

namespace beside::views {
namespace {
constexpr int kKeyDown = 264, kKeyUp = 265;   // GLFW
constexpr std::size_t kShown = 9;
}  // namespace

void draw_palette(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  if (!state.palette_open) return;
  const bool opening = state.palette_query.empty() && state.palette_at < 0;
  if (!kit::begin_dialog(ui, "palette", kit::tr("op.palette"), state.palette_open, 560)) return;
  if (opening) {
    ui.focus("palette.query");
    state.palette_at = 0;
  }
  const auto typed = kit::text_field(ui, "palette.query", state.palette_query, {.hint = kit::tr("op.palette_hint")});
  if (typed.changed) state.palette_at = 0;

  auto all = operator_actions(snapshot, state, host);
  std::vector<std::pair<int, const Action*>> fit;
  for (const Action& action : all) {
    if (const int score = fuzzy_score(state.palette_query, action.label); score >= 0 || state.palette_query.empty()) fit.emplace_back(state.palette_query.empty() ? 0 : score, &action);
  }
  std::stable_sort(fit.begin(), fit.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (fit.size() > kShown) fit.resize(kShown);
  if (ui.shortcut(kKeyDown)) ++state.palette_at;
  if (ui.shortcut(kKeyUp)) --state.palette_at;
  state.palette_at = std::clamp(state.palette_at, 0, std::max(0, static_cast<int>(fit.size()) - 1));

  const Action* chosen = nullptr;
  kit::space(ui);
  if (fit.empty()) kit::muted(ui, "palette.none", kit::tr("op.palette_none"));
  for (std::size_t i = 0; i < fit.size(); ++i) {
    const Action& action = *fit[i].second;
    const bool at = static_cast<int>(i) == state.palette_at;
    const bool pressed = kit::list_row(ui, "palette." + action.id, {.selected = at}, [&](float width) {
      const std::string keys = keys_text(state, action.keys);
      const float room = keys.empty() ? 0 : kit::measure_text(ui, keys, {.face = kit::Face::Mono, .size = kit::Size::Small}).width + ui.px(12);
      kit::elided(ui, "", action.label, width - room);
      if (!keys.empty()) {
        kit::beside(ui);
        kit::text(ui, "", keys, {.face = kit::Face::Mono, .size = kit::Size::Small, .tone = kit::Tone::Muted, .align = kit::Align::Right});
      }
    });
    if (pressed || (at && typed.submitted)) chosen = &action;
  }
  if (chosen != nullptr) {
    state.palette_open = false;
    state.palette_query.clear();
    chosen->run(state, out);
  }
  kit::end_dialog(ui);
}

}  // namespace beside::views
