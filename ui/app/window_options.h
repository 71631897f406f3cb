// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "ui/kit/theme.h"
#include "ui/shell/shell.h"

namespace beside::app {

struct WindowOptions {
  std::string theme = "light";       // light, dark, contrast
  std::string language;
  float scale = 0;                   // 0: the monitor's
};

inline kit::ThemeName theme_named(const std::string& name) {
  if (name == "dark") return kit::ThemeName::Dark;
  if (name == "contrast") return kit::ThemeName::HighContrast;
  return kit::ThemeName::Light;
}

inline shell::ShellConfig shell_config(const WindowOptions& options) {
  shell::ShellConfig config;
  config.theme = theme_named(options.theme);
  config.language = options.language;
  config.scale = options.scale;
  return config;
}

}  // namespace beside::app
