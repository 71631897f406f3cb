// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "ui/kit/catalogue.h"
#include "ui/views/kiosk/kiosk.h"

// The on-screen keyboard. Letters follow the language's usual rows from the catalogue (QWERTZ for German).
namespace beside::views {
namespace {

void erase_last(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

void append(std::string& text, std::string_view piece, std::size_t max_bytes) {
  if (text.size() + piece.size() <= max_bytes) text += piece;
}

bool key(kit::Ui& ui, const std::string& id, std::string_view label, float width, const char* icon = kit::icon::kNone,
         kit::ButtonKind kind = kit::ButtonKind::Quiet) {
  return kit::button(ui, id, label, {.kind = kind, .icon = icon, .width = width, .size = kit::Size::Large});
}

bool digits_pad(kit::Ui& ui, const std::string& name, std::string& text, std::size_t max_bytes) {
  static constexpr std::array<std::string_view, 9> kDigits{"1", "2", "3", "4", "5", "6", "7", "8", "9"};
  const float gap = ui.px(8), width = std::floor((kit::width_left(ui) - 2 * gap) / 3);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    if (i % 3 != 0) kit::beside(ui);
    if (key(ui, name + "." + std::string(kDigits[i]), kDigits[i], width)) append(text, kDigits[i], max_bytes);
  }
  if (key(ui, name + ".back", {}, width, kit::icon::kBackspace)) erase_last(text);
  kit::beside(ui);
  if (key(ui, name + ".0", "0", width)) append(text, "0", max_bytes);
  kit::beside(ui);
  return key(ui, name + ".done", {}, width, kit::icon::kCheck, kit::ButtonKind::Primary);
}

}  // namespace

bool draw_keyboard(kit::Ui& ui, std::string_view prefix, KioskState& state, std::string& text, bool digits,
                   std::size_t max_bytes) {
  const std::string name(prefix);
  if (digits) return digits_pad(ui, name, text, max_bytes);
  bool done = false;
  const float gap = ui.px(4), all = kit::width_left(ui);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2{gap, gap});
  for (int row = 0; row < 4; ++row) {
    // Letters separated by spaces, so that a row may hold any script.
    const std::string letters = kit::tr("keyboard.row" + std::to_string(row) + (state.keyboard_shift ? ".shift" : ""));
    const auto count = static_cast<float>(std::count(letters.begin(), letters.end(), ' ') + 1);
    const float width = std::floor((all - gap * (count - 1)) / count);
    std::size_t at = 0, column = 0;
    while (at < letters.size()) {
      const std::size_t end = std::min(letters.find(' ', at), letters.size());
      const std::string piece = letters.substr(at, end - at);
      if (column > 0) kit::beside(ui, 4);
      if (kit::button(ui, name + ".k" + std::to_string(row) + "_" + std::to_string(column), piece,
                      {.width = width, .tight = true})) {
        append(text, piece, max_bytes);
        state.keyboard_shift = false;
      }
      ++column;
      at = end + 1;
    }
  }
  const float quarter = std::floor((all - 3 * gap) / 4);
  if (kit::button(ui, name + ".shift", {},
                  {.icon = kit::icon::kUp, .width = quarter, .selected = state.keyboard_shift}))
    state.keyboard_shift = !state.keyboard_shift;
  kit::beside(ui, 4);
  if (kit::button(ui, name + ".space", kit::tr("keyboard.space"), {.width = quarter, .tight = true}))
    append(text, " ", max_bytes);
  kit::beside(ui, 4);
  if (kit::button(ui, name + ".back", {}, {.icon = kit::icon::kBackspace, .width = quarter})) erase_last(text);
  kit::beside(ui, 4);
  if (kit::button(ui, name + ".done", {},
                  {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kCheck, .width = quarter}))
    done = true;
  ImGui::PopStyleVar();
  return done;
}

}  // namespace beside::views
