// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/ui.h"

#include <algorithm>
#include <cmath>

#include "ui/kit/detail.h"

namespace beside::kit {

Ui::Ui() : layout_(std::make_unique<Layout>()) {}
Ui::~Ui() = default;

Result<std::unique_ptr<Ui>> Ui::create(ThemeName name, float scale) {
  std::unique_ptr<Ui> ui(new Ui());
  auto fonts = Fonts::create(scale);
  if (!fonts) return fail(fonts);
  ui->fonts_ = std::move(*fonts);
  ui->scale_ = scale;
  ui->set_theme(name);
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;  // windows of ours have no places to remember, and no file may appear beside the program
  io.LogFilename = nullptr;
  io.ConfigFlags &= ~(ImGuiConfigFlags_NavEnableKeyboard | ImGuiConfigFlags_NavEnableGamepad);
  io.ConfigInputTextCursorBlink = false;  // a blinking cursor would redraw an idle window
  io.ConfigWindowsMoveFromTitleBarOnly = true;
  return ui;
}

void Ui::set_theme(ThemeName name) {
  theme_ = &kit::theme(name);
  apply(*theme_, scale_);
}

void Ui::set_scale(float scale) {
  scale_ = scale;
  fonts_->set_scale(scale);
  apply(*theme_, scale_);
}

float Ui::px(float at_scale_1) const {
  return std::round(at_scale_1 * scale_);
}

void Ui::begin_frame(LocalTime now, std::int64_t unix_ms) {
  now_ = now;
  unix_ms_ = unix_ms;
  wants_.clear();
  map_.begin_frame();
  stops_.clear();
  layer_ = 0;
  seen_layer_ = 0;
  layout_->regions.clear();
  layout_->cards.clear();
  // Tab is ours: ImGui 1.86 would walk only its text fields.
  ImGuiIO& io = ImGui::GetIO();
  if (io.KeyMap[ImGuiKey_Tab] >= 0) {
    tab_key_ = io.KeyMap[ImGuiKey_Tab];
    io.KeyMap[ImGuiKey_Tab] = -1;
  }
  enter_key_ = io.KeyMap[ImGuiKey_Enter];
  pad_enter_key_ = io.KeyMap[ImGuiKey_KeyPadEnter];
  space_key_ = io.KeyMap[ImGuiKey_Space];
  escape_key_ = io.KeyMap[ImGuiKey_Escape];
  just_focused_.clear();
  if (!wanted_focus_.empty()) {
    focus_ = just_focused_ = wanted_focus_;
    wanted_focus_.clear();
  }
}

void Ui::end_frame() {
  const bool rose = seen_layer_ > top_layer_, fell = seen_layer_ < top_layer_;
  if (rose) {
    focus_below_.push_back(focus_);
    focus_.clear();
    for (const Stop& stop : stops_)
      if (stop.layer == seen_layer_) {
        wanted_focus_ = stop.id;
        break;
      }
  } else if (fell && !focus_below_.empty()) {
    if (wanted_focus_.empty()) wanted_focus_ = focus_below_.back();
    focus_below_.pop_back();
  }
  top_layer_ = seen_layer_;
  const ImGuiIO& io = ImGui::GetIO();
  if (!held_ && tab_key_ >= 0 && !io.KeyCtrl && !io.KeyAlt && ImGui::IsKeyPressed(tab_key_, true))
    move_focus(io.KeyShift ? -1 : 1);
  if (io.MouseClicked[0]) focus_visible_ = false;
  if (!wanted_focus_.empty()) wants_.at(now_);
  if (fonts_->waiting()) wants_.at(now_);
  map_.end_frame();
}

void Ui::move_focus(int step) {
  std::vector<const Stop*> row;
  for (const Stop& stop : stops_)
    if (stop.layer == top_layer_) row.push_back(&stop);
  if (row.empty()) return;
  const auto size = static_cast<int>(row.size());
  int at = step > 0 ? -1 : size;
  for (int i = 0; i < size; ++i)
    if (row[static_cast<std::size_t>(i)]->id == focus_) at = i;
  wanted_focus_ = row[static_cast<std::size_t>((at + step + size) % size)]->id;
  focus_visible_ = true;
  ImGui::ClearActiveID();
}

void Ui::focus(std::string_view id) {
  wanted_focus_ = id;
  wants_.at(now_);
}

bool Ui::focused(std::string_view id) const {
  return focus_ == id && layer_active();
}
bool Ui::just_focused(std::string_view id) const {
  return just_focused_ == id;
}

bool Ui::shortcut(int key, bool ctrl, bool shift, bool alt) const {
  const ImGuiIO& io = ImGui::GetIO();
  return !held_ && layer_active() && io.KeyCtrl == ctrl && io.KeyShift == shift && io.KeyAlt == alt &&
         ImGui::IsKeyPressed(key, false);
}

bool Ui::tab_stop(std::string_view id) {
  stops_.push_back({std::string(id), layer_});
  return focused(id);
}

void Ui::take_focus(std::string_view id) {
  if (focus_ != id) ImGui::ClearActiveID();
  focus_ = id;
  focus_visible_ = false;
}

bool Ui::activated(std::string_view id) {
  if (held_ || !focused(id)) return false;
  const auto down = [](int key) { return key >= 0 && ImGui::IsKeyPressed(key, false); };
  const ImGuiIO& io = ImGui::GetIO();
  if (io.KeyCtrl || io.KeyAlt) return false;
  if (!down(enter_key_) && !down(pad_enter_key_) && !down(space_key_)) return false;
  focus_visible_ = true;
  return true;
}

bool Ui::escape_pressed() const {
  return !held_ && layer_active() && escape_key_ >= 0 && ImGui::IsKeyPressed(escape_key_, false);
}

void Ui::push_layer() {
  ++layer_;
  seen_layer_ = std::max(seen_layer_, layer_);
}
void Ui::pop_layer() {
  --layer_;
}

}  // namespace beside::kit
