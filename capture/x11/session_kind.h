// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace beside::capture {

// What kind of desktop this process runs in. XWayland under Wayland counts as Wayland: an X client there sees only
// other X clients, so a grab would be a black picture.
enum class SessionKind { X11, Wayland, None };

using EnvFn = std::function<std::string(const std::string& name)>;  // empty when unset
SessionKind detect_session_kind(const EnvFn& env);
SessionKind detect_session_kind();  // of this process
// One sentence for the person why the screen can or cannot be shared here (msgid; the shell translates). Empty for X11.
std::string words_for(SessionKind kind);

// What one X server offers. Opens a connection of its own and closes it again.
struct X11Abilities {
  bool damage = false, shm = false, shm_fd = false, xfixes = false, randr = false, xtest = false, xinput2 = false,
       xkb = false, xres = false, shape = false;
  bool can_control() const { return xtest && xinput2 && xkb; }
  std::vector<std::string> missing;  // names of the extensions that are not there: "DAMAGE", "MIT-SHM", ...
  std::string words;                 // what that means for the person, one sentence each; empty when nothing is missing
};
// Environment when the display cannot be opened. `display` empty = $DISPLAY.
Result<X11Abilities> probe_x11(const std::string& display);

}  // namespace beside::capture
