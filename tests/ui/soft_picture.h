// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ui/kit/ui.h"
#include "ui/views/shared/remote_area.h"

// Screens drawn on the processor alone: no window, no display, no driver, so that the same picture comes out anywhere
// where the same font packages are installed.
namespace beside::test {

struct Picture {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  // three bytes per pixel, rows from the top
};

struct PictureOptions {
  int width = 0, height = 0;  // at scale 1
  float scale = 1;
  kit::ThemeName theme = kit::ThemeName::Light;
  int tabs = 0;  // how often Tab is pressed before the picture is taken
};

// Draws a few frames of the view at the samples' fixed time and takes the last one.
Picture take_picture(const PictureOptions& options, const std::function<void(kit::Ui&)>& view);

// Stands in for the program's remote picture: a made-up 16:10 desktop, fitted.
views::RemoteViewState draw_made_up_desktop(const views::RemoteView& view);

bool save_png(const std::string& path, const Picture& picture);
std::optional<Picture> load_png(const std::string& path);

}  // namespace beside::test
