// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>

#include "ui/kit/catalogue.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/notices.h"

// The company, one field, one button. "Ask for help" will stand under the button when the queue is built; its place is
// kept by the layout (the column ends there) and nothing is drawn.
namespace beside::views {
namespace {

constexpr std::size_t kCodeDigits = 10;

}  // namespace

bool code_adds_up(std::string_view digits) {
  static constexpr int kTable[10][10] = {{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
                                         {4, 2, 0, 6, 8, 7, 1, 3, 5, 9}, {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
                                         {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
                                         {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
                                         {9, 4, 3, 8, 6, 1, 7, 2, 0, 5}, {2, 5, 8, 1, 4, 3, 6, 7, 9, 0}};
  int interim = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    interim = kTable[interim][c - '0'];
  }
  return interim == 0;
}

namespace {

bool says_code_is_dead(session::NoticeKind kind) {
  switch (kind) {
    case session::NoticeKind::CodeUnknown:
    case session::NoticeKind::CodeExpired:
    case session::NoticeKind::CodeUsed:
    case session::NoticeKind::CodeWrong:
    case session::NoticeKind::CodeSilent:
    case session::NoticeKind::CodeTampered:
    case session::NoticeKind::PeerDisconnected: return true;
    default: return false;
  }
}

}  // namespace

void draw_start(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out) {
  if (!state.took_prefill && !s.code_prefill.empty()) {
    state.code = kit::code_digits(s.code_prefill);
    state.took_prefill = true;
  }
  kit::begin_screen(ui, "start");
  kit::begin_column(ui, 440);
  kit::space(ui, std::clamp((kit::height_left(ui) / ui.scale() - 480) / 2, 8.0f, 160.0f));
  kit::avatar(ui, "start.mark", s.company, ui.px(48));
  kit::beside(ui, kit::measure::kGap);
  ImGui::BeginGroup();
  kit::title(ui, "start.company", s.company);
  if (s.relay_up) {
    kit::icon_text(ui, "start.state", kit::icon::kLock, kit::tr("start.ready"),
                   {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  } else {
    kit::icon_text(ui, "start.state", kit::icon::kClock, kit::tr("start.looking"),
                   {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  }
  ImGui::EndGroup();
  kit::space(ui, kit::measure::kSection);
  kit::text(ui, "start.explain", kit::tr("start.explain"));
  kit::space(ui, kit::measure::kWide);
  if (says_code_is_dead(s.notice.kind) && s.notice.id != state.code_cleared_for) {
    state.code_cleared_for = s.notice.id;
    state.code.clear();       // the next one is typed into an empty field
    ui.focus("start.code");
  }
  const std::string label = kit::tr("start.code_label"), letters = state.code_letters ? kit::tr("start.code_letters") : "";
  const kit::FieldResult typed = kit::code_field(ui, "start.code", state.code, {.label = label, .hint = "000 000 0000", .error = letters});
  if (typed.changed) state.code_slip = false;
  if (typed.changed || typed.refused) {
    state.code_letters = typed.refused;
    ui.wants().at(ui.now());
  }
  const bool full = state.code.size() == kCodeDigits;
  kit::space(ui);
  const bool go =
      kit::button(ui, "start.connect", kit::tr("start.connect"),
                  {.kind = kit::ButtonKind::Primary, .enabled = full, .width = kit::kFill, .height = ui.px(52)});
  if ((go || typed.submitted) && full) {
    state.code_slip = !code_adds_up(state.code);
    if (!state.code_slip) out.push_back(session::EnterCode{state.code});
  }
  if (state.code_slip) {
    kit::space(ui);
    draw_notice(ui, "start.slip", {session::NoticeKind::CodeMistyped, {}, 0}, false);
  } else if (s.notice.kind != session::NoticeKind::None &&
             (s.notice.id == 0 || s.notice.id != state.dismissed_notice)) {
    kit::space(ui);
    if (draw_notice(ui, "notice", s.notice, s.notice.id != 0)) {
      state.dismissed_notice = s.notice.id;
      out.push_back(session::DismissNotice{s.notice.id});
    }
  }
  kit::space(ui);
  kit::muted(ui, "start.promise", kit::tr("start.promise"));
  kit::end_column(ui);
  kit::end_screen(ui);
}

}  // namespace beside::views
