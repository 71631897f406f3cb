// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/crypto/sign.h"
#include "ui/app/settings.h"

namespace beside::app {

enum class KioskEntry : std::uint8_t { Code, Call, Both };

// What the one signed file of a kiosk says (assets/kiosk/README.md has its entries).
struct KioskFile {
  KioskEntry entry = KioskEntry::Code;
  Settings settings;                        // relay with its pin, company, proxy and the rest
  std::vector<std::string> departments;
  std::vector<std::string> languages;       // the first is the one after a reset
  std::string theme = "light";
  float scale = 0;                          // 0: the monitor's
  std::vector<std::string> command;         // of the application, started and restarted by us
  std::string window;                       // its WM_CLASS, when it is another program's
};

constexpr const char* kKioskFile = "/etc/beside/kiosk.toml";
constexpr const char* kKioskKey = "/etc/beside/kiosk.pub";

// Understands the text of a kiosk file. Errors: Environment with a sentence that names entry or line.
Result<KioskFile> parse_kiosk_file(std::string_view text);

// Reads `file` and `file`.sig, checks who may write them and the key, checks the signature, and only then looks at what the
// file says. Errors: Refused when the file, its signature or the key cannot be trusted, Environment for the rest; never a
// fallback. The key at kKioskKey must belong to root; one named by hand may also belong to whoever runs the program.
Result<KioskFile> load_kiosk_file(const std::filesystem::path& file, const std::filesystem::path& key);

// ---- for whoever prepares a kiosk ----
// Writes a new secret key (mode 0600) and `secret`.pub beside it. Refused when one of them exists already.
Result<void> make_kiosk_key(const std::filesystem::path& secret);
// Checks that the file makes sense and writes `file`.sig.
Result<void> sign_kiosk_file(const std::filesystem::path& file, const std::filesystem::path& secret);

}  // namespace beside::app
