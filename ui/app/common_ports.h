// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "engine/session/customer_ports.h"
#include "ui/app/net_thread.h"
#include "ui/app/settings.h"

namespace beside::app {

struct ClientIdentity {
  control::Role role = control::ROLE_CUSTOMER;
  std::string program = "beside";
  std::string person, language;
  std::filesystem::path journal_directory;
};

// Fills what both roles are given: the net room's connections, the e2e room's channels, random numbers, journals. The
// clock and the thread must outlive the role.
session::CommonPorts make_common_ports(NetThread& thread, const TimeSource& clock, const Settings& settings,
                                       const ClientIdentity& identity);

}  // namespace beside::app
