// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "ui/kit/fonts.h"
#include "ui/kit/redraw.h"
#include "ui/kit/theme.h"
#include "ui/kit/widget_map.h"

struct ImVec2;

namespace beside::kit {

// What every widget draws with: theme, fonts, scale, time, focus, map. One per ImGui context; main thread.
//
//   ImGui::NewFrame(); ui.begin_frame(now, unix_ms); draw...; ui.end_frame(); ImGui::Render();
//   then: sleep until ui.wants().next() or an event; call ui.fonts().update() before the next NewFrame().
//
// Keyboard: Tab and Shift+Tab walk the widgets in the order in which they were drawn, Return and Space press the
// focused one, Escape closes the topmost popup. ImGui's own keyboard navigation stays off.
class Ui {
 public:
  // Needs a current ImGui context, which must outlive it. Sets the style, fonts and input flags of the context.
  static Result<std::unique_ptr<Ui>> create(ThemeName theme, float scale);
  ~Ui();
  Ui(const Ui&) = delete;
  Ui& operator=(const Ui&) = delete;

  // After ImGui::NewFrame() and before ImGui::Render(). unix_ms: wall clock, for stamps that people read.
  void begin_frame(LocalTime now, std::int64_t unix_ms);
  void end_frame();

  void set_theme(ThemeName name);
  void set_scale(float scale);
  void set_reduce_motion(bool on) { reduce_motion_ = on; }
  // Smallest height of anything that can be pressed, at scale 1: measure::kTarget, kCustomerTarget or kKioskTarget.
  void set_target(float pixels) { target_ = pixels; }
  // Text bigger by this factor in steps: 0 normal, 1 one size up (kiosk, "larger text").
  void set_larger_text(bool on) { larger_ = on; }

  const Theme& theme() const { return *theme_; }
  Fonts& fonts() { return *fonts_; }
  WidgetMap& map() { return map_; }
  Wants& wants() { return wants_; }
  float scale() const { return scale_; }
  float px(float at_scale_1) const;  // rounded to whole pixels
  float target() const { return px(target_); }
  bool larger_text() const { return larger_; }
  bool reduce_motion() const { return reduce_motion_; }
  LocalTime now() const { return now_; }
  std::int64_t unix_ms() const { return unix_ms_; }

  // ---- focus ----
  // Gives the keyboard to a widget by its id from the next frame on. select_all: a field's text is selected.
  void focus(std::string_view id);
  bool focused(std::string_view id) const;
  const std::string& focused_id() const { return focus_; }
  bool focus_visible() const { return focus_visible_; }
  // A shortcut: true once when the key (GLFW's number, ASCII for letters) goes down with exactly these modifiers and no
  // popup is open above the caller's layer.
  bool shortcut(int key, bool ctrl = false, bool shift = false, bool alt = false) const;

  // While the remote picture has the keyboard: Tab, Return and shortcuts are its, not ours.
  void hold_keyboard(bool held) { held_ = held; }

  // ---- for widgets ----
  // Declares a focusable widget of this frame; true when it has the focus.
  bool tab_stop(std::string_view id);
  void take_focus(std::string_view id);          // by mouse: no ring for buttons
  bool just_focused(std::string_view id) const;  // focused by keyboard since the last frame
  bool activated(std::string_view id);           // Return or Space on the focused widget
  void push_layer();                             // popups and dialogs hold the keyboard while open
  void pop_layer();
  int layer() const { return layer_; }
  bool layer_active() const { return layer_ >= top_layer_; }
  bool escape_pressed() const;  // in the topmost layer
  struct Layout;                // detail.h: regions, open cards, scrolls
  Layout& layout() { return *layout_; }

 private:
  Ui();
  void move_focus(int step);
  const Theme* theme_ = nullptr;
  std::unique_ptr<Fonts> fonts_;
  WidgetMap map_;
  Wants wants_;
  float scale_ = 1, target_ = measure::kTarget;
  bool reduce_motion_ = false, larger_ = false;
  LocalTime now_{};
  std::int64_t unix_ms_ = 0;
  struct Stop {
    std::string id;
    int layer;
  };
  std::vector<Stop> stops_;
  std::string focus_, wanted_focus_, just_focused_;
  bool focus_visible_ = false, held_ = false;
  std::unique_ptr<Layout> layout_;
  int layer_ = 0, top_layer_ = 0, seen_layer_ = 0;
  std::vector<std::string> focus_below_;  // what had the focus under each popup
  int tab_key_ = -1, enter_key_ = -1, pad_enter_key_ = -1, space_key_ = -1, escape_key_ = -1;
};

}  // namespace beside::kit
