// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "ui/kit/detail.h"

namespace beside::kit {

bool list_row(Ui& ui, std::string_view id, RowOptions o, const std::function<void(float width)>& content) {
  const Theme& t = ui.theme();
  const float width = width_left(ui), height = std::max(ui.target(), o.height);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImRect rect(at, {at.x + width, at.y + height});
  ImGui::SetItemAllowOverlap();
  const Press p =
      press(ui, id, Role::Item, rect, {}, o.enabled, false, o.selected ? std::optional<bool>(true) : std::nullopt);
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (o.selected || p.hovered || p.held)
    list->AddRectFilled(rect.Min, rect.Max,
                        packed(o.selected ? t.accent_soft
                               : p.held   ? t.pressed
                                          : t.raised),
                        ui.px(measure::kRounding));
  if (o.selected)
    list->AddRectFilled({rect.Min.x, rect.Min.y + ui.px(6)}, {rect.Min.x + ui.px(3), rect.Max.y - ui.px(6)},
                        packed(t.accent), ui.px(2));
  const float pad = ui.px(measure::kTight);
  auto& regions = ui.layout().regions;
  Ui::Layout::Region inner = regions.empty() ? Ui::Layout::Region{} : regions.back();
  inner.left = rect.Min.x + pad;
  inner.right = rect.Max.x - pad;
  regions.push_back(inner);
  ImGui::SetCursorScreenPos({rect.Min.x + pad, rect.Min.y + ui.px(measure::kGrid)});
  ImGui::BeginGroup();
  content(width - 2 * pad);
  ImGui::EndGroup();
  regions.pop_back();
  ImGui::SetCursorScreenPos(at);
  ImGui::ItemSize({width, height}, 0.0f);
  focus_ring(ui, rect, p.focused && ui.focus_visible());
  ui.layout().last = rect;
  return p.pressed && o.enabled;
}

}  // namespace beside::kit
