// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "ui/kit/detail.h"

namespace beside::kit {

void open_popup(Ui& ui, std::string_view id) {
  const ImRect last = ui.layout().last;
  ui.layout().seen["popup.x:" + std::string(id)] = last.Min.x;
  ui.layout().seen["popup.y:" + std::string(id)] = last.Max.y + ui.px(measure::kGrid);
  ImGui::OpenPopup(std::string(id).c_str());
  ui.wants().at(ui.now());
}

bool begin_popup(Ui& ui, std::string_view id) {
  const std::string name(id);
  if (!ImGui::IsPopupOpen(name.c_str())) return false;
  const auto& seen = ui.layout().seen;
  const auto x = seen.find("popup.x:" + name), y = seen.find("popup.y:" + name);
  if (x != seen.end() && y != seen.end()) {
    // Kept inside the window: to the left or upwards where there is no room.
    const auto w = seen.find("popup.w:" + name), h = seen.find("popup.h:" + name);
    const ImVec2 display = ImGui::GetIO().DisplaySize;
    const float edge = ui.px(measure::kGrid);
    const float wide = w == seen.end() ? 0 : w->second, high = h == seen.end() ? 0 : h->second;
    ImGui::SetNextWindowPos({std::max(edge, std::min(x->second, display.x - wide - edge)),
                             std::max(edge, std::min(y->second, display.y - high - edge))});
  }
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{ui.px(6), ui.px(6)});
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2{ui.px(4), ui.px(2)});
  const bool open = ImGui::BeginPopup(name.c_str(), ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoNav);
  ImGui::PopStyleVar(2);
  if (!open) return false;
  ui.push_layer();
  const ImGuiWindow* window = ImGui::GetCurrentWindow();
  ui.layout().seen["popup.w:" + name] = window->Size.x;
  ui.layout().seen["popup.h:" + name] = window->Size.y;
  // The width of a popup comes from its content: what is "left" is what the menu took last time, 220 px at least.
  const float inner = std::max(ui.px(220), window->Size.x - 2 * ui.px(6));
  const float left = ImGui::GetCursorScreenPos().x;
  ui.layout().regions.push_back({left, left + inner, 0});
  record(ui, id, Role::Panel, window->Rect(), {});
  if (ui.escape_pressed()) close_popup(ui);
  return true;
}

void end_popup(Ui& ui) {
  ui.layout().regions.pop_back();
  ui.pop_layer();
  ImGui::EndPopup();
}

void close_popup(Ui& ui) {
  ImGui::CloseCurrentPopup();
  ui.wants().at(ui.now());
}

bool menu_item(Ui& ui, std::string_view id, std::string_view label, const char* icon, bool enabled, bool chosen,
               std::string_view keys) {
  const TextStyle style{chosen ? Face::Strong : Face::Text, Size::Body, enabled ? Tone::Normal : Tone::Muted,
                        Align::Left};
  const TextStyle small{Face::Mono, Size::Small, Tone::Muted, Align::Left};
  const Extent words = measure_text(ui, label, style);
  const Extent hint = keys.empty() ? Extent{} : measure_text(ui, keys, small);
  const float pad = ui.px(measure::kTight), column = ui.px(26);
  const float width =
      std::max(width_left(ui), 2 * pad + column + words.width + (keys.empty() ? 0 : ui.px(24) + hint.width));
  const ImRect rect = place(ui, {width, ui.target()});
  const Press p =
      press(ui, id, Role::Item, rect, label, enabled, false, chosen ? std::optional<bool>(true) : std::nullopt);
  if (p.hovered || (p.focused && ui.focus_visible()))
    ImGui::GetWindowDrawList()->AddRectFilled(rect.Min, rect.Max, packed(ui.theme().raised), ui.px(4));
  const float middle = rect.GetCenter().y;
  const char* mark = chosen && *icon == 0 ? icon::kCheck : icon;
  if (*mark != 0) {
    const Extent i = measure_text(ui, mark, {Face::Text, Size::Body});
    text_at(ui, rect.Min.x + pad, middle - i.height / 2, mark,
            {Face::Text, Size::Body, chosen ? Tone::Accent : Tone::Muted});
  }
  text_at(ui, rect.Min.x + pad + column, middle - words.height / 2, label, style);
  if (!keys.empty()) text_at(ui, rect.Max.x - pad - hint.width, middle - hint.height / 2, keys, small);
  focus_ring(ui, rect, p.focused && ui.focus_visible());
  if (p.pressed && enabled) close_popup(ui);
  return p.pressed && enabled;
}

bool begin_dialog(Ui& ui, std::string_view id, std::string_view words, bool& open, float width_at_1) {
  const std::string name(id);
  if (open && !ImGui::IsPopupOpen(name.c_str())) ImGui::OpenPopup(name.c_str());
  if (!ImGui::IsPopupOpen(name.c_str())) return false;
  const ImVec2 display = ImGui::GetIO().DisplaySize;
  const float width = std::min(ui.px(width_at_1), display.x - 2 * ui.px(measure::kGap));
  ImGui::SetNextWindowPos({display.x / 2, display.y / 2}, ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSizeConstraints({width, 0}, {width, display.y - 2 * ui.px(measure::kGap)});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{ui.px(20), ui.px(20)});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, ui.px(measure::kRounding));
  ImGui::PushStyleColor(ImGuiCol_PopupBg, packed(ui.theme().surface));
  const bool shown = ImGui::BeginPopupModal(name.c_str(), nullptr,
                                            ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoMove |
                                                ImGuiWindowFlags_NoResize | ImGuiWindowFlags_AlwaysAutoResize |
                                                ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoSavedSettings);
  ImGui::PopStyleColor();
  ImGui::PopStyleVar(2);
  if (!shown) return false;
  ui.push_layer();
  if (ui.escape_pressed()) open = false;
  if (!open) close_popup(ui);   // a frame without it must follow: until then everything below it counts as covered
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ui.layout().regions.push_back({at.x, at.x + width - 2 * ui.px(20), 0});
  record(ui, id, Role::Dialog, ImGui::GetCurrentWindow()->Rect(), {});
  if (!words.empty()) {
    title(ui, name + ".title", words);
    space(ui, measure::kGap);
  }
  return true;
}

void end_dialog(Ui& ui) {
  end_popup(ui);
}

bool select(Ui& ui, std::string_view id, std::string_view label, std::span<const std::string> choices, int& chosen,
            float width) {
  const float wide = width == kFill || width == 0 ? width_left(ui) : width;
  ImGui::BeginGroup();
  if (!label.empty()) text(ui, {}, label, {Face::Strong, Size::Small, Tone::Normal, Align::Left});
  const bool valid = chosen >= 0 && static_cast<std::size_t>(chosen) < choices.size();
  const std::string_view words =
      valid ? std::string_view(choices[static_cast<std::size_t>(chosen)]) : std::string_view{};
  const TextStyle style{};
  const ImRect rect = place(ui, {wide, ui.target()});
  const Press p = press(ui, id, Role::Choice, rect, words, !choices.empty(), false);
  const Theme& t = ui.theme();
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, packed(p.hovered ? t.raised : t.surface), ui.px(measure::kRounding));
  list->AddRect(rect.Min, rect.Max, packed(t.muted), ui.px(measure::kRounding), 0,
                std::max(1.0f, std::floor(ui.scale())));
  bool shortened = false;
  const std::string shown = with_ellipsis(ui, words, style, wide - ui.px(44), shortened);
  const float middle = rect.GetCenter().y, line = font_of(ui, style)->FontSize;
  text_at(ui, rect.Min.x + ui.px(measure::kGap), middle - line / 2, shown, style);
  text_at(ui, rect.Max.x - ui.px(24), middle - line / 2, icon::kDown,
          {Face::Text, Size::Body, Tone::Muted, Align::Left});
  focus_ring(ui, rect, p.focused && ui.focus_visible());
  const std::string menu = std::string(id) + ".menu";
  if (p.pressed) open_popup(ui, menu);
  bool changed = false;
  if (begin_popup(ui, menu)) {
    for (std::size_t i = 0; i < choices.size(); ++i)
      if (menu_item(ui, std::string(id) + "." + std::to_string(i), choices[i], icon::kNone, true,
                    static_cast<int>(i) == chosen)) {
        changed = static_cast<int>(i) != chosen;
        chosen = static_cast<int>(i);
      }
    end_popup(ui);
  }
  ImGui::EndGroup();
  if (shortened && p.hovered) tooltip(ui, words);
  return changed;
}

}  // namespace beside::kit
