// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/session_kind.h"

#include <cstdlib>

namespace beside::capture {

SessionKind detect_session_kind(const EnvFn& env) {
  if (!env("WAYLAND_DISPLAY").empty() || env("XDG_SESSION_TYPE") == "wayland") return SessionKind::Wayland;
  return env("DISPLAY").empty() ? SessionKind::None : SessionKind::X11;
}

SessionKind detect_session_kind() {
  return detect_session_kind([](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  });
}

std::string words_for(SessionKind kind) {
  switch (kind) {
    case SessionKind::X11: return {};
    case SessionKind::Wayland:
      return "This desktop runs on Wayland, from which this version cannot share the screen. Chat works. To share the "
             "screen, sign out and choose an X11 (Xorg) session at the sign-in screen.";
    case SessionKind::None:
      return "No graphical desktop was found (DISPLAY is not set), so the screen cannot be shared.";
  }
  return {};
}

}  // namespace beside::capture
