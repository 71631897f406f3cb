// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <cmath>

#include "ui/kit/catalogue.h"
#include "ui/kit/fonts.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/format.h"

// What the person keeps to himself: windows by their titles, monitors, places that he draws. Nothing of the list leaves this
// window but numbers.
namespace beside::views {
namespace {

constexpr std::size_t kLongestTitle = 72;   // characters

std::string short_title(const std::string& title) {
  std::size_t at = 0, characters = 0;
  while (at < title.size() && characters < kLongestTitle) {
    (void)kit::next_code_point(title, at);
    ++characters;
  }
  return at < title.size() ? title.substr(0, at) + "\u2026" : title;
}

template <typename T>
void put(std::vector<T>& list, const T& what, bool in) {
  std::erase(list, what);
  if (in) list.push_back(what);
}

template <typename T>
bool has(const std::vector<T>& list, const T& what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

void heading_of(kit::Ui& ui, const char* id, const char* key) {
  kit::space(ui, kit::measure::kGap);
  kit::text(ui, id, kit::tr(key), {.face = kit::Face::Strong});
}

}  // namespace

std::string hidden_text(const HiddenParts& hidden) {
  if (hidden.only_window != 0) return kit::tr("hide.one_window");
  const std::size_t count = hidden.windows.size() + hidden.monitors.size() + hidden.areas.size();
  return count == 0 ? kit::tr("hide.open") : kit::trn("hide.count", count);
}

void draw_hide(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out, CustomerWishes& wishes) {
  wishes.list_windows = true;
  HiddenParts parts = s.hidden;
  kit::begin_screen(ui, "hide", {.padding = kit::measure::kGap});
  const float foot = ui.target() + ui.px(20);
  kit::begin_scroll(ui, "hide.body", -foot);
  kit::begin_column(ui, 520);
  kit::title(ui, "hide.title", kit::tr("hide.title"));
  kit::text(ui, "hide.explain", kit::tr("hide.explain"));

  // All, or one window: told apart before anything else, as the one leaves little to hide.
  kit::space(ui, kit::measure::kGrid);
  const bool one = parts.only_window != 0 || state.choosing_window;
  if (kit::radio(ui, "hide.everything", kit::tr("hide.everything"), !one)) {
    parts.only_window = 0;
    state.choosing_window = false;
  }
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() - ui.px(kit::measure::kTight));
  if (kit::radio(ui, "hide.one", kit::tr("hide.one"), one, kit::tr("hide.one_detail"))) state.choosing_window = true;
  heading_of(ui, "hide.windows", one ? "hide.which_window" : "hide.windows");
  if (state.windows.empty()) kit::muted(ui, "hide.no_windows", kit::tr("hide.no_windows"));
  const bool open = std::any_of(state.windows.begin(), state.windows.end(), [&](const WindowChoice& w) { return w.id == parts.only_window; });
  if (parts.only_window != 0 && !open && !state.windows.empty())
    kit::icon_text(ui, "hide.closed", kit::icon::kWarning, kit::tr("hide.closed"), {.tone = kit::Tone::Warning});
  for (const WindowChoice& w : state.windows) {
    if (one) {
      if (kit::radio(ui, "hide.only." + std::to_string(w.id), short_title(w.title), parts.only_window == w.id)) parts.only_window = w.id;
      continue;
    }
    bool on = has(parts.windows, w.id);
    if (kit::check(ui, "hide.window." + std::to_string(w.id), short_title(w.title), on)) {
      // Windows that are gone are forgotten by the way: their numbers may become another's.
      std::erase_if(parts.windows, [&](std::uint32_t id) {
        return std::none_of(state.windows.begin(), state.windows.end(), [&](const WindowChoice& other) { return other.id == id; });
      });
      put(parts.windows, w.id, on);
    }
  }
  if (one && parts.only_window == 0) kit::muted(ui, "hide.none_yet", kit::tr("hide.none_yet"));
  if (!one && s.layout.monitors.size() > 1) {
    heading_of(ui, "hide.monitors", "hide.monitors");
    for (const MonitorInfo& m : s.layout.monitors) {
      bool on = has(parts.monitors, m.name);
      if (kit::check(ui, "hide.monitor." + std::to_string(m.id), monitor_text(m), on)) put(parts.monitors, m.name, on);
    }
  }
  heading_of(ui, "hide.areas", "hide.areas");
  for (std::size_t i = 0; i < s.hidden.areas.size(); ++i) {
    const Rect& r = s.hidden.areas[i];
    const std::string id = "hide.area." + std::to_string(i);
    bool on = true;
    if (kit::check(ui, id, kit::tr("hide.area", r.width, r.height, r.x, r.y), on)) put(parts.areas, r, on);
  }
  if (!s.hidden.areas.empty()) kit::muted(ui, "hide.framed", kit::tr("hide.framed"));
  if (state.drawing_area) {
    kit::icon_text(ui, "hide.drawing", kit::icon::kPencil, kit::tr("hide.drawing"), {.face = kit::Face::Strong, .tone = kit::Tone::Accent});
  } else if (kit::button(ui, "hide.draw", kit::tr("hide.draw"), {.icon = kit::icon::kPencil, .width = kit::kFill})) {
    wishes.draw_area = true;
  }
  kit::space(ui, kit::measure::kGap);
  kit::muted(ui, "hide.previews", kit::tr("hide.previews"));
  kit::end_column(ui);
  kit::end_scroll(ui);
  kit::begin_column(ui, 520);
  kit::space(ui, kit::measure::kTight);
  const float half = std::floor((kit::width_left(ui) - ui.px(kit::measure::kTight)) / 2);
  if (kit::button(ui, "hide.done", kit::tr("hide.done"), {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kCheck, .width = half})) state.hide_open = state.choosing_window = false;
  kit::beside(ui);
  // Stop is in view wherever something may be shared.
  if (kit::button(ui, "panel.stop", kit::tr("panel.stop"), {.kind = kit::ButtonKind::Danger, .icon = kit::icon::kStop, .width = half}))
    out.push_back(session::StopSession{});
  kit::end_column(ui);
  kit::end_screen(ui);
  if (!(parts == s.hidden)) out.push_back(session::HideParts{parts});
}

}  // namespace beside::views
