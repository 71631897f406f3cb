// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>

#include "ui/kit/catalogue.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/notices.h"

// Between the code and the helper: what is being done, in two steps, and a way back.
namespace beside::views {
namespace {

void step(kit::Ui& ui, const char* id, const std::string& words, bool done, bool now) {
  const float indent = ui.px(32);
  const float top = ImGui::GetCursorScreenPos().y;
  const ImVec2 at{ImGui::GetCursorScreenPos().x, top};
  if (done) {
    kit::text_at(ui, at.x, top, kit::icon::kCheck, {.tone = kit::Tone::Accent});
  } else {
    kit::live_mark(ui, "", now);
    ImGui::SetCursorScreenPos(at);
  }
  ImGui::Indent(indent);
  kit::text(
      ui, id, words,
      {.face = now ? kit::Face::Strong : kit::Face::Text, .tone = now || done ? kit::Tone::Normal : kit::Tone::Muted});
  ImGui::Unindent(indent);
}

}  // namespace

void draw_connecting(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out) {
  const bool securing = s.stage == session::CustomerStage::Securing;
  kit::begin_screen(ui, "connecting");
  kit::begin_column(ui, 440);
  kit::space(ui, std::clamp((kit::height_left(ui) / ui.scale() - 360) / 2, 16.0f, 200.0f));
  kit::heading(ui, "connecting.title", kit::tr(securing ? "connecting.securing" : "connecting.connecting"));
  kit::space(ui);
  kit::waiting_dots(ui, "connecting.dots");
  kit::space(ui, kit::measure::kWide);
  step(ui, "connecting.step1", kit::tr("connecting.step_reach", s.company.empty() ? s.relay : s.company), securing,
       !securing);
  step(ui, "connecting.step2", kit::tr("connecting.step_secure"), false, securing);
  step(ui, "connecting.step3", kit::tr("connecting.step_ask"), false, false);
  kit::space(ui, kit::measure::kSection);
  if (kit::button(ui, "connecting.cancel", kit::tr("connecting.cancel"), {.width = kit::kFill}) || ui.escape_pressed())
    out.push_back(session::CancelConnecting{});
  if (s.notice.kind != session::NoticeKind::None && (s.notice.id == 0 || s.notice.id != state.dismissed_notice)) {
    kit::space(ui);
    if (draw_notice(ui, "notice", s.notice, s.notice.id != 0)) {
      state.dismissed_notice = s.notice.id;
      out.push_back(session::DismissNotice{s.notice.id});
    }
  }
  kit::end_column(ui);
  kit::end_screen(ui);
}

}  // namespace beside::views
