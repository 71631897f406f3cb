// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace beside::shell {

enum class RemoteFit : std::uint8_t {
  Fitted,      // the whole picture, keeping its proportions, never larger than 1:1
  OneToOne,    // one picture pixel is one window pixel; scrolled where it does not fit
};
enum class RemoteInput : std::uint8_t {
  None,        // look only
  Point,       // the pointer moves the operator's mark
  Control,     // pointer and keyboard go to the customer
};

// What a view wants of one remote picture in this frame. Rectangles are window pixels (ImGui coordinates).
struct RemoteView {
  std::uint32_t session = 0;
  float x = 0, y = 0, width = 0, height = 0;
  RemoteFit fit = RemoteFit::Fitted;
  RemoteInput input = RemoteInput::None;
  bool hovered = false;        // the pointer is over the area and nothing of ours lies on top
  bool take_focus = false;     // a click or a key gave the area the keyboard focus
  bool release_focus = false;
  bool grab_system_keys = false;     // Super, Alt+Tab and friends go to the customer while the area has the focus
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;
};

// What became of it, for the same frame.
struct RemoteViewState {
  bool has_picture = false;
  int picture_width = 0, picture_height = 0;   // 0 while none has come
  bool focused = false;                        // keys go to the customer
  float shown_x = 0, shown_y = 0, shown_width = 0, shown_height = 0;   // where the picture lies, window pixels
};

// Where a picture lies in an area, and the way back from window pixels to the customer's monitor. Pure arithmetic.
struct RemotePlacement {
  float x = 0, y = 0, width = 0, height = 0;   // of the whole picture, window pixels; may reach past the area
  float scale = 1;                             // window pixels per picture pixel

  static RemotePlacement place(const RemoteView& view, int picture_width, int picture_height, float scroll_x, float scroll_y);
  // How far 1:1 can be scrolled, window pixels; 0 where everything fits.
  static float max_scroll(float area, int picture) { return static_cast<float>(picture) > area ? static_cast<float>(picture) - area : 0; }
  bool contains(float px, float py) const { return px >= x && py >= y && px < x + width && py < y + height; }
  // u16-normalised as engine/base/input_event.h says: 0 = left edge of the first pixel, 65535 = right edge of the last.
  // The middle of the window pixel is meant; positions outside are clamped to the edge.
  std::uint16_t normalised_x(float px) const;
  std::uint16_t normalised_y(float py) const;
};

}  // namespace beside::shell
