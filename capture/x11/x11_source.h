// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "capture/x11/layout_book.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// Pictures of an X display, grabbed where it was damaged.
//
// Thread: capture, but for cancel(). Owns its X connection, its shared memory and three pixel buffers. Between changes
// it is blocked in poll(2) and wakes only for one thin look a second (XDamage is not always right).
// Rights: start() takes the customer's grant for See; the gate is asked before every grab and once more before a frame
// leaves. Areas of our own windows are hatched before anything is compared or handed out.
// Failure: a display that goes away gives Environment from every call; nothing here ends the process.
// A monitor that is not there, or no longer, yields no frames (never a wider picture than was granted); on_layout
// tells, and start() chooses another.
// Errors of make: Environment (display cannot be opened, palette display).
Result<std::unique_ptr<ports::FrameSource>> make_x11_source(const std::string& display,
                                                            std::shared_ptr<const ports::RightsGate> gate,
                                                            std::shared_ptr<const ports::OwnWindows> own_windows,
                                                            std::shared_ptr<LayoutBook> layouts);

}  // namespace beside::capture
