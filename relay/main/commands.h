// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "relay/store/store.h"

// The local commands. Each works on the data folder, also while the relay runs, prints for people, and returns the
// exit status. Whoever may write that folder may do anything; so each change leaves an audit row.
namespace beside::relay {

struct Commands {
  Store& store;
  std::filesystem::path data;
  // The one-time link, valid 72 h; printed, and written to `out` (mode 0600) when that is not empty.
  int invite(const std::string& login, bool admin, const std::filesystem::path& out);
  // The password comes as one line on stdin.
  int add(const std::string& login, const std::string& display_name, bool admin);
  int list();
  int set_disabled(const std::string& login, bool disabled);
  // A one-use sign-in token, base64url, for scripts; the file has mode 0600.
  int token(const std::string& login, const std::filesystem::path& out);
  int log(const std::string& session, const std::string& reason);
  int verify_audit();
};

}  // namespace beside::relay
