// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "capture/x11/layout_book.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

struct X11DesktopOptions {
  std::uint32_t mark_rgb = 0x2f6fde;  // 0xRRGGBB, the pointer mark; the shell passes the theme's accent
  // Without XTEST make_x11_desktop fails and says so. With watch_only_ok it succeeds instead: the stop keys and the mark
  // work, every input event is Unsupported.
  bool watch_only_ok = false;
};

// Injection, stop keys and the operator's mark on an X display.
//
// Thread: it starts and owns the thread `desk`, which alone touches its X connection. inject(), release_all() and
// stop() may be called from any other thread; they hand the work over and wait for the outcome, 1 s at most (an X server
// that hangs gives Unsupported, and the event is then never injected late). inject_later() waits for nothing; 256 events may be
// under way, and where one found no room everything that is held is let go. Events are called on `desk`, and must not
// call stop() or destroy the desktop from there; release_all() and inject() are allowed.
// Order of an injection: the customer's own input first (stop keys), then gate, layout generation, the customer's pause,
// our own windows. Releases of what we hold are carried out whatever the checks say.
// Failure: a display that goes away calls Events::lost once; every inject() is Unsupported from then on.
Result<std::unique_ptr<ports::Desktop>> make_x11_desktop(const std::string& display,
                                                         std::shared_ptr<const ports::RightsGate> gate,
                                                         std::shared_ptr<const ports::OwnWindows> own_windows,
                                                         std::shared_ptr<LayoutBook> layouts,
                                                         X11DesktopOptions options = {});

}  // namespace beside::capture
