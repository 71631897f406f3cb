// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/remote_view.h"

#include <algorithm>
#include <cmath>

namespace beside::shell {
namespace {

std::uint16_t normalise(float at, float origin, float extent) {
  if (extent <= 0) return 0;
  const double part = (static_cast<double>(at) + 0.5 - static_cast<double>(origin)) / static_cast<double>(extent);
  return static_cast<std::uint16_t>(std::lround(std::clamp(part, 0.0, 1.0) * 65535.0));
}

}  // namespace

RemotePlacement RemotePlacement::place(const RemoteView& view, int picture_width, int picture_height, float scroll_x,
                                       float scroll_y) {
  RemotePlacement at;
  if (picture_width <= 0 || picture_height <= 0) return at;
  const float pw = static_cast<float>(picture_width), ph = static_cast<float>(picture_height);
  if (view.fit == RemoteFit::Fitted) {
    at.scale = std::clamp(std::min(view.width / pw, view.height / ph), 0.01F, 16.0F);
    if (at.scale > 1.0F && at.scale < 1.25F && !view.thumbnail) at.scale = 1.0F;
  }
  // Whole pixels, so that 1:1 stays sharp and the edges of a fitted picture do not shimmer.
  at.width = std::max(1.0F, std::round(pw * at.scale));
  at.height = std::max(1.0F, std::round(ph * at.scale));
  const float clamped_x = std::clamp(scroll_x, 0.0F, std::max(0.0F, at.width - view.width));
  const float clamped_y = std::clamp(scroll_y, 0.0F, std::max(0.0F, at.height - view.height));
  at.x = std::floor(at.width <= view.width ? view.x + (view.width - at.width) / 2 : view.x - clamped_x);
  at.y = std::floor(at.height <= view.height ? view.y + (view.height - at.height) / 2 : view.y - clamped_y);
  return at;
}

int edge_push(float at, float origin, float extent, float margin) {
  if (at < origin || at >= origin + extent) return 0;
  if (at < origin + margin) return -1;
  return at >= origin + extent - margin ? 1 : 0;
}

std::uint16_t RemotePlacement::normalised_x(float px) const { return normalise(px, x, width); }
std::uint16_t RemotePlacement::normalised_y(float py) const { return normalise(py, y, height); }

}  // namespace beside::shell
