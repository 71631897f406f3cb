// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <string>

#include "ui/kit/catalogue.h"
#include "ui/kit/icons.h"
#include "ui/views/operator/operator.h"

namespace beside::views {

bool draw_operator_notice(kit::Ui& ui, std::string_view id, const session::Notice& notice) {
  if (notice.kind == session::NoticeKind::None) return false;
  const NoticeText t = notice_text(notice.kind, notice.args, Reader::Operator);
  const bool warning = is_warning(notice.kind);
  const std::string name(id);
  kit::begin_card(ui, name, {.tone = warning ? kit::Tone::Warning : kit::Tone::Accent});
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = kit::width_left(ui), side = ui.target();
  ImGui::SetCursorScreenPos({at.x + width - side, at.y - ui.px(4)});
  const bool dismissed = kit::icon_button(ui, name + ".dismiss", kit::icon::kCross, kit::tr("shared.understood"));
  ImGui::SetCursorScreenPos(at);
  kit::begin_column(ui, (width - 2 * side) / ui.scale(), kit::Align::Left);
  kit::icon_text(ui, name + ".title", warning ? kit::icon::kWarning : kit::icon::kInfo, t.title,
                 {kit::Face::Strong, kit::Size::Body, warning ? kit::Tone::Warning : kit::Tone::Normal});
  kit::text(ui, name + ".sentence", t.sentence + " " + t.action);
  kit::end_column(ui);
  kit::end_card(ui);
  return dismissed;
}

}  // namespace beside::views
