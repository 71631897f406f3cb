// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/rights.h"
#include "ui/app/settings.h"
#include "ui/app/window_options.h"

namespace beside::app {

struct OperatorOptions {
  WindowOptions window;
  std::filesystem::path token_file;  // one-use sign-in token, made by `beside-relay operator token`
  std::string invitation;            // base64url, from an invitation link
  bool new_session = false;          // makes a session code as soon as the operator is signed in,
  Rights ask;                        // and asks for these rights once the customer is there,
  std::string reason;                // with this reason
};

// `beside operator`: runs until the window is closed. Returns the exit status.
int run_operator(const Settings& settings, const OperatorOptions& options);

}  // namespace beside::app
