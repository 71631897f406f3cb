// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ui/kit/catalogue.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/format.h"

// Who asks for what and why; each right by its own tick. Nothing here has the keyboard until the person presses Tab, so
// that a Return meant for something else cannot allow anything; the session itself ignores clicks within 500 ms of an
// injection.
namespace beside::views {
namespace {

void who(kit::Ui& ui, const session::CustomerSnapshot& s) {
  kit::avatar(ui, "consent.mark", s.peer.name, ui.px(44));
  kit::beside(ui, kit::measure::kGap);
  ImGui::BeginGroup();
  kit::title(ui, "consent.name", s.peer.name);
  const std::string& company = s.peer.organisation.empty() ? s.company : s.peer.organisation;
  if (!company.empty()) kit::muted(ui, "consent.organisation", company);
  ImGui::EndGroup();
  const bool proven = s.peer.verified != session::Verified::No;
  kit::icon_text(ui, "consent.verified", proven ? kit::icon::kShield : kit::icon::kWarning,
                 verified_text(s.peer.verified),
                 {.size = kit::Size::Small, .tone = proven ? kit::Tone::Accent : kit::Tone::Warning});
}

// The rows are high enough as targets: no further gap between them.
void close_up(kit::Ui& ui) {
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() - ui.px(kit::measure::kTight));
}

void called(kit::Ui& ui, CustomerState& state) {
  kit::text(ui, "consent.called", kit::tr("consent.called_question"), {.face = kit::Face::Strong});
  const std::string mine = kit::tr("consent.i_called"), theirs = kit::tr("consent.they_called");
  const float half = kit::width_left(ui) / 2, mark = ui.px(40);
  const bool in_one_row = std::max(kit::measure_text(ui, mine).width, kit::measure_text(ui, theirs).width) + mark < half;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  if (kit::radio(ui, "consent.i_called", mine, state.called_me == 1)) state.called_me = 1;
  if (in_one_row) ImGui::SetCursorScreenPos({at.x + half, at.y});
  if (kit::radio(ui, "consent.they_called", theirs, state.called_me == 2)) state.called_me = 2;
  if (state.called_me == 2) {
    kit::begin_card(ui, "consent.warning", {.tone = kit::Tone::Warning});
    kit::text(ui, "consent.warning_text", kit::tr("consent.they_called_warning"));
    kit::end_card(ui);
  }
}

void monitors(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state) {
  if (s.layout.monitors.size() < 2 || !state.ticked.has(Right::See)) return;
  kit::text(ui, "consent.which", kit::tr("consent.which_monitor"), {.face = kit::Face::Strong});
  if (kit::radio(ui, "consent.monitor.0", kit::tr("consent.all_monitors"), state.monitor_id == 0)) state.monitor_id = 0;
  for (const MonitorInfo& m : s.layout.monitors)
    if (close_up(ui); kit::radio(ui, "consent.monitor." + std::to_string(m.id), monitor_text(m), state.monitor_id == m.id))
      state.monitor_id = m.id;
}

}  // namespace

void draw_consent(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out) {
  const session::AskView& ask = *s.ask;
  const Rights asked = ask.rights & kBuiltRights;
  if (state.ask_id != ask.id) {
    // A new question starts from what is asked; what was ticked for another one says nothing about this.
    state.ask_id = ask.id;
    state.ticked = asked;
    state.monitor_id = s.monitor_id;
    // What was shared before may be unplugged by now: one monitor stays one.
    const auto& all = s.layout.monitors;
    if (s.monitor_id != 0 && std::none_of(all.begin(), all.end(), [&](const MonitorInfo& m) { return m.id == s.monitor_id; }))
      state.monitor_id = all.empty() ? 0 : all.front().id;
    state.ask_shown = ui.now();
    state.rights_seen = {};
  }
  kit::begin_screen(ui, "consent");
  // The decision stays in view whatever the height; what it is about scrolls above it.
  const std::string fraud = kit::tr("consent.fraud");
  const kit::TextStyle fraud_style{kit::Face::Strong, kit::Size::Small, kit::Tone::Warning, kit::Align::Left};
  const float fraud_room = std::min(kit::width_left(ui), ui.px(520)) - ui.px(28);
  // What has been in view is known from the frame before; the first frame of a question knows nothing yet.
  const bool seen = (asked - state.rights_seen).empty(), first = state.ask_shown == ui.now();
  const std::string more = kit::tr("consent.more");
  const kit::TextStyle more_style{kit::Face::Strong, kit::Size::Small, kit::Tone::Accent, kit::Align::Left};
  const float more_height = seen || first ? 0 : kit::measure_text(ui, more, more_style, fraud_room).height + ui.px(kit::measure::kTight);
  const float buttons = ui.target() + ui.px(28) + more_height + kit::measure_text(ui, fraud, fraud_style, fraud_room).height;
  const Rights known = state.rights_seen;
  kit::begin_scroll(ui, "consent.about", -buttons);
  kit::begin_column(ui, 520);
  who(ui, s);
  kit::space(ui, kit::measure::kGap);
  kit::title(ui, "consent.title", kit::tr("consent.title"));
  // What is asked stands before why: a long reason must not push a right out of sight.
  const float top = ImGui::GetWindowPos().y, bottom = top + ImGui::GetWindowSize().y;
  for (const Right right : kRightsInOrder) {
    if (!asked.has(right)) continue;
    bool on = state.ticked.has(right);
    const std::string id = std::string("consent.right.") + name_of(right);
    const float from = ImGui::GetCursorScreenPos().y;
    if (kit::check(ui, id, right_name(right), on, right_detail(right))) {
      state.ticked = on ? state.ticked | right : state.ticked - right;
      // Steering what nobody may see makes no sense: the one needs the other.
      if (right == Right::See && !on) state.ticked = state.ticked - Right::Control - Right::Point;
      if ((right == Right::Control || right == Right::Point) && on && asked.has(Right::See))
        state.ticked = state.ticked | Right::See;
    }
    // Nobody allows what he has not seen: half of a row tells what it is.
    if (from >= top - 1 && (from + ImGui::GetItemRectMax().y) / 2 <= bottom) state.rights_seen = state.rights_seen | right;
  }
  kit::space(ui, kit::measure::kGrid);
  if (!ask.reason.empty()) kit::text(ui, "consent.reason", kit::tr("consent.reason", ask.reason));
  else kit::text(ui, "consent.no_reason", kit::tr("consent.no_reason"), {.tone = kit::Tone::Warning});
  monitors(ui, s, state);
  if (!state.kiosk && asked.has(Right::See)) {
    kit::space(ui, kit::measure::kGrid);
    if (kit::button(ui, "consent.hide", hidden_text(s.hidden), {.icon = kit::icon::kEyeSlash, .width = kit::kFill})) state.hide_open = true;
  }
  kit::space(ui);
  called(ui, state);
  kit::muted(ui, "consent.how_long", kit::tr("consent.how_long"));
  kit::end_column(ui);
  kit::end_scroll(ui);
  kit::separator(ui);
  kit::begin_column(ui, 520);
  kit::space(ui, kit::measure::kGrid);
  const auto decide = [&](Rights granted) {
    out.push_back(session::DecideAsk{ask.id, granted, state.monitor_id, to_us(ui.now())});
  };
  if (more_height > 0) kit::icon_text(ui, "consent.more", kit::icon::kDown, more, more_style);
  kit::icon_text(ui, "consent.fraud", kit::icon::kWarning, fraud, fraud_style);
  // The same size and the same weight for both, side by side: neither is the easier one.
  const float half = std::floor((kit::width_left(ui) - ui.px(kit::measure::kTight)) / 2);
  if (kit::button(ui, "consent.not_now", kit::tr("consent.not_now"), {.icon = kit::icon::kCross, .width = half}))
    decide({});
  kit::beside(ui);
  if (kit::button(ui, "consent.allow", kit::tr("consent.allow"),
                  {.icon = kit::icon::kCheck, .enabled = seen && !(state.ticked & asked).empty(), .width = half}))
    decide(state.ticked & asked);
  kit::end_column(ui);
  if (first || state.rights_seen.bits != known.bits) ui.wants().at(ui.now());
  kit::end_screen(ui);
}

}  // namespace beside::views
