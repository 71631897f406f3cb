// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "ui/views/shared/remote_area.h"

namespace beside::shell {

using views::RemoteFit;
using views::RemoteInput;
using views::RemoteView;
using views::RemoteViewState;

// Where a picture lies in an area, and the way back from window pixels to the customer's monitor. Pure arithmetic.
struct RemotePlacement {
  float x = 0, y = 0, width = 0, height = 0;   // of the whole picture, window pixels; may reach past the area
  float scale = 1;                             // window pixels per picture pixel
  bool operator==(const RemotePlacement&) const = default;

  // Fitted pictures that would grow by less than a quarter stay at 1:1, since sharp text beats a little size.
  static RemotePlacement place(const RemoteView& view, int picture_width, int picture_height, float scroll_x, float scroll_y);
  // How far 1:1 can be scrolled, window pixels; 0 where everything fits.
  static float max_scroll(float area, int picture) { return static_cast<float>(picture) > area ? static_cast<float>(picture) - area : 0; }
  bool contains(float px, float py) const { return px >= x && py >= y && px < x + width && py < y + height; }
  // u16-normalised as engine/base/input_event.h says: 0 = left edge of the first pixel, 65535 = right edge of the last.
  // The middle of the window pixel is meant; positions outside are clamped to the edge.
  std::uint16_t normalised_x(float px) const;
  std::uint16_t normalised_y(float py) const;
};

// Speed of scrolling a 1:1 picture while the pointer rests near an edge of the area: -1, 0 or 1.
int edge_push(float at, float origin, float extent, float margin);

}  // namespace beside::shell
