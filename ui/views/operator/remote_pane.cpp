// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"
#include "ui/views/shared/format.h"
#include "ui/views/shared/notices.h"

namespace beside::views {

using kit::tr;
using session::SessionStage;
using session::SessionView;

namespace {

constexpr milliseconds kBeforeDots{700};
constexpr std::size_t kMostReason = 200;   // bytes, as OperatorSession::ask() sends
constexpr std::array<Right, 3> kOffered = {Right::See, Right::Point, Right::Control};

void ask(OperatorState& state, Rights rights) {
  state.ask_rights = rights;
  state.ask_open = true;
}

void head_line(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state) {
  ImGui::GetWindowDrawList()->AddRectFilled({area.x, area.y + area.height - std::max(1.0F, ui.scale())}, {area.x + area.width, area.y + area.height}, kit::packed(ui.theme().line));
  const float y = area.y + ui.px(4);
  // The right end is measured first. The badges shrink to their marks before anything goes; in a very narrow pane latency goes, then
  // the minutes, then the name shrinks, then the marks go.
  const kit::TextStyle small{.size = kit::Size::Small, .tone = kit::Tone::Muted};
  const std::string time = minutes_text(kit::minutes_since(ui.wants(), s.started_at, ui.now()));
  const std::string lag = s.media.rtt_ms >= 0 && !line_silent(s) ? tr("op.rtt", s.media.rtt_ms) : std::string();
  const float time_width = kit::measure_text(ui, time, small).width, lag_width = lag.empty() ? 0 : kit::measure_text(ui, lag, small).width + ui.px(14);
  const bool words = area.width >= ui.px(620);
  const kit::TextStyle strong{.face = kit::Face::Strong};
  const std::string end = words ? tr("op.end_short") : std::string();
  const float side = ui.px(32), end_width = words ? kit::measure_text(ui, end, {}).width + ui.px(58) : side + ui.px(16);
  const float edge = area.x + area.width - ui.px(10);
  const float figures_end = edge - end_width - ui.px(4) - side - ui.px(10), left = area.x + ui.px(12), mark = ui.px(40);
  const std::string name = session_title(s);
  const float whole_name = kit::measure_text(ui, name, strong).width + ui.px(4);
  const auto badges = std::count_if(kOffered.begin(), kOffered.end(), [&](Right each) { return s.granted.has(each); }) + (s.hidden.any() && s.granted.has(Right::See) ? 1 : 0);
  const float marks = mark * static_cast<float>(std::max<std::ptrdiff_t>(badges, 1)) + ui.px(12);
  const float room = figures_end - left - marks - std::min(whole_name, ui.px(120));
  const bool show_lag = !lag.empty() && room >= lag_width + time_width;
  const bool show_time = show_lag || room >= time_width;
  const float figures = figures_end - (show_lag ? lag_width : 0) - (show_time ? time_width : 0);
  ImGui::SetCursorScreenPos({area.x + ui.px(12), y + ui.px(6)});
  const float name_width = std::min({whole_name, area.width * 0.3F, std::max(figures - left - marks, ui.px(48))});
  kit::elided(ui, "pane.name", name, name_width, {.face = kit::Face::Strong});
  float x = area.x + ui.px(12) + name_width + ui.px(12);
  ImGui::SetCursorScreenPos({x, y + ui.px(4)});
  bool first = true;
  float full = 0, brief = 0;
  const auto brief_name = [](Right right) { return tr(std::string("op.right_short_") + name_of(right)); };
  for (const Right right : kOffered) {
    if (!s.granted.has(right)) continue;
    full += kit::measure_text(ui, right_name(right), {.face = kit::Face::Strong, .size = kit::Size::Small}).width + ui.px(48);
    brief += kit::measure_text(ui, brief_name(right), {.face = kit::Face::Strong, .size = kit::Size::Small}).width + ui.px(48);
  }
  for (const Right right : kOffered) {
    if (!s.granted.has(right)) continue;
    if ((first ? x : ImGui::GetItemRectMax().x + ui.px(6)) + mark > figures) break;
    if (!first) kit::beside(ui, 6);
    first = false;
    const bool paused = s.paused.has(right) || (right == Right::Control && s.control_paused_by_customer);
    kit::badge(ui, std::string("pane.right_") + name_of(right), x + full < figures ? right_name(right) : x + brief < figures ? brief_name(right) : std::string(), paused ? kit::Tone::Warning : kit::Tone::Accent, paused ? kit::icon::kPause : right_icon(right));
  }
  const float badges_end = first ? x : ImGui::GetItemRectMax().x + ui.px(6);
  if (s.hidden.any() && s.granted.has(Right::See) && badges_end + mark <= figures) {
    kit::beside(ui, 6);
    const std::string told = tr(s.hidden.one_window ? "op.one_window" : "op.hidden");
    const float hidden_width = kit::measure_text(ui, told, {.face = kit::Face::Strong, .size = kit::Size::Small}).width + ui.px(48);
    const bool whole = ImGui::GetCursorScreenPos().x + hidden_width < figures;
    kit::badge(ui, "pane.hidden", whole ? told : std::string(), kit::Tone::Normal, kit::icon::kEyeSlash);
    if (s.hidden.one_window) kit::tooltip(ui, tr("op.one_window_tip"));
    else kit::tooltip(ui, tr("op.hidden_tip", kit::trn("op.hidden_windows", s.hidden.windows), kit::trn("op.hidden_monitors", s.hidden.monitors), kit::trn("op.hidden_areas", s.hidden.areas)));
  }
  const bool talk_whole = x + kit::measure_text(ui, tr("op.state_talk"), {.face = kit::Face::Strong, .size = kit::Size::Small}).width + ui.px(48) < figures;
  if (badges == 0) kit::badge(ui, "pane.talk_only", talk_whole ? tr("op.state_talk") : std::string(), kit::Tone::Normal, kit::icon::kChat);
  if (show_time) {
    kit::text_at(ui, figures, y + ui.px(8), time, small);
    ui.map().add({.label = "pane.minutes", .role = kit::Role::Text, .rect = {static_cast<int>(figures), static_cast<int>(y), static_cast<int>(time_width), static_cast<int>(side)}, .text = time});
  }
  if (show_lag) {
    const bool slow = s.media.rtt_ms > 250;
    kit::text_at(ui, figures + time_width + ui.px(14), y + ui.px(8), lag, {.size = kit::Size::Small, .tone = slow ? kit::Tone::Warning : kit::Tone::Muted});
    ui.map().add({.label = "pane.latency", .role = kit::Role::Text, .rect = {static_cast<int>(figures + time_width + ui.px(14)), static_cast<int>(y), static_cast<int>(lag_width - ui.px(14)), static_cast<int>(side)}, .text = lag});
  }
  ImGui::SetCursorScreenPos({edge - end_width - ui.px(4) - side, y});
  if (kit::icon_button(ui, "pane.details", kit::icon::kInfo, tr("op.toggle_details") + "  " + keys_text(state, "Ctrl+D"), {.selected = state.narrow ? state.details_over : !state.details_hidden})) toggle_details(state);
  ImGui::SetCursorScreenPos({edge - end_width, y});
  if (kit::button(ui, "pane.end", end, {.kind = kit::ButtonKind::Alarm, .icon = kit::icon::kSignOut, .width = end_width, .tip = tr("op.end_session")})) state.confirm_end = true;
}

// Without the right to see there is no picture: the place says what can be asked for.
void no_picture(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state, OperatorOut& out) {
  ImGui::SetCursorScreenPos({area.x, area.y + std::max(ui.px(12), area.height * 0.2F)});
  kit::begin_column(ui, 440);
  if (s.offered.empty()) {
    const std::string system[] = {s.peer.system.empty() ? "?" : s.peer.system};
    const NoticeText why = notice_text(session::NoticeKind::PeerCannotShare, system);
    kit::title(ui, "pane.cannot_title", why.title, kit::Align::Centre);
    kit::space(ui, 8);
    kit::text(ui, "pane.cannot_what", why.sentence, {.align = kit::Align::Centre});
    kit::space(ui, 4);
    kit::text(ui, "pane.cannot_do", why.action, {.tone = kit::Tone::Muted, .align = kit::Align::Centre});
  } else if (!s.asked.empty()) {
    kit::title(ui, "pane.asked_title", tr("op.asked_title"), kit::Align::Centre);
    kit::space(ui, 8);
    kit::text(ui, "pane.asked_what", tr("op.asked_what"), {.tone = kit::Tone::Muted, .align = kit::Align::Centre});
    kit::space(ui, 16);
    if (kit::button(ui, "pane.withdraw", tr("op.withdraw"), {.width = kit::kFill})) out.emplace_back(session::WithdrawAsk{s.local_id});
  } else {
    const bool refused = !s.refused.empty();
    kit::title(ui, "pane.no_see_title", tr(refused ? "op.refused_title" : "op.no_see_title"), kit::Align::Centre);
    kit::space(ui, 8);
    kit::text(ui, "pane.no_see_what", tr(refused ? "op.refused_what" : "op.no_see_what"), {.tone = kit::Tone::Muted, .align = kit::Align::Centre});
    kit::space(ui, 16);
    if (kit::button(ui, "pane.ask_see", tr("op.ask_see"), {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kEye, .width = kit::kFill, .height = ui.px(40)})) ask(state, Rights(Right::See));
    kit::space(ui, 6);
    if (kit::button(ui, "pane.ask_control", tr("op.ask_see_control"), {.icon = kit::icon::kKeyboard, .width = kit::kFill, .height = ui.px(40)})) ask(state, Right::See | Right::Control);
  }
  kit::end_column(ui);
}

void veil(kit::Ui& ui, const RemoteViewState& shown, const Area& area, const std::string& words) {
  const float width = std::min(area.width - ui.px(24), ui.px(420));
  const kit::TextStyle style{.face = kit::Face::Strong, .align = kit::Align::Left};
  const kit::Extent e = kit::measure_text(ui, words, style, width - ui.px(56));
  const float high = e.height + ui.px(24), wide = e.width + ui.px(56);
  const float cx = shown.has_picture ? shown.shown_x + shown.shown_width / 2 : area.x + area.width / 2;
  const float cy = shown.has_picture ? shown.shown_y + shown.shown_height / 2 : area.y + area.height / 2;
  const float x = std::max(area.x + ui.px(4), cx - wide / 2), y = cy - high / 2;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled({x, y}, {x + wide, y + high}, kit::packed(ui.theme().warning_soft), ui.px(kit::measure::kRounding));
  list->AddRect({x, y}, {x + wide, y + high}, kit::packed(ui.theme().warning), ui.px(kit::measure::kRounding));
  kit::text_at(ui, x + ui.px(14), y + ui.px(12), kit::icon::kWarning, {.tone = kit::Tone::Warning});
  kit::text_at(ui, x + ui.px(40), y + ui.px(12), words, style, e.width + 1);
  ui.map().add({.label = "pane.veil", .role = kit::Role::Text, .rect = {static_cast<int>(x), static_cast<int>(y), static_cast<int>(wide), static_cast<int>(high)}, .text = words});
}

void toolbar(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state, SessionUi& mine, OperatorOut& out) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled({area.x, area.y}, {area.x + area.width, area.y + area.height}, kit::packed(ui.theme().surface));
  list->AddRectFilled({area.x, area.y}, {area.x + area.width, area.y + std::max(1.0F, ui.scale())}, kit::packed(ui.theme().line));
  ImGui::SetCursorScreenPos({area.x + ui.px(8), area.y + ui.px(6)});
  const bool wide = area.width > ui.px(720);
  const auto label = [&](const char* key) { return wide ? tr(key) : std::string(); };
  const bool see = s.granted.has(Right::See), control = s.granted.has(Right::Control), point = s.granted.has(Right::Point);
  const bool nothing_left = std::all_of(kOffered.begin(), kOffered.end(), [&](Right right) { return s.granted.has(right); });
  const bool withdraw = !s.asked.empty() && see;   // without a picture the page itself offers it
  const bool show_ask = wide || !withdraw;         // it can do nothing meanwhile
  if (show_ask && kit::button(ui, "tool.ask", label("op.ask"), {.kind = s.asked.empty() ? kit::ButtonKind::Primary : kit::ButtonKind::Quiet, .icon = kit::icon::kPlus, .enabled = s.asked.empty() && !nothing_left, .tip = tr(nothing_left ? "op.ask_nothing_left" : "op.ask_tip")})) {
    Rights wanted;
    for (const Right right : kOffered) {
      if (wanted.empty() && !s.granted.has(right)) wanted = Rights(right);
    }
    ask(state, wanted);
  }
  if (withdraw) {
    if (show_ask) kit::beside(ui);
    if (kit::button(ui, "tool.withdraw", label("op.withdraw"), {.kind = kit::ButtonKind::Plain, .icon = wide ? kit::icon::kNone : kit::icon::kCross, .tip = wide ? std::string() : tr("op.withdraw")})) out.emplace_back(session::WithdrawAsk{s.local_id});
  }
  if (!see) return;
  kit::beside(ui);
  const bool fitted = mine.fit == RemoteFit::Fitted;
  if (kit::button(ui, "tool.fit", fitted ? label("op.fitted") : label("op.one_to_one"), {.kind = kit::ButtonKind::Plain, .icon = fitted ? kit::icon::kCompress : kit::icon::kExpand, .tip = tr("op.toggle_fit") + "  " + keys_text(state, "F11")})) {
    mine.fit = fitted ? RemoteFit::OneToOne : RemoteFit::Fitted;
  }
  if (s.layout.monitors.size() > 1) {
    kit::beside(ui);
    if (kit::button(ui, "tool.monitor", label("op.monitor"), {.kind = kit::ButtonKind::Plain, .icon = kit::icon::kMonitor, .tip = tr("op.monitor_tip")})) kit::open_popup(ui, "tool.monitor_menu");
    if (kit::begin_popup(ui, "tool.monitor_menu")) {
      if (kit::menu_item(ui, "tool.monitor_0", tr("op.whole_desktop"), kit::icon::kNone, true, s.monitor_id == 0)) out.emplace_back(session::ChooseMonitor{s.local_id, 0});
      for (const MonitorInfo& m : s.layout.monitors) {
        if (kit::menu_item(ui, "tool.monitor_" + std::to_string(m.id), monitor_text(m), kit::icon::kNone, true, s.monitor_id == m.id)) out.emplace_back(session::ChooseMonitor{s.local_id, m.id});
      }
      kit::end_popup(ui);
    }
  }
  if (point && control) {
    kit::beside(ui);
    if (kit::button(ui, "tool.point", label("op.point"), {.kind = kit::ButtonKind::Plain, .icon = kit::icon::kPointer, .selected = mine.pointing, .tip = tr("op.point_tip")})) mine.pointing = !mine.pointing;
  }
  if (control) {
    kit::beside(ui);
    if (kit::button(ui, "tool.keys", label("op.keys"), {.kind = kit::ButtonKind::Plain, .icon = kit::icon::kKeyboard, .tip = tr("op.keys_tip")})) kit::open_popup(ui, "tool.keys_menu");
    if (kit::begin_popup(ui, "tool.keys_menu")) {
      for (const Chord& chord : chords()) {
        if (kit::menu_item(ui, std::string("tool.send_") + chord.id, tr(chord.label))) send_chord(s, chord, out);
      }
      kit::separator(ui);
      if (kit::menu_item(ui, "tool.grab", tr("op.grab_keys"), kit::icon::kNone, true, mine.grab_system_keys)) mine.grab_system_keys = !mine.grab_system_keys;
      kit::end_popup(ui);
    }
  }
  kit::beside(ui);
  if (ImGui::GetCursorScreenPos().x + 3 * ui.target() + ui.px(4 + 4 + 8) > area.x + area.width) {
    if (kit::icon_button(ui, "tool.more", kit::icon::kMore, tr("op.more"))) kit::open_popup(ui, "tool.more_menu");
    if (kit::begin_popup(ui, "tool.more_menu")) {
      if (kit::menu_item(ui, "tool.more_refresh", tr("op.refresh"), kit::icon::kRefresh)) out.emplace_back(session::RefreshPicture{s.local_id});
      if (kit::menu_item(ui, "tool.more_screenshot", tr("op.screenshot"), kit::icon::kCamera)) out.emplace_back(session::TakeScreenshot{s.local_id, false});
      if (kit::menu_item(ui, "tool.more_ladder", tr("op.ladder"), kit::icon::kSignal, true, state.ladder_open)) state.ladder_open = !state.ladder_open;
      kit::end_popup(ui);
    }
    return;
  }
  if (kit::icon_button(ui, "tool.refresh", kit::icon::kRefresh, tr("op.refresh") + "  " + keys_text(state, "F5"))) out.emplace_back(session::RefreshPicture{s.local_id});
  kit::beside(ui, 4);
  if (kit::icon_button(ui, "tool.screenshot", kit::icon::kCamera, tr("op.screenshot") + "  " + keys_text(state, "F9"))) out.emplace_back(session::TakeScreenshot{s.local_id, false});
  kit::beside(ui, 4);
  if (kit::icon_button(ui, "tool.ladder", kit::icon::kSignal, tr("op.ladder") + "  " + keys_text(state, "F12"), {.selected = state.ladder_open})) state.ladder_open = !state.ladder_open;
}

// Who has the pointer and the keys, decided from this frame's mouse and keys.
RemoteView view_of(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state, SessionUi& mine) {
  RemoteView view;
  view.session = s.local_id;
  view.x = area.x;
  view.y = area.y;
  view.width = area.width;
  view.height = area.height;
  view.fit = mine.fit;
  view.layout_generation = s.layout.generation;
  view.monitor_id = s.monitor_id;
  view.grab_system_keys = mine.grab_system_keys;
  const bool usable = s.stage == SessionStage::Live;
  const bool control = usable && s.granted.has(Right::Control) && !s.paused.has(Right::Control) && !mine.pointing;
  const bool point = usable && s.granted.has(Right::Point) && !s.paused.has(Right::Point);
  view.input = control ? RemoteInput::Control : point ? RemoteInput::Point : RemoteInput::None;
  view.covered = mine.on_picture;
  const ImVec2 pointer = ImGui::GetIO().MousePos;
  view.hovered = !view.is_covered(pointer.x, pointer.y) && ui.layer_active() && ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem) && ImGui::IsMouseHoveringRect({area.x, area.y}, {area.x + area.width, area.y + area.height});
  constexpr int kNumbers[] = {1, 3, 2, 8, 9};   // ImGui: left, right, middle, back, forward
  for (int button = 0; button < 5; ++button) {
    if (ImGui::IsMouseClicked(button)) view.clicked |= 1U << kNumbers[button];
  }
  const bool tabbed = ui.tab_stop("remote") && !state.leave_remote;
  const bool clicked = ImGui::IsMouseClicked(0);
  if (view.input == RemoteInput::Control) {
    if (view.hovered && clicked) ui.take_focus("remote");
    const bool nothing_else = ui.focused("remote") || ui.focused_id().empty();
    view.take_focus = (view.hovered && clicked) || (tabbed && ui.just_focused("remote")) || (mine.keys_back && nothing_else);
    view.release_focus = state.leave_remote || !ui.layer_active() || (clicked && !view.hovered);
    mine.keys_back = false;
  } else if (usable && !s.paused.has(Right::Control)) {
    mine.keys_back = false;   // by a person, not by the line
  } else if (state.remote_focused) {
    mine.keys_back = true;
  }
  if (state.leave_remote) ui.focus("tool.ask");
  state.leave_remote = false;
  if (!veil_text(s).empty()) view.veil = 0.45F;
  return view;
}

// The notice, the ladder and what tells of a kept picture lie on the picture: what comes and goes must move nothing under the
// operator's hand. What lies under them is not the customer's to be clicked.
void cards(kit::Ui& ui, const Area& picture, bool notice, bool ladder, const SessionView& s, SessionUi& mine, OperatorOut& out) {
  kit::begin_overlay(ui, picture.x, picture.y, picture.width, picture.height);
  std::vector<Rect> now;
  Area left = picture, right = picture;
  const float beside_ladder = picture.width - ui.px(360 + 12);
  if (ladder && beside_ladder >= ui.px(320)) left.width = beside_ladder;
  if (notice) {
    const float width = std::max(std::min(left.width - ui.px(24), ui.px(560)), 1.0F), x = left.x + ui.px(12), y = left.y + ui.px(8);
    ImGui::SetCursorScreenPos({x, y});
    kit::begin_column(ui, width / ui.scale(), kit::Align::Left);
    if (draw_operator_notice(ui, "pane.notice", s.notice)) out.emplace_back(session::DismissNotice{s.notice.id});
    const float used = ImGui::GetCursorScreenPos().y - y;
    kit::end_column(ui);
    now.push_back({static_cast<int>(x), static_cast<int>(y), static_cast<int>(std::ceil(width)), static_cast<int>(std::ceil(used))});
    left.y += used + ui.px(8);
  }
  if (const Rect kept = draw_kept(ui, left, s, mine, out); !kept.empty()) now.push_back(kept);
  if (ladder) {
    if (left.width == picture.width && !now.empty()) right.y = static_cast<float>(now.back().bottom());
    now.push_back(draw_ladder(ui, right, s));
  }
  kit::end_overlay(ui);
  if (now != mine.on_picture) ui.wants().at(ui.now());   // the picture's pointer must know
  mine.on_picture = std::move(now);
}

}  // namespace

void draw_remote_pane(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  SessionUi& mine = state.sessions[s.local_id];
  kit::begin_screen(ui, "pane", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 0});
  const float head = ui.px(40), tools = ui.px(45);
  head_line(ui, {area.x, area.y, area.width, head}, s, state);
  Area picture{area.x, area.y + head, area.width, std::max(area.height - head - tools, 1.0F)};
  const bool notice = s.notice.kind != session::NoticeKind::None && s.notice.kind != session::NoticeKind::PeerCannotShare;   // that stands in the picture's place
  const bool see = s.granted.has(Right::See);
  if (notice && !see) {
    ImGui::SetCursorScreenPos({picture.x + ui.px(12), picture.y + ui.px(8)});
    kit::begin_column(ui, picture.width / ui.scale() - 24);
    if (draw_operator_notice(ui, "pane.notice", s.notice)) out.emplace_back(session::DismissNotice{s.notice.id});
    kit::end_column(ui);
    const float used = std::min(ImGui::GetCursorScreenPos().y - picture.y + ui.px(4), picture.height / 2);
    picture.y += used;
    picture.height -= used;
  }
  if (see) {
    // Behind the picture a calm dark ground in every theme, as around a photograph: what is not picture steps back.
    ImGui::GetWindowDrawList()->AddRectFilled({picture.x, picture.y}, {picture.x + picture.width, picture.y + picture.height}, kit::packed(ui.theme().stage));
    const RemoteView view = view_of(ui, picture, s, state, mine);
    mine.picture_hovered = view.hovered;
    RemoteViewState shown;
    if (host.draw_remote) shown = host.draw_remote(view);
    state.remote_focused = shown.focused;
    if (shown.has_picture) mine.waiting_since = {};
    const Rect rect{static_cast<int>(picture.x), static_cast<int>(picture.y), static_cast<int>(picture.width), static_cast<int>(picture.height)};
    ui.map().add({.label = "remote", .role = kit::Role::Image, .rect = rect, .focused = shown.focused, .tab_stop = true});
    if (shown.has_picture) {
      ui.map().add({.label = "remote.picture", .role = kit::Role::Image,
                    .rect = {static_cast<int>(shown.shown_x), static_cast<int>(shown.shown_y), static_cast<int>(shown.shown_width), static_cast<int>(shown.shown_height)},
                    .text = std::to_string(shown.picture_width) + "x" + std::to_string(shown.picture_height)});
    }
    if (shown.focused) {
      ImGui::GetWindowDrawList()->AddRect({picture.x + 1, picture.y + 1}, {picture.x + picture.width - 1, picture.y + picture.height - 1}, kit::packed(ui.theme().accent), 0, 0, ui.px(2));
    }
    if (const std::string words = veil_text(s); !words.empty()) {
      veil(ui, shown, picture, words);
    } else if (!shown.has_picture) {
      const std::string waiting = tr("op.waiting_picture");
      const kit::Extent e = kit::measure_text(ui, waiting, {});
      kit::text_at(ui, picture.x + (picture.width - e.width) / 2, picture.y + picture.height / 2 - e.height, waiting, {.tone = kit::Tone::OnStage});
      // What moves while the first picture is on its way would only keep it waiting: on a software device a frame takes long.
      if (mine.waiting_since == LocalTime{}) mine.waiting_since = ui.now();
      if (ui.now() - mine.waiting_since >= kBeforeDots) {
        ImGui::SetCursorScreenPos({picture.x + picture.width / 2 - ui.px(20), picture.y + picture.height / 2 + ui.px(10)});
        kit::waiting_dots(ui, "pane.waiting");
      } else {
        ui.wants().at(mine.waiting_since + kBeforeDots);
      }
    } else if (s.control_paused_by_customer) {
      ImGui::SetCursorScreenPos({picture.x + ui.px(12), picture.y + ui.px(10)});
      kit::badge(ui, "pane.control_paused", tr("op.control_paused"), kit::Tone::Warning, kit::icon::kPause);
    }
  } else if (s.stage == SessionStage::Recovering) {
    veil(ui, {}, picture, veil_text(s));
  } else {
    no_picture(ui, picture, s, state, out);
  }
  cards(ui, picture, notice && see, state.ladder_open && see, s, mine, out);
  toolbar(ui, {area.x, area.y + area.height - tools, area.width, tools}, s, state, mine, out);
  kit::end_screen(ui);
}

void draw_ask_dialog(kit::Ui& ui, const SessionView& s, OperatorState& state, OperatorOut& out) {
  if (!kit::begin_dialog(ui, "ask", tr("op.ask_title", session_title(s)), state.ask_open, 460)) return;
  for (const Right right : kOffered) {
    if (s.granted.has(right)) continue;
    bool on = state.ask_rights.has(right);
    if (kit::check(ui, std::string("ask.") + name_of(right), right_name(right), on, tr(std::string("op.ask_detail_") + name_of(right)))) {
      state.ask_rights = on ? state.ask_rights | Rights(right) : state.ask_rights - Rights(right);
      // Whoever points or steers must see where.
      if (on && right != Right::See && !s.granted.has(Right::See)) state.ask_rights = state.ask_rights | Rights(Right::See);
    }
    kit::space(ui, 4);
  }
  kit::space(ui, 8);
  // A letter takes up to four bytes: one more may not fit.
  const std::string full = state.ask_reason.size() + 4 > kMostReason ? tr("op.ask_reason_full") : "";
  const std::string label = tr("op.ask_reason"), hint = tr("op.ask_reason_hint");
  const auto typed = kit::text_field(ui, "ask.reason", state.ask_reason, {.label = label, .hint = hint, .error = full, .max_bytes = kMostReason});
  kit::space(ui, 16);
  const Rights wanted = (state.ask_rights & kBuiltRights) - s.granted;
  // Who is asked wants to know why (PROTOCOL 6).
  const bool reasoned = state.ask_reason.find_first_not_of(' ') != std::string::npos;
  if (kit::button(ui, "ask.cancel", tr("op.cancel"))) state.ask_open = false;
  kit::beside(ui);
  const bool go = kit::button(ui, "ask.send", tr("op.ask_send"), {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kSend, .enabled = !wanted.empty() && reasoned});
  if ((go || typed.submitted) && !wanted.empty() && reasoned) {
    out.emplace_back(session::AskRights{s.local_id, wanted, state.ask_reason});
    state.ask_open = false;
    state.ask_reason.clear();
    state.ask_rights = {};
  }
  kit::end_dialog(ui);
}

}  // namespace beside::views
