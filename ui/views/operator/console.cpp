// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"
#include "ui/views/shared/format.h"
#include "ui/views/shared/notices.h"

namespace beside::views {

using kit::tr;
using session::SessionStage;
using session::SessionView;

namespace {

constexpr int kKeyF1 = 290;   // GLFW's number

// A key that works everywhere in the console: with or without Ctrl, and as a chord with Ctrl+Alt+Shift over the picture.
struct ConsoleKey {
  int key;
  bool control;
  const char* action;
  bool leaves;   // what it opens wants the keyboard
};
constexpr ConsoleKey kConsoleKeys[] = {
    {'N', true, "new_session", true}, {'H', true, "history", true}, {'D', true, "details", false}, {kKeyF1 + 4, false, "refresh", false},
    {kKeyF1 + 8, false, "screenshot", false}, {kKeyF1 + 10, false, "fit", false}, {kKeyF1 + 11, false, "ladder", false}};

// ShellEvents::local_chord's name of a GLFW key.
constexpr char chord_name(int key) {
  return key >= kKeyF1 ? static_cast<char>('a' + key - kKeyF1) : static_cast<char>(key);
}

constexpr seconds kRefusedToldFor{10};
constexpr double kWatchAgainS = 0.25;

void run_action(const char* id, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  for (const Action& action : operator_actions(snapshot, state, host)) {
    if (action.id == id) {
      action.run(state, out);
      return;
    }
  }
}

void open_palette(OperatorState& state) {
  state.palette_open = true;
  state.palette_query.clear();
  state.palette_at = -1;
}

void keys(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  const std::string chords = std::exchange(state.chords, {});
  const bool ours = !state.remote_focused;   // otherwise they are the customer's
  const auto pressed = [&](int key, bool control) { return (ours && ui.shortcut(key, control)) || chords.find(chord_name(key)) != std::string::npos; };
  if (pressed('K', true)) open_palette(state);
  for (const ConsoleKey& key : kConsoleKeys) {
    if (pressed(key.key, key.control)) run_action(key.action, snapshot, state, host, out);
  }
  for (std::size_t i = 0; i < snapshot.sessions.size() && i < 9; ++i) {
    if (pressed('1' + static_cast<int>(i), true)) {
      state.selected = snapshot.sessions[i].local_id;
      state.history_open = false;
    }
  }
  if (ours && ui.shortcut('Q', true)) run_action("quit", snapshot, state, host, out);
  if (ours && ui.shortcut('C', true, true)) run_action("copy_code", snapshot, state, host, out);
}

// A session that just appeared comes into view; one that went makes room for its neighbour.
void keep_selection(const session::OperatorSnapshot& snapshot, OperatorState& state) {
  if (snapshot.sessions.size() > state.known_sessions) {
    state.selected = snapshot.sessions.back().local_id;
    state.history_open = false;
  }
  state.known_sessions = snapshot.sessions.size();
  if (find_session(snapshot, state.selected) == nullptr) state.selected = snapshot.sessions.empty() ? 0 : snapshot.sessions.back().local_id;
}

// Quitting or signing out ends sessions: said before it happens.
void draw_leaving(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, OperatorOut& out) {
  const std::size_t live = live_sessions(snapshot);
  if (live == 0 && state.confirm_leaving) leave(snapshot, state, out, state.leaving);   // the last one ended meanwhile
  const bool quits = state.leaving == OperatorState::Leaving::Quit;
  if (!kit::begin_dialog(ui, "leave", tr(quits ? "op.leave_quit_title" : "op.leave_out_title"), state.confirm_leaving)) return;
  kit::text(ui, "leave.what", kit::trn("op.leave_what", live));
  kit::space(ui, 16);
  if (kit::button(ui, "leave.stay", tr("op.leave_stay"))) state.confirm_leaving = false;
  kit::beside(ui);
  if (kit::button(ui, "leave.do", tr(quits ? "op.leave_quit" : "op.leave_out"), {.kind = kit::ButtonKind::Danger}))
    leave(snapshot, state, out, state.leaving);
  kit::end_dialog(ui);
}

void top_bar(kit::Ui& ui, const Area& area, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  kit::begin_screen(ui, "top", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 8, .surface = true});
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float line = std::max(1.0F, ui.scale());
  list->AddRectFilled({area.x, area.y + area.height - line}, {area.x + area.width, area.y + area.height}, kit::packed(ui.theme().line));
  const float middle = area.y + (area.height - kit::measure_text(ui, "Beside", {.face = kit::Face::Strong, .size = kit::Size::Large}).height) / 2;
  kit::text_at(ui, area.x + ui.px(16), middle, "Beside", {.face = kit::Face::Strong, .size = kit::Size::Large, .tone = kit::Tone::Accent});
  float x = area.x + ui.px(16) + kit::measure_text(ui, "Beside", {.face = kit::Face::Strong, .size = kit::Size::Large}).width + ui.px(20);
  const float y = area.y + ui.px(8);
  ImGui::SetCursorScreenPos({std::max(x, area.x + ui.px(120)), y});
  const bool narrow = area.width < ui.px(860);
  if (kit::button(ui, "top.new_session", narrow ? std::string() : tr("op.new_session"), {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kPlus, .tip = "Ctrl+N"})) {
    run_action("new_session", snapshot, state, host, out);
  }
  kit::beside(ui);
  if (kit::button(ui, "top.history", narrow ? std::string() : tr("op.history"), {.kind = kit::ButtonKind::Plain, .icon = kit::icon::kHistory, .selected = state.history_open, .tip = "Ctrl+H"})) {
    run_action("history", snapshot, state, host, out);
  }
  kit::beside(ui);
  if (kit::button(ui, "top.palette", narrow ? std::string() : tr("op.palette_open"), {.kind = kit::ButtonKind::Plain, .icon = kit::icon::kSearch, .tip = "Ctrl+K"})) {
    open_palette(state);
  }
  // The right end: who is signed in. Placed from the edge, so measured first.
  const std::string who = snapshot.display_name.empty() ? snapshot.login : snapshot.display_name;
  const float name_width = std::min(kit::measure_text(ui, who).width, ui.px(180)) + ui.px(4);
  const float side = ui.px(32), gap = ui.px(8);
  float right = area.x + area.width - ui.px(12) - side;
  ImGui::SetCursorScreenPos({right, y});
  if (kit::icon_button(ui, "top.me", kit::icon::kDown, tr("op.account_menu"))) kit::open_popup(ui, "top.me_menu");
  if (kit::begin_popup(ui, "top.me_menu")) {
    if (kit::menu_item(ui, "top.sign_out", tr("op.sign_out"), kit::icon::kSignOut)) leave(snapshot, state, out, OperatorState::Leaving::SignOut);
    if (kit::menu_item(ui, "top.quit", tr("op.quit"), kit::icon::kCross, true, false, "Ctrl+Q")) leave(snapshot, state, out, OperatorState::Leaving::Quit);
    kit::end_popup(ui);
  }
  if (!narrow) {
    right -= name_width + gap;
    ImGui::SetCursorScreenPos({right, y + ui.px(7)});
    kit::elided(ui, "top.who", who, name_width);
    right -= side + gap;
    ImGui::SetCursorScreenPos({right, y});
    kit::avatar(ui, "top.avatar", who, side);
  }
  if (!snapshot.relay_up) {
    const std::string words = tr("op.relay_down");
    const float width = kit::measure_text(ui, words, {.face = kit::Face::Strong, .size = kit::Size::Small}).width + ui.px(48);
    ImGui::SetCursorScreenPos({right - width - gap, y + ui.px(5)});
    kit::badge(ui, "top.relay_down", words, kit::Tone::Warning, kit::icon::kPlug);
  }
  // Dialogs live in this region, so that their place in ImGui's stack of names never changes.
  draw_palette(ui, snapshot, state, host, out);
  draw_leaving(ui, snapshot, state, out);
  if (const SessionView* s = find_session(snapshot, state.selected)) {
    draw_ask_dialog(ui, *s, state, out);
    if (kit::begin_dialog(ui, "end", tr("op.end_title", session_title(*s)), state.confirm_end)) {
      kit::text(ui, "end.what", tr("op.end_what"));
      kit::space(ui, 16);
      if (kit::button(ui, "end.keep", tr("op.end_keep"))) state.confirm_end = false;
      kit::beside(ui);
      if (kit::button(ui, "end.do", tr("op.end_session"), {.kind = kit::ButtonKind::Danger})) {
        out.emplace_back(session::EndSession{s->local_id});
        state.confirm_end = false;
      }
      kit::end_dialog(ui);
    }
  }
  kit::end_screen(ui);
}

void nothing_open(kit::Ui& ui, const Area& area, const session::OperatorSnapshot& snapshot, OperatorOut& out) {
  kit::begin_screen(ui, "empty", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 24});
  kit::begin_column(ui, 460);
  kit::space(ui, std::max(16.0F, area.height / ui.scale() * 0.24F));
  kit::heading(ui, "empty.heading", tr("op.empty_title"), kit::Align::Centre);
  kit::space(ui, 8);
  kit::text(ui, "empty.what", tr("op.empty_what"), {.tone = kit::Tone::Muted, .align = kit::Align::Centre});
  kit::space(ui, 24);
  if (kit::button(ui, "empty.new_session", tr("op.new_session"),
                  {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kPlus, .enabled = snapshot.relay_up, .width = kit::kFill, .height = ui.px(48), .size = kit::Size::Large})) {
    out.emplace_back(session::NewSession{});
  }
  kit::space(ui, 8);
  kit::muted(ui, "empty.keys", tr("op.empty_keys"), kit::Align::Centre);
  kit::end_column(ui);
  kit::end_screen(ui);
}

}  // namespace

void draw_console(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  keep_selection(snapshot, state);
  keys(ui, snapshot, state, host, out);
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  const float top = ui.px(48), bottom = ui.px(30);
  state.narrow = size.x < ui.px(960);
  const SessionView* s = find_session(snapshot, state.selected);
  const bool live = s != nullptr && (s->stage == SessionStage::Live || s->stage == SessionStage::Recovering);
  const bool show_column = live && !state.history_open && (state.narrow ? state.details_over : !state.details_hidden);
  const bool show_list = size.x >= ui.px(640) && !(state.narrow && show_column);
  const float list_width = show_list ? ui.px(size.x >= ui.px(1600) ? 280 : 232) : 0;
  const float column_width = show_column ? ui.px(size.x >= ui.px(1600) ? 368 : 340) : 0;
  const float height = std::max(size.y - top - bottom, 1.0F);
  top_bar(ui, {0, 0, size.x, top}, snapshot, state, host, out);
  if (show_list) draw_session_list(ui, {0, top, list_width, height}, snapshot, state, host, out);
  Area centre{list_width, top, std::max(size.x - list_width - column_width, 1.0F), height};
  if (snapshot.notice.kind != session::NoticeKind::None) {
    // The relay's matters concern every session: a band over the middle.
    // As high as it was a frame before, since what stands below it must know.
    const float band = state.notice_height > 0 ? state.notice_height : ui.px(96);
    kit::begin_screen(ui, "console_notice", {.x = centre.x, .y = centre.y, .width = centre.width, .height = band, .padding = 12});
    if (draw_operator_notice(ui, "console.notice", snapshot.notice)) out.emplace_back(session::DismissNotice{snapshot.notice.id});
    const float wanted = std::min(ImGui::GetCursorScreenPos().y - centre.y + ui.px(4), height / 2);
    kit::end_screen(ui);
    if (wanted != state.notice_height) ui.wants().at(ui.now());
    state.notice_height = wanted;
    centre.y += band;
    centre.height -= band;
  }
  const bool picture = s != nullptr && !state.history_open && (s->stage == SessionStage::Live || s->stage == SessionStage::Recovering) && s->granted.has(Right::See);
  if (!picture) state.remote_focused = false;
  if (state.history_open && !state.history_file.empty()) {
    draw_past_session(ui, centre, snapshot, state, host);
  } else if (state.history_open) {
    draw_history(ui, centre, snapshot, state, host);
  } else if (s == nullptr) {
    nothing_open(ui, centre, snapshot, out);
  } else if (s->stage == SessionStage::WaitingForCustomer || s->stage == SessionStage::Securing) {
    draw_waiting(ui, centre, *s, state, host, out);
  } else if (s->stage == SessionStage::Ended) {
    draw_ended(ui, centre, *s, state, host, out);
  } else {
    draw_remote_pane(ui, centre, *s, state, host, out);
    if (show_column) draw_customer_column(ui, {size.x - column_width, top, column_width, height}, *s, state, out);
  }
  draw_status_bar(ui, {0, size.y - bottom, size.x, bottom}, snapshot, s, state);
}

void draw_status_bar(kit::Ui& ui, const Area& area, const session::OperatorSnapshot& snapshot, const SessionView* s, OperatorState& state) {
  kit::begin_screen(ui, "status", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 0, .surface = true});
  ImGui::GetWindowDrawList()->AddRectFilled({area.x, area.y}, {area.x + area.width, area.y + std::max(1.0F, ui.scale())}, kit::packed(ui.theme().line));
  const kit::TextStyle small{.size = kit::Size::Small, .tone = kit::Tone::Muted};
  const float y = area.y + (area.height - kit::measure_text(ui, "Ag", small).height) / 2;
  float x = area.x + ui.px(16);
  const auto part = [&](const char* id, const char* mark, const std::string& words, kit::Tone tone = kit::Tone::Muted) {
    if (words.empty() || x > area.x + area.width - ui.px(160)) return;
    ImGui::SetCursorScreenPos({x, y});
    kit::icon_text(ui, id, mark, words, {.size = kit::Size::Small, .tone = tone});
    x += kit::measure_text(ui, words, small).width + ui.px(46);
  };
  const bool live = s != nullptr && (s->stage == SessionStage::Live || s->stage == SessionStage::Recovering);
  if (live) {
    // Says the same as the veil over the picture, at the same moment.
    if (line_silent(*s)) {
      part("status.line", kit::icon::kWarning, tr("op.state_recovering"), kit::Tone::Warning);
    } else {
      const bool best = s->media.reason == session::RungReason::Best;
      part("status.rung", kit::icon::kSignal, rung_text(s->media.rung) + (best ? "" : ": " + rung_reason_text(s->media.reason)));
      if (s->media.peer_rung != session::Rung::None && s->media.peer_reason != session::RungReason::Best)
        part("status.peer_rung", kit::icon::kSignal, tr("op.peer_way", peer_way_text(s->media)));
    }
    if (s->media.rtt_ms >= 0 && !line_silent(*s)) part("status.rtt", kit::icon::kClock, tr("op.rtt", s->media.rtt_ms), s->media.rtt_ms > 250 ? kit::Tone::Warning : kit::Tone::Muted);
    if (s->media.most_fps > 0) {
      const std::string fewer = kit::trn("op.fewer_pictures", s->media.most_fps);
      part("status.quality", kit::icon::kSignal, s->media.video_scale > 1 ? tr("op.smaller_pictures", fewer) : fewer, kit::Tone::Warning);
    }
    if (s->media.width > 0) {
      part("status.size", kit::icon::kExpand, std::to_string(s->media.width) + " x " + std::to_string(s->media.height));
      kit::tooltip(ui, tr("op.ladder_marks"));   // where people look for how the picture is
    }
    for (const MonitorInfo& m : s->layout.monitors)
      if (s->layout.monitors.size() > 1 && m.id == s->monitor_id) part("status.monitor", kit::icon::kMonitor, tr("op.monitor") + " " + std::to_string(m.id));
    SessionUi& mine = state.sessions[s->local_id];
    if (s->refused_events != mine.refused_events) {
      mine.refused_events = s->refused_events;
      mine.refused_since = ui.now();
    }
    if (s->refused_events > 0 && ui.now() - mine.refused_since < kRefusedToldFor) {
      ui.wants().at(mine.refused_since + kRefusedToldFor);
      part("status.refused", kit::icon::kHand, kit::trn("op.refused_events", s->refused_events), kit::Tone::Warning);
    }
  } else {
    part("status.relay", snapshot.relay_pinned ? kit::icon::kLock : kit::icon::kGlobe,
         snapshot.relay_pinned ? tr("op.relay_pinned", snapshot.relay) : tr("op.relay_at", snapshot.relay));
  }
  const std::string hint = state.remote_focused ? tr("op.hint_leave") : tr("op.hint_palette");
  const float width = kit::measure_text(ui, hint, small).width;
  if (x + width + ui.px(24) < area.x + area.width) {
    kit::text_at(ui, area.x + area.width - width - ui.px(16), y, hint, {.size = kit::Size::Small, .tone = state.remote_focused ? kit::Tone::Accent : kit::Tone::Muted});
  }
  kit::end_screen(ui);
}

std::size_t live_sessions(const session::OperatorSnapshot& snapshot) {
  return static_cast<std::size_t>(std::count_if(snapshot.sessions.begin(), snapshot.sessions.end(), [](const SessionView& s) {
    return s.stage == session::SessionStage::Live || s.stage == session::SessionStage::Recovering;
  }));
}

void leave(const session::OperatorSnapshot& snapshot, OperatorState& state, OperatorOut& out, OperatorState::Leaving how) {
  const bool asked = state.confirm_leaving && state.leaving == how;
  if (live_sessions(snapshot) > 0 && !asked) {
    state.leaving = how;
    state.confirm_leaving = true;
    return;
  }
  state.confirm_leaving = false;
  if (how == OperatorState::Leaving::Quit) out.emplace_back(session::Quit{});
  else out.emplace_back(session::SignOut{});
}

void operator_chord(OperatorState& state, char key) {
  const bool opens = std::any_of(std::begin(kConsoleKeys), std::end(kConsoleKeys), [&](const ConsoleKey& k) { return k.leaves && chord_name(k.key) == key; });
  if (key == 'L' || key == 'K' || opens) state.leave_remote = true;
  state.chords += key;
}

std::string keys_text(const OperatorState& state, std::string_view keys) {
  std::string out;
  const bool chord = state.remote_focused && !keys.empty();
  if (chord) out = tr("op.key_ctrl") + "+Alt+" + tr("op.key_shift") + "+";
  for (std::size_t at = 0; at < keys.size();) {
    const std::size_t end = std::min(keys.find('+', at), keys.size());
    const std::string_view part = keys.substr(at, end - at);
    const bool modifier = part == "Ctrl" || part == "Shift";
    if (!modifier || !chord) {
      out += modifier ? tr(part == "Ctrl" ? "op.key_ctrl" : "op.key_shift") : std::string(part);
      if (end < keys.size()) out += '+';
    }
    at = end + 1;
  }
  return out;
}

OperatorOut draw_operator(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host) {
  OperatorOut out;
  // What a page before the console needs first has the keyboard.
  const bool address = snapshot.stage == session::OperatorStage::NeedAddress || state.change_address;
  const bool invited = snapshot.stage == session::OperatorStage::Redeem || state.redeeming;
  const char* const first = snapshot.stage == session::OperatorStage::Console ? "" : address ? "address.field" : invited ? "redeem.invitation" : "sign_in.login";
  if (state.first_field != first) {
    state.first_field = first;
    if (*first != '\0') ui.focus(first);
  }
  switch (snapshot.stage) {
    case session::OperatorStage::NeedAddress:
      draw_operator_address(ui, snapshot, state, out);
      break;
    case session::OperatorStage::SignIn:
    case session::OperatorStage::SigningIn:
      if (state.change_address) {
        draw_operator_address(ui, snapshot, state, out);
      } else if (state.redeeming) {
        draw_redeem(ui, snapshot, state, out);
      } else {
        draw_sign_in(ui, snapshot, state, out);
      }
      break;
    case session::OperatorStage::Redeem:
      draw_redeem(ui, snapshot, state, out);
      break;
    case session::OperatorStage::Console:
      state.redeeming = state.change_address = false;
      for (auto& [id, mine] : state.sessions) mine.picture_hovered = false;
      draw_console(ui, snapshot, state, host, out);
      for (auto& [id, mine] : state.sessions) {
        const ImGuiIO& io = ImGui::GetIO();
        const bool moved = mine.picture_hovered && (!mine.picture_entered || io.MouseDelta.x != 0 || io.MouseDelta.y != 0);
        mine.picture_entered = mine.picture_hovered;
        if (!moved || ImGui::GetTime() - mine.picture_watched_s < kWatchAgainS) continue;
        mine.picture_watched_s = ImGui::GetTime();
        out.emplace_back(session::WatchPicture{id});
      }
      if (state.ladder_open != state.ladder_watched) {
        state.ladder_watched = state.ladder_open;
        out.emplace_back(session::WatchLadder{state.ladder_open});
      }
      break;
  }
  return out;
}

}  // namespace beside::views
