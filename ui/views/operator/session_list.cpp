// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"

namespace beside::views {

using kit::tr;
using session::SessionStage;
using session::SessionView;

namespace {

kit::Colour dot_colour(const kit::Theme& theme, kit::Tone tone) {
  return tone == kit::Tone::Warning ? theme.warning : tone == kit::Tone::Accent ? theme.accent : theme.muted;
}

void state_dot(kit::Ui& ui, const SessionView& s, float x, float y) {
  const float radius = 4.5F * ui.scale();
  const std::uint32_t colour = kit::packed(dot_colour(ui.theme(), session_tone(s)));
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (s.stage == SessionStage::Live || s.stage == SessionStage::Recovering) {
    list->AddCircleFilled({x, y}, radius, colour);
  } else {
    list->AddCircle({x, y}, radius, colour, 0, 1.6F * ui.scale());
  }
}

// What was said last; else the state in words.
std::string preview(const SessionView& s) {
  if (s.peer_typing) return tr("op.typing");
  if (s.stage == SessionStage::Live && s.unread > 0 && !s.chat.empty()) {
    for (std::size_t i = s.chat.size(); i-- > 0;) {
      if (!s.chat[i].mine && !s.chat[i].system) return s.chat[i].text;
    }
  }
  return session_state_text(s);
}

}  // namespace

void draw_session_list(kit::Ui& ui, const Area& area, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host, OperatorOut& out) {
  kit::begin_screen(ui, "list", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 8, .surface = true});
  const float line = std::max(1.0F, ui.scale());
  ImGui::GetWindowDrawList()->AddRectFilled({area.x + area.width - line, area.y}, {area.x + area.width, area.y + area.height}, kit::packed(ui.theme().line));
  kit::space(ui, 4);
  ImGui::Indent(ui.px(8));
  kit::text(ui, "list.mine", tr("op.mine", snapshot.sessions.size()), {.face = kit::Face::Strong, .size = kit::Size::Small, .tone = kit::Tone::Muted});
  ImGui::Unindent(ui.px(8));
  kit::space(ui, 4);
  if (snapshot.sessions.empty()) {
    ImGui::Indent(ui.px(8));
    kit::muted(ui, "list.none", tr("op.no_sessions"));
    ImGui::Unindent(ui.px(8));
  }
  for (const SessionView& s : snapshot.sessions) {
    const std::string id = "session." + std::to_string(s.local_id);
    const bool selected = s.local_id == state.selected && !state.history_open;
    const bool thumbnail = !selected && s.stage == SessionStage::Live && s.granted.has(Right::See) && host.draw_remote;
    const float text_height = 46, thumb_height = 92;
    const bool pressed = kit::list_row(ui, id, {.selected = selected, .height = ui.px(thumbnail ? text_height + thumb_height : text_height)}, [&](float width) {
      const ImVec2 at = ImGui::GetCursorScreenPos();
      state_dot(ui, s, at.x + ui.px(6), at.y + ui.px(11));
      const float badge_width = s.unread > 0 ? ui.px(34) : 0;
      ImGui::SetCursorScreenPos({at.x + ui.px(20), at.y});
      const bool code = s.peer.name.empty() && s.stage == SessionStage::WaitingForCustomer;
      kit::elided(ui, id + ".title", session_title(s), width - ui.px(20) - badge_width, {.face = code ? kit::Face::Mono : kit::Face::Strong});
      ImGui::SetCursorScreenPos({at.x + ui.px(20), at.y + ui.px(19)});
      kit::elided(ui, id + ".state", preview(s), width - ui.px(20) - badge_width,
                  {.size = kit::Size::Small, .tone = session_tone(s) == kit::Tone::Warning ? kit::Tone::Warning : kit::Tone::Muted});
      if (s.unread > 0) {
        ImGui::SetCursorScreenPos({at.x + width - ui.px(28), at.y + ui.px(8)});
        kit::badge(ui, id + ".unread", std::to_string(s.unread), kit::Tone::Accent);
      }
      if (thumbnail) {
        RemoteView view;
        view.session = s.local_id;
        view.thumbnail = true;
        view.x = at.x;
        view.y = at.y + ui.px(text_height) - ui.px(4);
        view.width = width;
        view.height = ui.px(thumb_height) - ui.px(4);
        ImGui::GetWindowDrawList()->AddRectFilled({view.x, view.y}, {view.x + view.width, view.y + view.height}, kit::packed(ui.theme().ground), ui.px(4));
        host.draw_remote(view);
      }
    });
    if (pressed) {
      state.selected = s.local_id;
      state.history_open = false;
    }
    kit::space(ui, 2);
  }
  kit::space(ui, 8);
  if (kit::button(ui, "list.new_session", tr("op.new_session"), {.kind = kit::ButtonKind::Quiet, .icon = kit::icon::kPlus, .enabled = snapshot.relay_up, .width = kit::kFill})) {
    out.emplace_back(session::NewSession{});
  }
  kit::end_screen(ui);
}

}  // namespace beside::views
