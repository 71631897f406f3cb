// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/geometry.h"
#include "engine/base/result.h"
#include "engine/ports/desktop.h"

namespace beside::capture {

// The window manager of a kiosk, which is all that a kiosk needs of one: it decides what may appear at all. Our window
// lies on top of everything; the application's windows (OwnWindows::share_only) lie where they are told to, below it;
// every other window is refused, and one that was there before or came past the manager loses its connection.
//
//   covered   our window fills the screen and has the keyboard; the application lies under it
//   open      our window has the place it was given, the application the rest; a touch moves the keyboard between them
//
// Thread: it owns one, with its own X connection; the members may be called from any. Lifetime: as long as the program.
// Failure: make says Refused when another window manager runs; a display that goes away ends the thread quietly.
class KioskDesk {
 public:
  virtual ~KioskDesk() = default;
  virtual void cover() = 0;
  virtual void open(const Rect& ours, const Rect& application) = 0;   // root pixels
  // The application was named or started anew: windows that were refused are looked at again.
  virtual void look_again() = 0;
  virtual Rect screen() const = 0;                                   // the root
};

Result<std::unique_ptr<KioskDesk>> make_kiosk_desk(const std::string& display,
                                                   std::shared_ptr<const ports::OwnWindows> own,
                                                   std::function<void()> screen_changed);

}  // namespace beside::capture
