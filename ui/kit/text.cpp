// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "ui/kit/detail.h"

namespace beside::kit {

ImFont* font_of(Ui& ui, const TextStyle& style) {
  Size size = style.size;
  if (ui.larger_text() && size != Size::Huge) size = static_cast<Size>(static_cast<int>(size) + 1);
  return ui.fonts().get(style.face, size);
}

Colour colour_of(Ui& ui, Tone tone) {
  const Theme& t = ui.theme();
  switch (tone) {
    case Tone::Normal:
      return t.text;
    case Tone::Muted:
      return t.muted;
    case Tone::Accent:
      return t.accent;
    case Tone::Warning:
      return t.warning;
    case Tone::OnAccent:
      return t.on_accent;
    case Tone::OnWarning:
      return t.on_warning;
    case Tone::OnStage:
      return t.on_stage;
  }
  return t.text;
}

std::uint32_t ink(Ui& ui, Tone tone) {
  return packed(colour_of(ui, tone));
}

Lines wrap_lines(Ui& ui, std::string_view words, const TextStyle& style, float width) {
  ui.fonts().need(words);
  ImFont* font = font_of(ui, style);
  Lines out;
  if (words.empty()) {  // ImGui would look for the end of a null text
    out.lines.emplace_back("");
    out.height = font->FontSize;
    return out;
  }
  const char* at = words.data();
  const char* end = at + words.size();
  const auto line_width = [&](const char* from, const char* to) {
    if (from == to) return 0.0f;
    return std::ceil(font->CalcTextSizeA(font->FontSize, 1e9f, 0, from, to).x);
  };
  do {
    const char* newline = std::find(at, end, '\n');
    do {
      const char* stop = newline;
      if (width > 0 && line_width(at, newline) > width) {
        stop = font->CalcWordWrapPositionA(1.0f, at, newline, width);
        if (stop <= at) stop = std::min(at + 1, newline);
        // A line that ends inside a word had no room for it.
        // (After a mark an address or a path may go on in the next line.)
        constexpr std::string_view kMarks = " -/.,:;!?\"@_";
        if (stop < newline && *stop != ' ' && kMarks.find(stop[-1]) == std::string_view::npos) out.broken = true;
      }
      const char* trimmed = stop;
      while (trimmed > at && trimmed[-1] == ' ') --trimmed;
      out.lines.emplace_back(at, static_cast<std::size_t>(trimmed - at));
      out.width = std::max(out.width, line_width(at, trimmed));
      at = stop;
      while (at < newline && *at == ' ') ++at;
    } while (at < newline);
    if (newline == end) break;
    at = newline + 1;
  } while (true);
  out.height = font->FontSize * static_cast<float>(out.lines.size());
  return out;
}

void draw_lines(Ui& ui, ImVec2 at, const Lines& lines, const TextStyle& style, float width, std::uint32_t colour) {
  ImFont* font = font_of(ui, style);
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (const std::string_view line : lines.lines) {
    if (line.empty()) {
      at.y += font->FontSize;
      continue;
    }
    float x = at.x;
    if (style.align != Align::Left) {
      const float w = font->CalcTextSizeA(font->FontSize, 1e9f, 0, line.data(), line.data() + line.size()).x;
      x += std::round(style.align == Align::Centre ? (width - w) / 2 : width - w);
    }
    list->AddText(font, font->FontSize, {std::round(x), std::round(at.y)}, colour, line.data(),
                  line.data() + line.size());
    at.y += font->FontSize;
  }
}

void record(Ui& ui, std::string_view id, Role role, const ImRect& rect, std::string_view words, bool cut, bool enabled,
            std::optional<bool> checked, bool tab_stop) {
  Ui::Layout& l = ui.layout();
  l.last = rect;
  l.last_id = id;
  if (id.empty() && !cut) return;
  Widget w;
  w.label = id;
  w.role = role;
  w.rect = {static_cast<int>(rect.Min.x), static_cast<int>(rect.Min.y), static_cast<int>(std::ceil(rect.GetWidth())),
            static_cast<int>(std::ceil(rect.GetHeight()))};
  w.enabled = enabled;
  w.checked = checked;
  w.focused = tab_stop && ui.focused(id);
  w.cut = cut;
  w.tab_stop = tab_stop;
  w.text = words;
  ImRect seen = rect;
  const ImRect clip = ImGui::GetCurrentWindow()->ClipRect;
  seen.ClipWithFull(clip);
  w.hidden = !clip.Contains(rect.GetCenter());
  // Out of sight sideways is never meant, whatever scrolls.
  if (role != Role::Screen && role != Role::Panel && role != Role::Dialog && !words.empty() &&
      (rect.Min.x < clip.Min.x - 1 || rect.Max.x > clip.Max.x + 1))
    w.cut = true;
  ui.map().add(std::move(w));
}

ImRect place(Ui&, ImVec2 size) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImRect rect(at, {at.x + size.x, at.y + size.y});
  ImGui::ItemSize(size, 0.0f);
  ImGui::ItemAdd(rect, 0);
  return rect;
}

void text(Ui& ui, std::string_view id, std::string_view words, TextStyle style) {
  const float room = width_left(ui);
  const Lines lines = wrap_lines(ui, words, style, room);
  const float width = style.align == Align::Left ? lines.width : room;
  const ImRect rect = place(ui, {width, lines.height});
  draw_lines(ui, rect.Min, lines, style, width, ink(ui, style.tone));
  record(ui, id, Role::Text, rect, words, lines.broken || lines.width > room + 1);
}

void heading(Ui& ui, std::string_view id, std::string_view words, Align align) {
  text(ui, id, words, {Face::Strong, Size::Huge, Tone::Normal, align});
}
void title(Ui& ui, std::string_view id, std::string_view words, Align align) {
  text(ui, id, words, {Face::Strong, Size::Large, Tone::Normal, align});
}
void muted(Ui& ui, std::string_view id, std::string_view words, Align align) {
  text(ui, id, words, {Face::Text, Size::Small, Tone::Muted, align});
}

std::string with_ellipsis(Ui& ui, std::string_view words, const TextStyle& style, float width, bool& shortened) {
  ui.fonts().need(words);
  ImFont* font = font_of(ui, style);
  const auto wide = [&](std::string_view s) {
    if (s.empty()) return 0.0f;
    return font->CalcTextSizeA(font->FontSize, 1e9f, 0, s.data(), s.data() + s.size()).x;
  };
  shortened = false;
  std::string flat(words.substr(0, words.find('\n')));
  if (flat.size() == words.size() && wide(flat) <= width) return flat;
  shortened = true;
  while (!flat.empty()) {
    while (!flat.empty() && (static_cast<unsigned char>(flat.back()) & 0xc0) == 0x80) flat.pop_back();
    if (!flat.empty()) flat.pop_back();
    const std::string candidate = flat + "\u2026";
    if (wide(candidate) <= width) return candidate;
  }
  return "\u2026";
}

void elided(Ui& ui, std::string_view id, std::string_view words, float width, TextStyle style) {
  bool shortened = false;
  const float room = width == kFill || width == 0 ? width_left(ui) : width;
  const std::string shown = with_ellipsis(ui, words, style, room, shortened);
  const Lines lines = wrap_lines(ui, shown, style, 0);
  const ImRect rect = place(ui, {room, lines.height});
  draw_lines(ui, rect.Min, lines, style, room, ink(ui, style.tone));
  record(ui, id, Role::Text, rect, words);
  if (shortened) tooltip(ui, words);
}

Extent measure_text(Ui& ui, std::string_view words, TextStyle style, float wrap) {
  const Lines lines = wrap_lines(ui, words, style, wrap);
  return {lines.width, lines.height};
}

void text_at(Ui& ui, float x, float y, std::string_view words, TextStyle style, float width) {
  const Lines lines = wrap_lines(ui, words, style, width);
  draw_lines(ui, {x, y}, lines, style, width > 0 ? width : lines.width, ink(ui, style.tone));
}

}  // namespace beside::kit
