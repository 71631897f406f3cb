// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "ui/kit/ui.h"

namespace beside::test {

// An ImGui context without a window: frames, clicks and keys by widget name.
class Screen {
 public:
  using Draw = std::function<void(kit::Ui&)>;
  Screen(int width, int height, float scale, kit::ThemeName theme = kit::ThemeName::Light);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  kit::Ui& ui() { return *ui_; }
  const kit::WidgetMap& map() { return ui_->map(); }
  void frame(const Draw& draw);
  void settle(const Draw& draw, int frames = 4);
  // Moves to the middle of a widget, presses and releases; false when there is none or it is out of sight.
  bool click(std::string_view label, const Draw& draw);
  void press(int key, const Draw& draw, bool shift = false, bool ctrl = false);
  void type(std::string_view utf8, const Draw& draw);
  void advance(nanoseconds by) { clock_.advance(by); }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_;
  std::unique_ptr<kit::Ui> ui_;
};

constexpr int kTab = 258, kEnter = 257, kEscape = 256, kBackspaceKey = 259, kSpaceKey = 32;  // GLFW's numbers

}  // namespace beside::test
