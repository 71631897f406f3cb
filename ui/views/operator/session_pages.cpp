// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <cctype>
#include <ctime>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"
#include "ui/views/shared/format.h"
#include "ui/views/shared/notices.h"

namespace beside::views {

using kit::tr;
using session::SessionStage;
using session::SessionView;

namespace {

// Each digit in a cell of its own, in the groups in which people read a number aloud.
void draw_code(kit::Ui& ui, const std::string& code, float width) {
  const std::size_t gaps = static_cast<std::size_t>(std::count(code.begin(), code.end(), ' '));
  const float group_gap = ui.px(18), gap = ui.px(5);
  const float digits = static_cast<float>(code.size() - gaps);
  const float cell = std::clamp((width - group_gap * static_cast<float>(gaps) - gap * digits) / digits, ui.px(20), ui.px(46));
  const float high = ui.px(62);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float total = digits * cell + (digits - 1 - static_cast<float>(gaps)) * gap + static_cast<float>(gaps) * group_gap;
  float x = at.x + std::max(0.0F, (width - total) / 2);
  const kit::TextStyle style{.face = kit::Face::Mono, .size = kit::Size::Huge};
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (const char c : code) {
    if (c == ' ') {
      x += group_gap - gap;
      continue;
    }
    const std::string digit(1, c);
    const kit::Extent e = kit::measure_text(ui, digit, style);
    list->AddRectFilled({x, at.y}, {x + cell, at.y + high}, kit::packed(ui.theme().accent_soft), ui.px(kit::measure::kRounding));
    kit::text_at(ui, x + (cell - e.width) / 2, at.y + (high - e.height) / 2, digit, style);
    x += cell + gap;
  }
  ImGui::Dummy({width, high});
  ui.map().add({.label = "code.value", .role = kit::Role::Text,
                .rect = {static_cast<int>(at.x), static_cast<int>(at.y), static_cast<int>(width), static_cast<int>(high)}, .text = code});
}

// As the operator reads it; the customer's end page has words of its own.
std::string cause_words(session::EndView::Cause cause) {
  using Cause = session::EndView::Cause;
  switch (cause) {
    case Cause::CustomerStop:
    case Cause::CustomerKeys:
      return tr("op.cause_customer");
    case Cause::PanelClosed:
      return tr("op.cause_closed");
    case Cause::OperatorEnded:
      return tr("op.cause_me");
    default:
      return end_cause_text(cause);
  }
}

std::string date_text(std::int64_t unix_ms) {
  const std::time_t t = static_cast<std::time_t>(unix_ms / 1000);
  std::tm local{};
  localtime_r(&t, &local);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y-%m-%d", &local);
  return text;
}

std::string seconds_text(std::int64_t unix_ms) {
  const std::time_t t = static_cast<std::time_t>(unix_ms / 1000);
  std::tm local{};
  localtime_r(&t, &local);
  char text[16] = {};
  std::strftime(text, sizeof text, "%H:%M:%S", &local);
  return text;
}

std::string rights_text(Rights rights, const std::string& none = {}) {
  std::string words;
  for (const Right right : {Right::See, Right::Point, Right::Control}) {
    if (rights.has(right)) words += (words.empty() ? "" : ", ") + right_name(right);
  }
  return words.empty() ? none : words;
}

}  // namespace

void draw_waiting(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  kit::begin_screen(ui, "waiting", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 24});
  kit::begin_column(ui, 580);
  kit::space(ui, std::clamp(area.height / ui.scale() * 0.10F, 4.0F, 110.0F));
  if (s.stage == SessionStage::Securing) {
    kit::heading(ui, "securing.heading", tr("op.securing_title"), kit::Align::Centre);
    kit::space(ui, 8);
    kit::text(ui, "securing.what", tr("op.securing_what"), {.tone = kit::Tone::Muted, .align = kit::Align::Centre});
    kit::space(ui, 24);
    ImGui::SetCursorScreenPos({area.x + area.width / 2 - ui.px(20), ImGui::GetCursorScreenPos().y});
    kit::waiting_dots(ui, "securing.dots");
  } else {
    kit::heading(ui, "code.heading", tr("op.code_title"), kit::Align::Centre);
    kit::space(ui, 8);
    kit::text(ui, "code.what", tr("op.code_what"), {.tone = kit::Tone::Muted, .align = kit::Align::Centre});
    kit::space(ui, 20);
    // A wrong try is told in words for the code's page; what is worse than that in its own.
    const bool wrong_try = s.code_replaces_dead_one && !died_otherwise(s);
    if (wrong_try) {
      kit::begin_card(ui, "code.wrong_try", {.tone = kit::Tone::Warning});
      kit::icon_text(ui, "code.wrong_try_title", kit::icon::kWarning, tr("op.wrong_try_title"), {.face = kit::Face::Strong});
      kit::text(ui, "code.wrong_try_what", tr("op.wrong_try_what"));
      kit::end_card(ui);
      kit::space(ui, 12);
    }
    if (!wrong_try && s.notice.kind != session::NoticeKind::None) {
      if (draw_operator_notice(ui, "code.notice", s.notice)) out.emplace_back(session::DismissNotice{s.notice.id});
      kit::space(ui, 12);
    }
    kit::begin_card(ui, "code.card");
    kit::space(ui, 12);
    draw_code(ui, s.code, kit::width_left(ui));
    kit::space(ui, 14);
    if (s.code_expires_at != kNever)   // not while the relay is still asked for one
      kit::countdown(ui, "code.left", s.code_expires_at, {.tone = kit::Tone::Muted, .align = kit::Align::Centre});
    kit::space(ui, 14);
    const float half = (kit::width_left(ui) - ui.px(8)) / 2;
    const bool copied = state.copied_for == s.local_id;
    if (kit::button(ui, "code.copy", copied ? tr("op.copied") : tr("op.copy_code"),
                    {.kind = kit::ButtonKind::Primary, .icon = copied ? kit::icon::kCheck : kit::icon::kCopy, .width = half, .height = ui.px(40)})) {
      if (host.copy) host.copy(s.code);
      state.copied_for = s.local_id;
    }
    kit::beside(ui);
    if (kit::button(ui, "code.cancel", tr("op.cancel_code"), {.icon = kit::icon::kCross, .width = half, .height = ui.px(40)})) {
      out.emplace_back(session::EndSession{s.local_id});
    }
    kit::end_card(ui);
    kit::space(ui, 16);
    kit::icon_text(ui, "code.say", kit::icon::kPhone, tr("op.code_say"), {.size = kit::Size::Small, .tone = kit::Tone::Muted});
    kit::icon_text(ui, "code.once", kit::icon::kShield, tr("op.code_once"), {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  }
  kit::end_column(ui);
  kit::end_screen(ui);
}

void draw_ended(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  kit::begin_screen(ui, "ended", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 24});
  kit::begin_column(ui, 580);
  kit::space(ui, std::clamp(area.height / ui.scale() * 0.08F, 4.0F, 90.0F));
  kit::heading(ui, "ended.heading", tr("op.ended_title", session_title(s)));
  kit::space(ui, 4);
  kit::text(ui, "ended.cause", cause_words(s.end.cause), {.tone = kit::Tone::Muted});
  kit::space(ui, 16);
  if (s.notice.kind != session::NoticeKind::None) {
    if (draw_operator_notice(ui, "ended.notice", s.notice)) out.emplace_back(session::DismissNotice{s.notice.id});
    kit::space(ui, 12);
  }
  kit::begin_card(ui, "ended.card");
  kit::icon_text(ui, "ended.duration", kit::icon::kClock, tr("op.ended_duration", duration_text(s.end.duration_ms)));
  if (s.end.uses.empty()) kit::icon_text(ui, "ended.no_rights", kit::icon::kEyeSlash, tr("op.no_rights_granted"), {.tone = kit::Tone::Muted});
  for (const auto& use : s.end.uses) {
    kit::icon_text(ui, std::string("ended.use_") + name_of(use.right), right_icon(use.right),
                   tr(use.used ? "op.use_used" : "op.use_unused", right_name(use.right), duration_text(use.granted_ms)));
  }
  kit::icon_text(ui, "ended.receipt", s.end.receipt_matches ? kit::icon::kCheck : kit::icon::kWarning,
                 tr(s.end.receipt_matches ? "op.receipt_ok" : "op.receipt_missing"),
                 {.tone = s.end.receipt_matches ? kit::Tone::Normal : kit::Tone::Warning});
  if (!s.end.receipt_hex.empty()) kit::elided(ui, "ended.receipt_hex", s.end.receipt_hex, kit::width_left(ui), {.face = kit::Face::Mono, .size = kit::Size::Small, .tone = kit::Tone::Muted});
  kit::end_card(ui);
  kit::space(ui, 8);
  if (!s.end.journal_path.empty()) kit::elided(ui, "ended.journal", tr("op.journal_at", s.end.journal_path), kit::width_left(ui), {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  kit::space(ui, 16);
  if (kit::button(ui, "ended.dismiss", tr("op.dismiss"), {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kCheck})) out.emplace_back(session::DismissSession{s.local_id});
  kit::beside_or_below(ui, tr("op.new_session"));
  if (kit::button(ui, "ended.new_session", tr("op.new_session"), {.icon = kit::icon::kPlus})) out.emplace_back(session::NewSession{});
  if (host.read_past && !s.end.journal_path.empty()) {
    kit::beside_or_below(ui, tr("op.show_record"));
    if (kit::button(ui, "ended.record", tr("op.show_record"), {.icon = kit::icon::kHistory})) {
      state.history_open = true;
      state.history_file = s.end.journal_path;
      state.history_lines = host.read_past(s.end.journal_path);
    }
  }
  if (host.copy && !s.chat.empty()) {
    kit::beside_or_below(ui, tr("op.copy_chat"));
    if (kit::button(ui, "ended.copy_chat", tr("op.copy_chat"), {.icon = kit::icon::kCopy})) host.copy(transcript_text(s.chat, tr("op.me"), session_title(s)));
  }
  kit::end_column(ui);
  kit::end_screen(ui);
}

void draw_history(kit::Ui& ui, const Area& area, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host) {
  kit::begin_screen(ui, "history", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 24});
  kit::heading(ui, "history.heading", tr("op.history"));
  kit::muted(ui, "history.what", tr("op.history_what", snapshot.journal_dir));
  kit::space(ui, 12);
  kit::text_field(ui, "history.query", state.history_query, {.hint = tr("op.history_find"), .width = std::min(kit::width_left(ui), ui.px(360))});
  if (host.open_path && !snapshot.journal_dir.empty()) {
    kit::beside(ui);
    if (kit::button(ui, "history.folder", tr("op.open_folder"), {.icon = kit::icon::kFile})) host.open_path(snapshot.journal_dir);
  }
  kit::space(ui, 12);
  kit::begin_scroll(ui, "history.list");
  const auto matches = [&](const session::PastSession& past) { return state.history_query.empty() || fuzzy_score(state.history_query, past.peer + " " + date_text(past.began_unix_ms)) >= 0; };
  std::size_t shown = 0;
  for (std::size_t i = 0; i < snapshot.past.size(); ++i) {
    const session::PastSession& past = snapshot.past[i];
    if (!matches(past)) continue;
    const bool pressed = kit::list_row(ui, "history." + std::to_string(i), {.height = ui.px(36)}, [&](float width) {
      const ImVec2 at = ImGui::GetCursorScreenPos();
      const float y = at.y + ui.px(5);
      const float date = ui.px(150), name = std::max(ui.px(120), (width - date) * 0.34F), duration = ui.px(110);
      kit::text_at(ui, at.x, y, date_text(past.began_unix_ms) + "  " + clock_text(past.began_unix_ms), {.face = kit::Face::Mono, .size = kit::Size::Small, .tone = kit::Tone::Muted});
      ImGui::SetCursorScreenPos({at.x + date, y});
      kit::elided(ui, "", past.peer.empty() ? tr("op.customer_unnamed") : past.peer, name - ui.px(8), {.face = kit::Face::Strong});
      kit::text_at(ui, at.x + date + name, y, duration_text(past.duration_ms), {});
      ImGui::SetCursorScreenPos({at.x + date + name + duration, y});
      kit::elided(ui, "", rights_text(past.used, tr("op.no_rights_used")), std::max(ui.px(40), width - date - name - duration), {.tone = kit::Tone::Muted});
    });
    if (pressed && host.read_past) {
      state.history_file = past.file;
      state.history_lines = host.read_past(past.file);
    }
    ++shown;
  }
  if (shown == 0) kit::muted(ui, "history.none", tr("op.history_none"));
  kit::end_scroll(ui);
  kit::end_screen(ui);
}

void draw_past_session(kit::Ui& ui, const Area& area, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host) {
  kit::begin_screen(ui, "past", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 24});
  const auto known = std::find_if(snapshot.past.begin(), snapshot.past.end(), [&](const auto& p) { return p.file == state.history_file; });
  const std::string name = known == snapshot.past.end() || known->peer.empty() ? tr("op.customer_unnamed") : known->peer;
  bool back = kit::button(ui, "past.back", tr("op.history"), {.icon = kit::icon::kLeft});
  kit::beside(ui);
  if (host.copy && kit::button(ui, "past.copy_path", tr("op.copy_path"), {.icon = kit::icon::kCopy})) host.copy(state.history_file);
  back = ui.escape_pressed() || back;
  kit::space(ui, 8);
  const std::string when = known == snapshot.past.end() ? std::string() : ", " + date_text(known->began_unix_ms) + " " + clock_text(known->began_unix_ms);
  kit::heading(ui, "past.heading", name + when);
  kit::elided(ui, "past.file", state.history_file, kit::width_left(ui), {.face = kit::Face::Mono, .size = kit::Size::Small, .tone = kit::Tone::Muted});
  kit::space(ui, 8);
  kit::begin_scroll(ui, "past.lines");
  if (state.history_lines.empty()) kit::text(ui, "past.none", tr("op.past_unreadable"), {.tone = kit::Tone::Muted});
  for (std::size_t i = 0; i < state.history_lines.size(); ++i) {
    const PastLine& line = state.history_lines[i];
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float time = ui.px(84), kind = ui.px(220), width = kit::width_left(ui);
    kit::text_at(ui, at.x, at.y + ui.px(2), seconds_text(line.at_unix_ms), {.face = kit::Face::Mono, .size = kit::Size::Small, .tone = kit::Tone::Muted});
    const std::string key = "journal.kind." + line.kind;
    const std::string what = kit::translated(key) ? tr(key) : line.kind;
    const std::string rights = rights_text(line.rights);
    const std::string more = rights + (rights.empty() || line.text.empty() ? "" : ": ") + line.text;
    const float room = std::max(width - time - kind, ui.px(80));
    kit::text_at(ui, at.x + time, at.y, what, {.face = kit::Face::Strong}, kind - ui.px(8));
    kit::text_at(ui, at.x + time + kind, at.y, more, {}, room);
    const float high = std::max(kit::measure_text(ui, what, {.face = kit::Face::Strong}, kind - ui.px(8)).height, kit::measure_text(ui, more, {}, room).height);
    ui.map().add({.label = "past.line." + std::to_string(i), .role = kit::Role::Text,
                  .rect = {static_cast<int>(at.x), static_cast<int>(at.y), static_cast<int>(width), static_cast<int>(high)}, .text = what + " " + more});
    ImGui::Dummy({width, high + ui.px(6)});
  }
  kit::end_scroll(ui);
  kit::end_screen(ui);
  if (back) state.history_file.clear();
}

}  // namespace beside::views
