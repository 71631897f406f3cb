// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/geometry.h"

namespace beside::kit {

enum class Role : std::uint8_t { Screen, Button, Field, Check, Choice, Item, Text, Image, Panel, Dialog };
const char* name_of(Role role);

struct Widget {
  std::string label = {};  // stable English id ("consent.allow"), never translated
  Role role = Role::Text;
  Rect rect = {};  // window pixels; origin() is added when written
  bool enabled = true;
  std::optional<bool> checked = {};
  bool focused = false;
  bool cut = false;     // text that did not fit where it was meant to: a mistake of ours
  bool hidden = false;  // scrolled out of view
  bool tab_stop = false;
  std::string text = {};  // what it shows (never what a person typed into a field)
};

// What every widget drawn in this frame was and where: for tests that drive the real window by name. Written as JSON to
// the file named by BESIDE_UI_MAP, by rename, whenever it changes; without that variable nothing is written.
class WidgetMap {
 public:
  WidgetMap();                           // path from the environment
  explicit WidgetMap(std::string path);  // empty: kept in memory only
  void begin_frame() { widgets_.clear(); }
  void add(Widget widget) { widgets_.push_back(std::move(widget)); }
  // Where the window's content lies on the screen.
  void set_origin(int x, int y) {
    origin_x_ = x;
    origin_y_ = y;
  }
  // The window was asked to be elsewhere or of another size and is not yet: what is written will soon be wrong.
  void set_placing(bool placing) { placing_ = placing; }
  // Whether the window server sends the keyboard to this window.
  void set_keyboard(bool keyboard) { keyboard_ = keyboard; }
  void set_title(std::string title) { title_ = std::move(title); }
  // Writes the file if anything changed. Failure to write is logged once.
  void end_frame();

  const std::vector<Widget>& widgets() const { return widgets_; }
  const Widget* find(std::string_view label) const;
  std::string json() const;

 private:
  std::string path_, title_, last_;
  int origin_x_ = 0, origin_y_ = 0;
  bool placing_ = false, keyboard_ = false;
  bool warned_ = false;
  std::vector<Widget> widgets_;
};

}  // namespace beside::kit
