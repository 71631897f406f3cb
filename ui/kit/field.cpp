// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <cstring>

#include "ui/kit/detail.h"

namespace beside::kit {
namespace {

constexpr std::size_t kCodeDigits = 10;

bool code_sign(char c) {
  return (c >= '0' && c <= '9') || c == ' ' || c == '-' || c == '\n' || c == '\r' || c == '\t';
}

// Keeps the buffer grouped while it is edited, and tells of what no code has; the cursor stays after the same digit.
int regroup(ImGuiInputTextCallbackData* data) {
  const std::string_view before(data->Buf, static_cast<std::size_t>(data->BufTextLen));
  const std::string digits = code_digits(before);
  std::size_t digits_before_cursor = 0;
  for (int i = 0; i < data->CursorPos && i < data->BufTextLen; ++i)
    if (data->Buf[i] >= '0' && data->Buf[i] <= '9') ++digits_before_cursor;
  digits_before_cursor = std::min(digits_before_cursor, digits.size());
  const std::string grouped = grouped_code(digits);
  if (grouped == before) return 0;
  if (digits.size() < kCodeDigits && !std::all_of(before.begin(), before.end(), code_sign)) *static_cast<bool*>(data->UserData) = true;
  data->DeleteChars(0, data->BufTextLen);
  data->InsertChars(0, grouped.c_str(), grouped.c_str() + grouped.size());
  std::size_t at = 0, seen = 0;
  while (at < grouped.size() && seen < digits_before_cursor)
    if (grouped[at++] != ' ') ++seen;
  if (digits_before_cursor == digits.size()) at = grouped.size();
  data->CursorPos = static_cast<int>(at);
  data->SelectionStart = data->SelectionEnd = data->CursorPos;
  return 0;
}

struct Edit {
  bool changed = false, entered = false, refused = false;
};

// One ImGui text input without its frame, at the rectangle given.
Edit edit(Ui& ui, std::string_view id, const ImRect& box, std::string& value, const FieldOptions& o,
          const TextStyle& style, ImVec2 pad, bool code) {
  ui.fonts().need(value);
  std::vector<char> buffer(std::max<std::size_t>(o.max_bytes, value.size()) + 1, 0);
  std::copy(value.begin(), value.end(), buffer.begin());
  const std::string name = "##" + std::string(id);
  ImGui::PushFont(font_of(ui, style));
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, pad);
  ImGui::PushStyleColor(ImGuiCol_Text, ink(ui, o.enabled ? Tone::Normal : Tone::Muted));
  ImGuiContext& g = *ImGui::GetCurrentContext();
  const ImGuiID iid = ImGui::GetID(name.c_str());
  // ImGui writes its own copy back while a field is being edited: let go when the program changed the text meanwhile.
  std::string& before = ui.layout().edited[std::string(id)];
  if (!o.password && ImGui::GetActiveID() == iid && before != value) ImGui::ClearActiveID();
  const bool focused = o.enabled && ui.focused(id);
  const bool wakes = focused && ImGui::GetActiveID() == 0 && !ImGui::IsMouseDown(ImGuiMouseButton_Left);
  if (wakes) g.NavActivateInputId = iid;
  if (focused && ImGui::GetActiveID() == 0) ui.wants().at(ui.now());  // editing starts with the next frame
  ImGui::SetCursorScreenPos(box.Min);
  ImGuiInputTextFlags flags = ImGuiInputTextFlags_NoHorizontalScroll;  // a code fits; only long text scrolls
  if (!code && o.lines <= 1) flags = 0;
  if (o.password) flags |= ImGuiInputTextFlags_Password;
  if (!o.enabled) flags |= ImGuiInputTextFlags_ReadOnly;
  flags |= ImGuiInputTextFlags_EnterReturnsTrue;
  if (code) flags |= ImGuiInputTextFlags_CallbackEdit;
  if (o.lines > 1) flags |= static_cast<int>(ImGuiInputTextFlags_Multiline);
  Edit out;
  out.entered = ImGui::InputTextEx(name.c_str(), nullptr, buffer.data(), static_cast<int>(buffer.size()), box.GetSize(),
                                   flags, code ? regroup : nullptr, &out.refused);
  // Woken without Tab (a new screen, after Return, after the on-screen keyboard): go on at the end, select nothing.
  if (wakes && !(ui.just_focused(id) && ui.focus_visible()))
    if (ImGuiInputTextState* state = ImGui::GetInputTextState(iid)) {
      state->ClearSelection();
      state->Stb.cursor = state->Stb.select_start = state->Stb.select_end = state->CurLenW;
    }
  const std::string_view now(buffer.data());
  if (now != value) {
    value = now;
    ui.fonts().need(value);
    out.changed = true;
  }
  if (!o.password) before = value;
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
  ImGui::PopFont();
  return out;
}

FieldResult field(Ui& ui, std::string_view id, std::string& value, const FieldOptions& o, bool code) {
  const Theme& t = ui.theme();
  const float width = o.width == kFill || o.width == 0 ? width_left(ui) : o.width;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  ImGui::BeginGroup();
  const float saved_right = ui.layout().regions.empty() ? 0 : ui.layout().regions.back().right;
  if (!ui.layout().regions.empty()) ui.layout().regions.back().right = start.x + width;
  if (!o.label.empty()) {
    text(ui, {}, o.label, {Face::Strong, Size::Small, Tone::Normal, Align::Left});
    ImGui::SetCursorScreenPos({start.x, ImGui::GetCursorScreenPos().y - ui.px(measure::kGrid)});
  }
  const TextStyle style{code || o.mono ? Face::Mono : Face::Text, code ? Size::Huge : Size::Body, Tone::Normal,
                        Align::Left};
  const float line = font_of(ui, style)->FontSize;
  const float rows = static_cast<float>(std::max(1, o.lines));
  const float height = std::max(ui.target() + (code ? ui.px(measure::kWide) : 0), rows * line + ui.px(measure::kWide));
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImRect box(at, {at.x + width, at.y + height});
  const bool hovered = ImGui::IsMouseHoveringRect(box.Min, box.Max) && ui.layer_active();
  if (o.enabled) {
    ui.tab_stop(id);
    if (hovered && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) ui.take_focus(id);
  }
  const bool focused = o.enabled && ui.focused(id);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float rounding = ui.px(measure::kRounding);
  list->AddRectFilled(box.Min, box.Max, packed(o.enabled ? t.surface : t.raised), rounding);
  const Colour edge = focused ? t.accent : !o.error.empty() ? t.warning : hovered ? t.text : t.muted;
  list->AddRect(box.Min, box.Max, packed(edge), rounding, 0,
                focused ? std::max(2.0f, ui.px(2)) : std::max(1.0f, std::floor(ui.scale())));
  ImVec2 pad{ui.px(measure::kGap), std::floor((height - rows * line) / 2)};
  const std::string shown = code ? grouped_code(value) : value;
  if (code) {
    // A code is centred as it will stand when complete, so that nothing moves while typing.
    const Extent full = measure_text(ui, "000 000 0000", style);
    pad.x = std::max(pad.x, std::floor((width - full.width) / 2));
  }
  if (value.empty() && !o.hint.empty()) {
    const TextStyle hint{style.face, style.size, Tone::Muted, Align::Left};
    bool shortened = false;
    const std::string words = with_ellipsis(ui, o.hint, hint, width - 2 * pad.x + (code ? ui.px(2) : 0), shortened);
    const Lines lines = wrap_lines(ui, words, hint, 0);
    draw_lines(ui, {box.Min.x + pad.x, box.Min.y + pad.y}, lines, hint, 0, packed(t.muted, code ? 0.55f : 1.0f));
    if (shortened) record(ui, std::string(id) + ".hint", Role::Text, box, o.hint, true);
  }
  std::string edited = shown;
  FieldOptions inner = o;
  if (code) inner.max_bytes = 512;  // room for a pasted link
  const Edit e = edit(ui, id, box, edited, inner, style, pad, code);
  scroll_to_focus(ui, id, box);
  FieldResult out;
  if (code) edited = code_digits(edited);
  if (edited != value) {
    value = edited;
    out.changed = true;
  }
  out.submitted = e.entered;
  out.refused = e.refused;
  record(ui, id, Role::Field, box, {}, false, o.enabled, std::nullopt, o.enabled);
  ImGui::SetCursorScreenPos({start.x, box.Max.y});
  if (!o.error.empty()) {
    ImGui::SetCursorScreenPos({start.x, box.Max.y + ui.px(measure::kGrid)});
    text(ui, std::string(id) + ".error", o.error, {Face::Text, Size::Small, Tone::Warning, Align::Left});
  }
  if (!ui.layout().regions.empty()) ui.layout().regions.back().right = saved_right;
  ImGui::EndGroup();
  const ImRect whole(start, {start.x + width, ImGui::GetItemRectMax().y});
  ImGui::SetCursorScreenPos(start);
  ImGui::ItemSize({width, std::max(whole.GetHeight(), box.Max.y - start.y)}, 0.0f);
  ui.layout().last = box;
  return out;
}

}  // namespace

std::string code_digits(std::string_view typed) {
  // beside://host:443/CODE#pin=...: only the code part counts, or the port's digits would.
  const std::size_t scheme = typed.find("://");
  if (scheme != std::string_view::npos) {
    typed.remove_prefix(scheme + 3);
    const std::size_t slash = typed.find('/');
    typed.remove_prefix(slash == std::string_view::npos ? typed.size() : slash + 1);
    typed = typed.substr(0, typed.find_first_of("#?"));
  }
  std::string out;
  for (const char c : typed)
    if (c >= '0' && c <= '9' && out.size() < kCodeDigits) out += c;
  return out;
}

std::string grouped_code(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == 3 || i == 6) out += ' ';
    out += digits[i];
  }
  return out;
}

FieldResult text_field(Ui& ui, std::string_view id, std::string& value, FieldOptions o) {
  return field(ui, id, value, o, false);
}
FieldResult code_field(Ui& ui, std::string_view id, std::string& digits, FieldOptions o) {
  return field(ui, id, digits, o, true);
}

}  // namespace beside::kit
