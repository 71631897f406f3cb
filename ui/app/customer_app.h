// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "ui/app/settings.h"
#include "ui/app/window_options.h"

namespace beside::app {

struct CustomerOptions {
  WindowOptions window;
  std::string code;          // prefilled; a link never starts a session without a click
};

// `beside`: runs until the window is closed or the session's end page is left. Returns the exit status.
int run_customer(const Settings& settings, const CustomerOptions& options);

}  // namespace beside::app
