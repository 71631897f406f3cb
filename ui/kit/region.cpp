// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "ui/kit/detail.h"

namespace beside::kit {
namespace {

void push_region_of_window(Ui& ui) {
  const ImGuiWindow* w = ImGui::GetCurrentWindow();
  ui.layout().regions.push_back({w->WorkRect.Min.x, w->WorkRect.Max.x, w->WorkRect.Max.y});
}

}  // namespace

float width_left(Ui& ui) {
  const auto& regions = ui.layout().regions;
  const float right = regions.empty() ? ImGui::GetCurrentWindow()->WorkRect.Max.x : regions.back().right;
  return std::max(1.0f, right - ImGui::GetCursorScreenPos().x);
}

float height_left(Ui& ui) {
  const ImGuiWindow* w = ImGui::GetCurrentWindow();
  const float bottom = w->InnerRect.Max.y - w->WindowPadding.y;
  return std::max(0.0f, bottom - (ImGui::GetCursorScreenPos().y + w->Scroll.y) -
                            (ui.layout().open_cards > 0 ? ui.px(measure::kGap) : 0));
}

void begin_screen(Ui& ui, std::string_view id, ScreenOptions o) {
  const ImVec2 display = ImGui::GetIO().DisplaySize;
  const ImVec2 size{o.width > 0 ? o.width : display.x - o.x, o.height > 0 ? o.height : display.y - o.y};
  ImGui::SetNextWindowPos({o.x, o.y});
  ImGui::SetNextWindowSize(size);
  const Theme& t = ui.theme();
  const Colour ground = o.tone == Tone::Accent    ? t.accent_soft
                        : o.tone == Tone::Warning ? t.warning_soft
                        : o.surface               ? t.surface
                                                  : t.ground;
  ImGui::PushStyleColor(ImGuiCol_WindowBg, packed(ground));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{ui.px(o.padding), ui.px(o.padding)});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0.0f);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0.0f);
  constexpr ImGuiWindowFlags kFlags =
      ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoCollapse |
      ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoNav;
  // A screen that first appears under an open dialog must not take the focus: ImGui 1.86 asserts on it.
  const bool under_dialog = ImGui::GetTopMostPopupModal() != nullptr;
  ImGui::Begin(std::string(id).c_str(), nullptr, under_dialog ? kFlags | ImGuiWindowFlags_NoFocusOnAppearing : kFlags);
  ImGui::PopStyleVar(3);
  ImGui::PopStyleColor();
  // ImGui keeps drawing half a padding away from the edges; lines along an edge belong there.
  ImGui::PushClipRect({o.x, o.y}, {o.x + size.x, o.y + size.y}, false);
  push_region_of_window(ui);
  record(ui, id, Role::Screen, ImRect({o.x, o.y}, {o.x + size.x, o.y + size.y}), {});
}

void end_screen(Ui& ui) {
  ui.layout().regions.pop_back();
  ImGui::PopClipRect();
  ImGui::End();
}

void begin_scroll(Ui& ui, std::string_view id, float height, float width) {
  float h = height;
  if (height <= 0) h = std::max(ui.px(40), height_left(ui) + height);
  const float w = width > 0 ? width : width_left(ui);
  // Room for the focus ring, taken from outside so that the content stays in line with what stands above and below.
  const float ring = ui.px(3);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() - ring);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{ring, ring});
  ImGui::BeginChild(std::string(id).c_str(), {w + 2 * ring, h}, false,
                    ImGuiWindowFlags_AlwaysUseWindowPadding | ImGuiWindowFlags_NoNav);
  ImGui::PopStyleVar();
  push_region_of_window(ui);
  const ImGuiWindow* child = ImGui::GetCurrentWindow();
  if (child->ScrollbarY) ui.layout().regions.back().right -= ui.px(4);
  record(ui, id, Role::Panel, child->Rect(), {});
}

void end_scroll(Ui& ui) {
  ui.layout().regions.pop_back();
  ImGui::EndChild();
}

void begin_column(Ui& ui, float max_width, Align align) {
  const float left = width_left(ui), width = std::min(left, ui.px(max_width));
  const float indent = align == Align::Left ? 0 : std::floor((left - width) / 2);
  auto& regions = ui.layout().regions;
  if (indent > 0) ImGui::Indent(indent);
  Ui::Layout::Region r = regions.back();
  r.left = ImGui::GetCursorScreenPos().x;
  r.right = r.left + width;
  ui.layout().seen["column:" + std::to_string(regions.size())] = indent;
  regions.push_back(r);
}

void end_column(Ui& ui) {
  auto& regions = ui.layout().regions;
  regions.pop_back();
  const float indent = ui.layout().seen["column:" + std::to_string(regions.size())];
  if (indent > 0) ImGui::Unindent(indent);
}

void begin_overlay(Ui& ui, float x, float y, float width, float height) {
  ImGui::PushClipRect({x, y}, {x + width, y + height}, true);
  ui.layout().overlays.push_back(ImGui::GetCurrentWindow()->DC.CursorMaxPos);
}

void end_overlay(Ui& ui) {
  auto& overlays = ui.layout().overlays;
  ImGui::GetCurrentWindow()->DC.CursorMaxPos = overlays.back();
  overlays.pop_back();
  ImGui::PopClipRect();
}

void beside(Ui& ui, float gap) {
  ImGui::SameLine(0, ui.px(gap));
}

void beside_or_below(Ui& ui, std::string_view words, float gap) {
  constexpr float kAround = 56;   // the icon and the room on both sides
  beside(ui, gap);
  if (width_left(ui) < measure_text(ui, words, {.face = Face::Strong}).width + ui.px(kAround)) ImGui::NewLine();
}

void begin_card(Ui& ui, std::string_view id, CardOptions o) {
  auto& l = ui.layout();
  if (l.cards.size() <= l.open_cards) l.cards.emplace_back();
  Ui::Layout::Card& card = l.cards[l.open_cards++];
  card.id = id;
  card.options = o;
  card.begin = ImGui::GetCursorScreenPos();
  card.width = o.width == kFill || o.width == 0 ? width_left(ui) : o.width;
  const bool tinted = o.tone == Tone::Accent || o.tone == Tone::Warning;
  card.pad = ui.px(measure::kWide);
  card.splitter.Split(ImGui::GetWindowDrawList(), 2);
  card.splitter.SetCurrentChannel(ImGui::GetWindowDrawList(), 1);
  ImGui::BeginGroup();
  const float left = card.pad + (tinted ? ui.px(measure::kGrid) : 0);
  ImGui::SetCursorScreenPos({card.begin.x, card.begin.y + ui.px(measure::kGap)});
  ImGui::Indent(left);
  l.regions.push_back({card.begin.x + left, card.begin.x + card.width - card.pad, 0});
}

void end_card(Ui& ui) {
  auto& l = ui.layout();
  Ui::Layout::Card& card = l.cards[--l.open_cards];
  l.regions.pop_back();
  const Theme& t = ui.theme();
  const CardOptions& o = card.options;
  const bool tinted = o.tone == Tone::Accent || o.tone == Tone::Warning;
  ImGui::Unindent(card.pad + (tinted ? ui.px(measure::kGrid) : 0));
  ImGui::EndGroup();
  const float bottom = ImGui::GetItemRectMax().y + ui.px(measure::kGap);
  const ImRect rect(card.begin, {card.begin.x + card.width, bottom});
  ImDrawList* list = ImGui::GetWindowDrawList();
  card.splitter.SetCurrentChannel(list, 0);
  const float rounding = ui.px(measure::kRounding);
  const Colour ground = o.tone == Tone::Accent ? t.accent_soft : o.tone == Tone::Warning ? t.warning_soft : t.surface;
  list->AddRectFilled(rect.Min, rect.Max, packed(ground), rounding);
  if (tinted)
    list->AddRectFilled(rect.Min, {rect.Min.x + ui.px(measure::kGrid), rect.Max.y},
                        packed(o.tone == Tone::Accent ? t.accent : t.warning), rounding, ImDrawFlags_RoundCornersLeft);
  else if (!o.flat)
    list->AddRect(rect.Min, rect.Max, packed(t.line), rounding, 0, std::max(1.0f, std::floor(ui.scale())));
  card.splitter.Merge(list);
  ImGui::SetCursorScreenPos(card.begin);
  ImGui::ItemSize(rect.GetSize(), 0.0f);
  ImGui::ItemAdd(rect, 0);
  record(ui, card.id, Role::Panel, rect, {});
}

}  // namespace beside::kit
