// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "ui/kit/catalogue.h"
#include "ui/kit/detail.h"

namespace beside::kit {

void badge(Ui& ui, std::string_view id, std::string_view words, Tone tone, const char* icon) {
  const Theme& t = ui.theme();
  const TextStyle style{Face::Strong, Size::Small, Tone::Normal, Align::Left};
  const float pad = ui.px(measure::kTight);
  const bool has_icon = *icon != 0;
  const float icon_width = has_icon ? measure_text(ui, icon, {Face::Text, Size::Small}).width + (words.empty() ? 0 : ui.px(6)) : 0;
  const Lines lines = wrap_lines(ui, words, style, std::max(ui.px(40), width_left(ui) - 2 * pad - icon_width));
  const float height = std::max(lines.height, measure_text(ui, "A", style).height);
  const ImRect rect = place(ui, {lines.width + 2 * pad + icon_width, height + ui.px(6)});
  const Colour ground = tone == Tone::Accent ? t.accent_soft : tone == Tone::Warning ? t.warning_soft : t.raised;
  const Colour front = tone == Tone::Accent ? t.accent : tone == Tone::Warning ? t.warning : t.muted;
  ImGui::GetWindowDrawList()->AddRectFilled(rect.Min, rect.Max, packed(ground), ui.px(measure::kRounding));
  if (has_icon)
    text_at(ui, rect.Min.x + pad, rect.Min.y + ui.px(3), icon,
            {Face::Text, Size::Small, tone == Tone::Normal ? Tone::Muted : tone, Align::Left});
  draw_lines(ui, {rect.Min.x + pad + icon_width, rect.Min.y + ui.px(3)}, lines, style, 0, packed(front));
  record(ui, id, Role::Text, rect, words, lines.broken);
}

void avatar(Ui& ui, std::string_view id, std::string_view name, float size) {
  const Theme& t = ui.theme();
  const ImRect rect = place(ui, {size, size});
  // First letters of the first and last word.
  std::string initials;
  const auto take = [&](std::string_view word) {
    std::size_t at = 0;
    if (word.empty()) return;
    next_code_point(word, at);
    initials += word.substr(0, at);
  };
  const std::size_t first_end = name.find(' ');
  take(name.substr(0, first_end));
  const std::size_t last = name.rfind(' ');
  if (last != std::string_view::npos) take(name.substr(last + 1));
  const bool small = size < ui.px(40);
  ImGui::GetWindowDrawList()->AddRectFilled(rect.Min, rect.Max, packed(t.accent_soft), std::round(size * 0.28f));
  const bool unknown = initials.empty();
  const TextStyle style{unknown ? Face::Text : Face::Strong, small ? Size::Small : Size::Large, Tone::Accent,
                        Align::Left};
  const Lines lines = wrap_lines(ui, unknown ? std::string_view(icon::kUser) : std::string_view(initials), style, 0);
  const ImVec2 c = rect.GetCenter();
  draw_lines(ui, {c.x - lines.width / 2, c.y - lines.height / 2}, lines, style, 0, packed(t.accent));
  record(ui, id, Role::Image, rect, {});
}

void icon_text(Ui& ui, std::string_view id, const char* icon, std::string_view words, TextStyle style) {
  const TextStyle mark{Face::Text, style.size, style.tone, Align::Left};
  const float column = font_of(ui, style)->FontSize * 1.35f;
  const float room = width_left(ui) - column;
  const Lines lines = wrap_lines(ui, words, style, room);
  const ImRect rect = place(ui, {column + lines.width, lines.height});
  const Lines i = wrap_lines(ui, icon, mark, 0);
  draw_lines(ui, rect.Min, i, mark, 0, ink(ui, style.tone));
  TextStyle left = style;
  left.align = Align::Left;
  draw_lines(ui, {rect.Min.x + column, rect.Min.y}, lines, left, 0, ink(ui, style.tone));
  record(ui, id, Role::Text, rect, words, lines.broken);
}

void live_mark(Ui& ui, std::string_view id, bool live) {
  const Theme& t = ui.theme();
  const float side = ui.px(16);
  const ImRect rect = place(ui, {side, side});
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 c = rect.GetCenter();
  if (live) {
    list->AddCircleFilled(c, side * 0.30f, packed(t.accent));
    list->AddCircle(c, side * 0.46f, packed(t.accent), 0, std::max(1.5f, 1.5f * ui.scale()));
  } else {
    list->AddCircle(c, side * 0.28f, packed(t.muted), 0, std::max(1.5f, 1.5f * ui.scale()));
  }
  record(ui, id, Role::Image, rect, {}, false, true, live);
}

void hatch(Ui& ui, float x, float y, float width, float height, Tone tone) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->PushClipRect({x, y}, {x + width, y + height}, true);
  const float step = ui.px(10);
  const std::uint32_t colour = packed(colour_of(ui, tone), 0.45f);
  for (float d = -height; d < width; d += step)
    list->AddLine({x + d, y + height}, {x + d + height, y}, colour, std::max(1.0f, 1.5f * ui.scale()));
  list->PopClipRect();
}

void separator(Ui& ui) {
  const float width = width_left(ui), thick = std::max(1.0f, std::floor(ui.scale()));
  const ImRect rect = place(ui, {width, thick});
  ImGui::GetWindowDrawList()->AddRectFilled(rect.Min, rect.Max, packed(ui.theme().line));
}

void space(Ui& ui, float at_scale_1) {
  const float extra = ui.px(at_scale_1) - ImGui::GetStyle().ItemSpacing.y;
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + std::max(0.0f, extra));
}

void progress_bar(Ui& ui, std::string_view id, float part, float width) {
  const Theme& t = ui.theme();
  const float wide = width == kFill || width == 0 ? width_left(ui) : width;
  const ImRect rect = place(ui, {wide, ui.px(6)});
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, packed(t.pressed), ui.px(3));
  if (part >= 0) {
    list->AddRectFilled(rect.Min, {rect.Min.x + wide * std::min(part, 1.0f), rect.Max.y}, packed(t.accent), ui.px(3));
  } else {
    hatch(ui, rect.Min.x, rect.Min.y, wide, rect.GetHeight(), Tone::Accent);
  }
  record(ui, id, Role::Image, rect, {});
}

void waiting_dots(Ui& ui, std::string_view id) {
  const float side = ui.px(8), gap = ui.px(8);
  const ImRect rect = place(ui, {3 * side + 2 * gap, side});
  // One step every 400 ms: enough to say "at work", four times cheaper than a smooth spinner.
  constexpr milliseconds kStep{400};
  const auto step = ui.now().time_since_epoch() / kStep;
  if (!ui.reduce_motion()) ui.wants().at(LocalTime(kStep * (step + 1)));
  for (int i = 0; i < 3; ++i) {
    const bool on = ui.reduce_motion() || step % 3 == i;
    ImGui::GetWindowDrawList()->AddCircleFilled(
        {rect.Min.x + side / 2 + static_cast<float>(i) * (side + gap), rect.GetCenter().y}, side / 2,
        packed(on ? ui.theme().accent : ui.theme().pressed));
  }
  record(ui, id, Role::Image, rect, {});
}

void countdown(Ui& ui, std::string_view id, LocalTime until, TextStyle style) {
  const auto left = minutes_until(ui.wants(), until, ui.now());
  text(ui, id, left > 0 ? trn("kit.minutes_left", static_cast<std::uint64_t>(left)) : tr("kit.time_over"), style);
}

void tooltip(Ui& ui, std::string_view words) {
  const Ui::Layout& l = ui.layout();
  const std::string key = "tip:" + l.last_id;
  auto& began = ui.layout().began;
  // Never over a dialog that has opened meanwhile: ImGui 1.86 asserts on a window that appears beside a modal one.
  if (!ui.layer_active() || !ImGui::IsMouseHoveringRect(l.last.Min, l.last.Max)) {
    began.erase(key);
    return;
  }
  constexpr milliseconds kDelay{400};
  const auto [it, fresh] = began.try_emplace(key, ui.now());
  if (ui.now() < it->second + kDelay) {
    ui.wants().at(it->second + kDelay);
    return;
  }
  // A tip of what lies under a dialog is of no use, and ImGui 1.86 asserts on one that appears together with the dialog.
  const ImGuiWindow* modal = ImGui::GetTopMostPopupModal();
  if (modal != nullptr && ImGui::GetCurrentWindow()->RootWindow != modal) return;
  ui.fonts().need(words);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{ui.px(measure::kTight), ui.px(6)});
  ImGui::BeginTooltip();
  ImGui::PushFont(ui.fonts().get(Face::Text, Size::Small));
  ImGui::PushTextWrapPos(ui.px(280));
  ImGui::TextUnformatted(words.data(), words.data() + words.size());
  ImGui::PopTextWrapPos();
  ImGui::PopFont();
  ImGui::EndTooltip();
  ImGui::PopStyleVar();
}

}  // namespace beside::kit
