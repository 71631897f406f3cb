// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/base/geometry.h"

// How a view asks for a remote picture without knowing who draws it: the program that assembles gives it a function.
namespace beside::views {

enum class RemoteFit : std::uint8_t {
  Fitted,    // the whole picture, keeping its proportions
  OneToOne,  // one picture pixel is one window pixel; scrolled where it does not fit
};
enum class RemoteInput : std::uint8_t {
  None,     // look only
  Point,    // the pointer moves the operator's mark
  Control,  // pointer and keyboard go to the customer
};

// What a view wants of one remote picture in this frame. Rectangles are window pixels (ImGui coordinates).
struct RemoteView {
  std::uint32_t session = 0;
  float x = 0, y = 0, width = 0, height = 0;
  bool thumbnail = false;  // picture only: no input, no focus, no cursor
  RemoteFit fit = RemoteFit::Fitted;
  RemoteInput input = RemoteInput::None;
  std::vector<Rect> covered;  // window pixels: what of ours lies on the picture and takes the pointer
  bool hovered = false;     // the pointer is over the area and nothing of ours lies on top
  std::uint32_t clicked = 0;  // bit per button (1 left, 2 middle, 3 right, 8 back, 9 forward) whose press this frame took
  bool take_focus = false;  // a click or a key gave the area the keyboard focus
  bool release_focus = false;
  bool grab_system_keys = false;  // Super, Alt+Tab and friends go to the customer while the area has the focus
  float veil = 0;                 // 0 clear ... 1 black
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;

  bool is_covered(float at_x, float at_y) const {
    return std::any_of(covered.begin(), covered.end(), [&](const Rect& r) { return r.contains(static_cast<int>(at_x), static_cast<int>(at_y)); });
  }
};

// What became of it, for the same frame.
struct RemoteViewState {
  bool has_picture = false;
  int picture_width = 0, picture_height = 0;                          // 0 while none has come
  bool focused = false;                                               // keys go to the customer
  float shown_x = 0, shown_y = 0, shown_width = 0, shown_height = 0;  // where the picture lies, window pixels
};

}  // namespace beside::views
