// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>

#include "ui/app/kiosk_file.h"

namespace beside::app {

// The kiosk, full screen, until its session ends or the display goes; whoever started it starts it again. Returns the exit
// status.
int run_kiosk(const KioskFile& file);

// What stands in the way, full screen in plain words; leaves when `mended` says that a new start is worth while (asked
// every few seconds). Never a fallback: nothing else can be done on this screen.
int show_kiosk_fault(const std::string& language, const std::string& detail, const std::function<bool()>& mended);

}  // namespace beside::app
