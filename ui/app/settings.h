// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/wire/relay_address.h"

namespace beside::app {

constexpr const char* kVersion = BESIDE_VERSION;

// What beside.toml says (UI.md): the company a program belongs to.
struct Settings {
  std::optional<wire::RelayAddress> relay;
  std::string company;          // name
  std::string mark;             // path of a picture
  bool tls_only = false;        // paths = "tls"
  std::string proxy;            // "http://user:password@host:port"
  std::filesystem::path extra_ca_file;
  std::filesystem::path from;   // the file that was read; empty: none
};

// beside.toml beside the program, else /etc/beside/beside.toml; `explicit_file` goes before both. A file that exists and
// cannot be understood is an error in words (file, line), never ignored.
Result<Settings> load_settings(const std::filesystem::path& explicit_file);

// The text of such a file; `file` is only named in errors.
Result<Settings> parse_settings(std::string_view text, const std::filesystem::path& file);

// An operator's relay where no file names one: kept after his first sign-in, so that an invitation is needed once.
std::optional<wire::RelayAddress> remembered_relay();
void remember_relay(const std::string& address);

std::filesystem::path program_path();
std::filesystem::path data_directory();      // $XDG_DATA_HOME/beside or ~/.local/share/beside
// SHA-256 of the running executable.
Bytes build_id();
std::string person_name();                   // the account's full name, else its login
std::string system_description();            // "Debian GNU/Linux 12 (bookworm), X11"
std::string language_of_environment();       // "de", from LANGUAGE, LC_ALL, LC_MESSAGES, LANG; "en" by default

}  // namespace beside::app
