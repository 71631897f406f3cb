// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/kit_screen.h"

#include <imgui.h>

#include <doctest/doctest.h>

// fontconfig loses 288 bytes once per process while it reads its own XML files (not a pattern of ours); it is built
// without frame pointers, so the module is all that can be named.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfontconfig.so";
}

namespace beside::test {

Screen::Screen(int width, int height, float scale, kit::ThemeName theme) {
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = {static_cast<float>(width), static_cast<float>(height)};
  io.KeyMap[ImGuiKey_Tab] = kTab;
  io.KeyMap[ImGuiKey_Enter] = kEnter;
  io.KeyMap[ImGuiKey_Escape] = kEscape;
  io.KeyMap[ImGuiKey_Backspace] = kBackspaceKey;
  io.KeyMap[ImGuiKey_Space] = kSpaceKey;
  io.KeyMap[ImGuiKey_A] = 'A';
  io.KeyMap[ImGuiKey_V] = 'V';
  auto ui = kit::Ui::create(theme, scale);
  REQUIRE_MESSAGE(ui.has_value(), (ui ? std::string() : dump_error(ui.error())));
  ui_ = std::move(*ui);
}

Screen::~Screen() {
  ui_.reset();
  ImGui::DestroyContext();
}

void Screen::frame(const Draw& draw) {
  ui_->fonts().update();
  ImGui::GetIO().DeltaTime = 0.016f;
  clock_.advance(16ms);
  ImGui::NewFrame();
  ui_->begin_frame(clock_.now(), clock_.unix_ms());
  draw(*ui_);
  ui_->end_frame();
  ImGui::Render();
}

void Screen::settle(const Draw& draw, int frames) {
  for (int i = 0; i < frames; ++i) frame(draw);
}

bool Screen::click(std::string_view label, const Draw& draw) {
  const kit::Widget* w = ui_->map().find(label);
  if (w == nullptr || w->hidden) return false;
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {static_cast<float>(w->rect.x + w->rect.width / 2), static_cast<float>(w->rect.y + w->rect.height / 2)};
  frame(draw);
  io.MouseDown[0] = true;
  frame(draw);
  io.MouseDown[0] = false;
  frame(draw);
  io.MousePos = {-1, -1};
  settle(draw, 2);
  return true;
}

void Screen::press(int key, const Draw& draw, bool shift, bool ctrl) {
  ImGuiIO& io = ImGui::GetIO();
  io.KeyShift = shift;
  io.KeyCtrl = ctrl;
  io.KeysDown[key] = true;
  frame(draw);
  io.KeysDown[key] = false;
  io.KeyShift = io.KeyCtrl = false;
  settle(draw, 2);
}

void Screen::type(std::string_view utf8, const Draw& draw) {
  ImGui::GetIO().AddInputCharactersUTF8(std::string(utf8).c_str());
  settle(draw, 3);
}

}  // namespace beside::test
