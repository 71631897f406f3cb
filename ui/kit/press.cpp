// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "ui/kit/detail.h"

namespace beside::kit {

ImGuiID imgui_id(std::string_view id) {
  return ImGui::GetCurrentWindow()->GetID(id.data(), id.data() + id.size());
}

void focus_ring(Ui& ui, const ImRect& rect, bool on) {
  if (!on) return;
  const float out = ui.px(2);
  ImGui::GetWindowDrawList()->AddRect({rect.Min.x - out, rect.Min.y - out}, {rect.Max.x + out, rect.Max.y + out},
                                      packed(ui.theme().accent), ui.px(measure::kRounding + 2), 0,
                                      std::max(2.0f, ui.px(2)));
}

void scroll_to_focus(Ui& ui, std::string_view id, const ImRect& rect) {
  if (!ui.just_focused(id)) return;
  ImGuiWindow* window = ImGui::GetCurrentWindow();
  if (!window->InnerClipRect.Contains(rect)) ImGui::ScrollToRect(window, rect);
}

Press press(Ui& ui, std::string_view id, Role role, const ImRect& rect, std::string_view words, bool enabled, bool cut,
            std::optional<bool> checked) {
  Press out;
  const ImGuiID iid = imgui_id(id);
  ImGui::ItemAdd(rect, iid);
  if (enabled) {
    out.focused = ui.tab_stop(id);
    out.pressed = ImGui::ButtonBehavior(rect, iid, &out.hovered, &out.held);
    if (out.hovered && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
      const bool active = ImGui::GetActiveID() == iid;
      ui.take_focus(id);
      if (active) {
        ImGui::SetActiveID(iid, ImGui::GetCurrentWindow());
        // SetActiveID forgets which button holds the widget, and ButtonBehavior asserts on that in the next frame.
        ImGui::GetCurrentContext()->ActiveIdMouseButton = ImGuiMouseButton_Left;
      }
      out.focused = true;
    }
    if (ui.activated(id)) out.pressed = true;
    if (out.hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    scroll_to_focus(ui, id, rect);
  }
  record(ui, id, role, rect, words, cut, enabled, checked, enabled);
  return out;
}

namespace {

struct Paint {
  Colour ground, front;
  bool filled = true, bordered = false;
};

Paint paint_of(Ui& ui, const ButtonOptions& o, const Press& p) {
  const Theme& t = ui.theme();
  if (!o.enabled) return {t.raised, t.muted, o.kind != ButtonKind::Plain, false};
  switch (o.kind) {
    case ButtonKind::Primary:
      return {p.held || p.hovered ? t.accent_hover : t.accent, t.on_accent, true, false};
    case ButtonKind::Danger:
      return {p.held || p.hovered ? t.warning_hover : t.warning, t.on_warning, true, false};
    case ButtonKind::Quiet:
      if (o.selected) return {t.accent_soft, t.accent, true, true};
      return {p.held ? t.pressed : p.hovered ? t.raised : t.surface, t.text, true, true};
    case ButtonKind::Alarm:
      return {p.held || p.hovered ? t.warning_soft : t.surface, t.warning, true, true};
    case ButtonKind::Plain:
      if (o.selected) return {t.accent_soft, t.accent, true, false};
      return {p.held ? t.pressed : t.raised, t.text, p.hovered || p.held, false};
  }
  return {t.surface, t.text, true, true};
}

void ground(Ui& ui, const ImRect& rect, const Paint& paint) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float rounding = ui.px(measure::kRounding);
  if (paint.filled) list->AddRectFilled(rect.Min, rect.Max, packed(paint.ground), rounding);
  if (paint.bordered)
    list->AddRect(rect.Min, rect.Max, packed(mixed(ui.theme().line, ui.theme().muted, 0.35f)), rounding, 0,
                  std::max(1.0f, std::floor(ui.scale())));
}

void draw_inked(Ui& ui, ImVec2 at, const Lines& lines, const TextStyle& style, float width, Colour colour) {
  draw_lines(ui, at, lines, style, width, packed(colour));
}

}  // namespace

bool button(Ui& ui, std::string_view id, std::string_view label, ButtonOptions o) {
  const TextStyle style{o.kind == ButtonKind::Primary || o.kind == ButtonKind::Danger ? Face::Strong : Face::Text,
                        o.size, Tone::Normal, Align::Centre};
  const bool has_icon = *o.icon != 0;
  const float pad = ui.px(o.tight ? 2 : measure::kWide), gap = has_icon && !label.empty() ? ui.px(measure::kTight) : 0;
  const float icon_width = has_icon ? measure_text(ui, o.icon, {Face::Text, o.size}).width : 0;
  const float left = width_left(ui);
  const float most = (o.width > 0 ? o.width : left) - 2 * pad - icon_width - gap;
  const Lines lines = wrap_lines(ui, label, style, std::max(most, ui.px(24)));
  const float content = lines.width + icon_width + gap;
  const float width = o.width == kFill ? left : o.width > 0 ? o.width : std::max(content + 2 * pad, ui.target());
  const float height = std::max(o.height > 0 ? o.height : ui.target(), lines.height + ui.px(measure::kGap));
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImRect rect(at, {at.x + std::round(width), at.y + std::round(height)});
  ImGui::ItemSize(rect.GetSize(), 0.0f);
  const bool cut = lines.broken || content > width + 1;
  const Press p =
      press(ui, id, Role::Button, rect, label, o.enabled, cut, o.selected ? std::optional<bool>(true) : std::nullopt);
  const Paint paint = paint_of(ui, o, p);
  ground(ui, rect, paint);
  float x = rect.Min.x + (width - content) / 2;
  const float middle = (rect.Min.y + rect.Max.y) / 2;
  if (has_icon) {
    const TextStyle icon_style{Face::Text, o.size, Tone::Normal, Align::Left};
    const Lines icon_lines = wrap_lines(ui, o.icon, icon_style, 0);
    draw_inked(ui, {x, middle - icon_lines.height / 2}, icon_lines, icon_style, 0, paint.front);
    x += icon_width + gap;
  }
  draw_inked(ui, {x, middle - lines.height / 2}, lines, style, lines.width, paint.front);
  focus_ring(ui, rect, p.focused && ui.focus_visible());
  if (!o.tip.empty() && p.hovered) tooltip(ui, o.tip);
  return p.pressed && o.enabled;
}

bool icon_button(Ui& ui, std::string_view id, const char* icon, std::string_view tip, ButtonOptions o) {
  const float side = o.height > 0 ? std::max(o.height, ui.target()) : ui.target();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImRect rect(at, {at.x + side, at.y + side});
  ImGui::ItemSize(rect.GetSize(), 0.0f);
  const Press p = press(ui, id, Role::Button, rect, tip, o.enabled, false);
  if (o.kind == ButtonKind::Quiet) o.kind = ButtonKind::Plain;
  const Paint paint = paint_of(ui, o, p);
  ground(ui, rect, paint);
  const TextStyle style{Face::Text, o.size == Size::Body ? Size::Large : o.size, Tone::Normal, Align::Left};
  const Lines lines = wrap_lines(ui, icon, style, 0);
  const ImVec2 middle = rect.GetCenter();
  draw_inked(ui, {middle.x - lines.width / 2, middle.y - lines.height / 2}, lines, style, 0, paint.front);
  focus_ring(ui, rect, p.focused && ui.focus_visible());
  if (p.hovered) tooltip(ui, tip);
  return p.pressed && o.enabled;
}

bool link(Ui& ui, std::string_view id, std::string_view label) {
  const TextStyle style{Face::Text, Size::Body, Tone::Accent, Align::Left};
  const Lines lines = wrap_lines(ui, label, style, width_left(ui));
  const float height = std::max(ui.target(), lines.height);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImRect rect(at, {at.x + lines.width, at.y + height});
  ImGui::ItemSize(rect.GetSize(), 0.0f);
  const Press p = press(ui, id, Role::Button, rect, label, true, lines.broken);
  const ImVec2 from{rect.Min.x, rect.Min.y + (height - lines.height) / 2};
  draw_inked(ui, from, lines, style, 0, p.hovered ? ui.theme().accent_hover : ui.theme().accent);
  ImGui::GetWindowDrawList()->AddLine({from.x, from.y + lines.height}, {from.x + lines.width, from.y + lines.height},
                                      packed(ui.theme().accent, p.hovered ? 1.0f : 0.4f), std::max(1.0f, ui.scale()));
  focus_ring(ui, rect, p.focused && ui.focus_visible());
  return p.pressed;
}

namespace {

enum class Mark { Box, Switch, Circle };

bool marked_row(Ui& ui, std::string_view id, Role role, std::string_view label, bool on, std::string_view detail,
                bool enabled, Mark mark) {
  const Theme& t = ui.theme();
  const float box = ui.px(20), mark_width = mark == Mark::Switch ? ui.px(36) : box, gap = ui.px(measure::kGap);
  const float room = width_left(ui) - mark_width - gap;
  const TextStyle style{Face::Text, Size::Body, enabled ? Tone::Normal : Tone::Muted, Align::Left};
  const TextStyle small{Face::Text, Size::Small, Tone::Muted, Align::Left};
  const Lines words = wrap_lines(ui, label, style, room);
  const Lines more = detail.empty() ? Lines{} : wrap_lines(ui, detail, small, room);
  const float text_height = words.height + more.height;
  const float height = std::max(ui.target(), text_height + ui.px(measure::kTight));
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImRect rect(at, {at.x + mark_width + gap + std::max(words.width, more.width), at.y + height});
  ImGui::ItemSize(rect.GetSize(), 0.0f);
  const Press p = press(ui, id, role, rect, label, enabled, words.broken || more.broken, on);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float stroke = std::max(1.5f, 1.5f * ui.scale());
  const float middle =
      detail.empty() ? rect.GetCenter().y : rect.Min.y + (height - text_height) / 2 + font_of(ui, style)->FontSize / 2;
  const Colour edge = p.hovered ? t.accent : t.muted;
  const Colour fill = enabled ? t.accent : t.muted;
  const Colour front = enabled ? t.on_accent : t.surface;
  if (mark == Mark::Box) {
    const ImRect b({rect.Min.x, std::round(middle - box / 2)}, {rect.Min.x + box, std::round(middle - box / 2) + box});
    list->AddRectFilled(b.Min, b.Max, packed(on ? fill : t.surface), ui.px(4));
    if (!on) list->AddRect(b.Min, b.Max, packed(edge), ui.px(4), 0, stroke);
    if (on) {
      const ImVec2 tick[3] = {{b.Min.x + box * 0.24f, b.Min.y + box * 0.52f},
                              {b.Min.x + box * 0.43f, b.Min.y + box * 0.70f},
                              {b.Min.x + box * 0.77f, b.Min.y + box * 0.32f}};
      list->AddPolyline(tick, 3, packed(front), 0, 2 * ui.scale());
    }
  } else if (mark == Mark::Circle) {
    const ImVec2 c{rect.Min.x + box / 2, middle};
    list->AddCircleFilled(c, box / 2, packed(t.surface));
    list->AddCircle(c, box / 2 - stroke / 2, packed(on ? fill : edge), 0, stroke);
    if (on) list->AddCircleFilled(c, box * 0.26f, packed(fill));
  } else {
    const float h = ui.px(20), r = h / 2;
    const ImRect b({rect.Min.x, middle - r}, {rect.Min.x + mark_width, middle + r});
    list->AddRectFilled(b.Min, b.Max, packed(on ? fill : t.pressed), r);
    if (!on) list->AddRect(b.Min, b.Max, packed(edge), r, 0, stroke);
    auto& began = ui.layout().began;
    auto& seen = ui.layout().seen;
    const auto before = seen.find(id);
    if (before != seen.end() && (before->second > 0.5f) != on) began[std::string(id)] = ui.now();
    seen[std::string(id)] = on ? 1.0f : 0.0f;
    const auto start = began.find(id);
    const float t01 = start == began.end() ? 1.0f : progress(ui.wants(), start->second, ui.now(), ui.reduce_motion());
    const float where = on ? t01 : 1 - t01;
    list->AddCircleFilled({b.Min.x + r + (mark_width - h) * where, middle}, r - ui.px(4), packed(on ? front : t.muted));
  }
  const ImVec2 from{rect.Min.x + mark_width + gap, rect.Min.y + (height - text_height) / 2};
  draw_lines(ui, from, words, style, 0, ink(ui, style.tone));
  if (!detail.empty()) draw_lines(ui, {from.x, from.y + words.height}, more, small, 0, ink(ui, Tone::Muted));
  focus_ring(ui, rect, p.focused && ui.focus_visible());
  return p.pressed && enabled;
}

}  // namespace

bool check(Ui& ui, std::string_view id, std::string_view label, bool& on, std::string_view detail, bool enabled) {
  const bool pressed = marked_row(ui, id, Role::Check, label, on, detail, enabled, Mark::Box);
  if (pressed) on = !on;
  return pressed;
}

bool toggle(Ui& ui, std::string_view id, std::string_view label, bool& on, std::string_view detail, bool enabled) {
  const bool pressed = marked_row(ui, id, Role::Check, label, on, detail, enabled, Mark::Switch);
  if (pressed) on = !on;
  return pressed;
}

bool radio(Ui& ui, std::string_view id, std::string_view label, bool chosen, std::string_view detail, bool enabled) {
  return marked_row(ui, id, Role::Choice, label, chosen, detail, enabled, Mark::Circle);
}

}  // namespace beside::kit
