// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "ui/kit/detail.h"

namespace beside::kit {
namespace {

void bubble(Ui& ui, std::string_view id, const Bubble& b, bool show_time) {
  const Theme& t = ui.theme();
  const float room = width_left(ui), pad = ui.px(10);
  if (b.system) {
    text(ui, id, b.text, {Face::Text, Size::Small, Tone::Muted, Align::Centre});
    return;
  }
  const TextStyle style{};
  // A bubble never takes the whole width, so that sides stay apart at a glance.
  const Lines lines = wrap_lines(ui, b.text, style, room * 0.82f - 2 * pad);
  const ImVec2 size{lines.width + 2 * pad, lines.height + ui.px(14)};
  const float x = b.mine ? room - size.x : 0;
  ImGui::SetCursorScreenPos({ImGui::GetCursorScreenPos().x + x, ImGui::GetCursorScreenPos().y});
  const ImRect rect = place(ui, size);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImDrawFlags corners = b.mine ? ImDrawFlags_RoundCornersTop | ImDrawFlags_RoundCornersBottomLeft
                                     : ImDrawFlags_RoundCornersTop | ImDrawFlags_RoundCornersBottomRight;
  list->AddRectFilled(rect.Min, rect.Max, packed(b.mine ? t.accent_soft : t.raised), ui.px(10), corners);
  draw_lines(ui, {rect.Min.x + pad, rect.Min.y + ui.px(7)}, lines, style, 0,
             ink(ui, b.pending ? Tone::Muted : Tone::Normal));
  // A word longer than a bubble (an address) is broken on purpose.
  record(ui, id, Role::Text, rect, b.text);
  if (show_time && !b.time.empty()) {
    const TextStyle small{Face::Text, Size::Small, Tone::Muted, b.mine ? Align::Right : Align::Left};
    text(ui, {}, b.time, small);
  }
}

}  // namespace

void chat_transcript(Ui& ui, std::string_view id, std::span<const Bubble> bubbles, std::string_view typing,
                     float height) {
  begin_scroll(ui, id, height);
  const std::string name(id);
  const bool at_end = ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - ui.px(8);
  auto& seen = ui.layout().seen;
  const auto count = static_cast<float>(bubbles.size() * 2 + (typing.empty() ? 0 : 1));
  const auto before = seen.find(name);
  const bool grew = before == seen.end() || before->second < count;
  const bool own_new = grew && !bubbles.empty() && bubbles.back().mine;
  seen[name] = count;
  for (std::size_t i = 0; i < bubbles.size(); ++i) {
    // One stamp for a run of lines of the same person within a minute.
    const bool last = i + 1 == bubbles.size();
    const bool show_time =
        last || bubbles[i + 1].mine != bubbles[i].mine || bubbles[i + 1].time != bubbles[i].time || bubbles[i].pending;
    bubble(ui, name + "." + std::to_string(i), bubbles[i], show_time);
  }
  if (!typing.empty()) text(ui, name + ".typing", typing, {Face::Text, Size::Small, Tone::Muted, Align::Left});
  if ((grew && at_end) || own_new) {
    ImGui::SetScrollHereY(1.0f);
    ui.wants().at(ui.now());
  }
  end_scroll(ui);
}

}  // namespace beside::kit
