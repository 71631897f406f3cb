// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/settings.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <toml++/toml.h>

#include "capture/x11/session_kind.h"
#include "engine/crypto/hash.h"

namespace fs = std::filesystem;

namespace beside::app {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Result<Settings> read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) return fail(ErrorKind::Environment, "settings", file.string() + " cannot be read");
  return parse_settings(text, file);
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, const fs::path& file) {
  Settings out;
  out.from = file;
  // line 0: not known.
  const auto bad = [&](toml::source_index line, const std::string& why) {
    return fail(ErrorKind::Environment, "settings", file.string() + (line == 0 ? "" : ", line " + std::to_string(line)) + ": " + why);
  };
  try {
    const toml::table table = toml::parse(text);
    for (const auto& [key, value] : table) {
      const std::string_view name = key.str();
      if (name != "relay" && name != "pin" && name != "organisation_key" && name != "name" && name != "mark" &&
          name != "paths" && name != "proxy" && name != "extra_ca" && name != "require_code") {
        return bad(key.source().begin.line, "unknown setting \"" + std::string(name) + "\"");
      }
      const bool as_meant = name == "require_code" ? value.is_boolean() : value.is_string();
      if (!as_meant) return bad(key.source().begin.line, std::string(name) + ": " + (name == "require_code" ? "true or false" : "text in quotes") + " is needed");
    }
    const auto line_of = [&table](const char* name) { return table.get(name)->source().begin.line; };
    if (const auto relay = table["relay"].value<std::string>()) {
      auto address = wire::parse_relay_address(*relay);
      if (!address) return bad(line_of("relay"), "relay: " + address.error().detail);
      if (const auto pin = table["pin"].value<std::string>()) {
        const auto raw = from_base64url(*pin);
        if (!raw || raw->size() != 32) return bad(line_of("pin"), "pin: 43 characters of base64url are needed");
        if (address->pin && !std::equal(raw->begin(), raw->end(), address->pin->begin()))
          return bad(line_of("pin"), "relay and pin name two different keys");
        address->pin.emplace();
        std::copy(raw->begin(), raw->end(), address->pin->begin());
      }
      out.relay = *address;
    }
    out.company = table["name"].value_or(std::string());
    out.mark = table["mark"].value_or(std::string());
    out.proxy = table["proxy"].value_or(std::string());
    out.extra_ca_file = table["extra_ca"].value_or(std::string());
    const std::string paths = table["paths"].value_or(std::string("best"));
    if (paths != "best" && paths != "tls") return bad(line_of("paths"), "paths: \"best\" or \"tls\"");
    out.tls_only = paths == "tls";
  } catch (const toml::parse_error& e) {
    return bad(e.source().begin.line, std::string(e.description()));
  }
  return out;
}

std::optional<wire::RelayAddress> remembered_relay() {
  std::ifstream in(data_directory() / "relay");
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  auto address = wire::parse_relay_address(line);
  return address ? std::optional(*address) : std::nullopt;
}

void remember_relay(const std::string& address) {
  std::error_code ec;
  fs::create_directories(data_directory(), ec);
  fs::permissions(data_directory(), fs::perms::owner_all, ec);
  std::ofstream(data_directory() / "relay", std::ios::trunc) << address << '\n';
}

fs::path program_path() {
  std::error_code ec;
  return fs::read_symlink("/proc/self/exe", ec);
}

Result<Settings> load_settings(const fs::path& explicit_file) {
  if (!explicit_file.empty()) {
    if (!fs::exists(explicit_file)) return fail(ErrorKind::Environment, "settings", explicit_file.string() + " does not exist");
    return read(explicit_file);
  }
  for (const fs::path& file : {program_path().parent_path() / "beside.toml", fs::path("/etc/beside/beside.toml")}) {
    std::error_code ec;
    if (fs::exists(file, ec)) return read(file);
  }
  return Settings{};
}

fs::path data_directory() {
  if (const std::string xdg = environment("XDG_DATA_HOME"); !xdg.empty() && xdg.front() == '/') return fs::path(xdg) / "beside";
  if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".local/share/beside";
  return fs::temp_directory_path() / ("beside-" + std::to_string(getuid()));
}

Bytes build_id() {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  crypto::Sha256 hash;
  std::array<char, 65536> piece{};
  while (in.read(piece.data(), piece.size()) || in.gcount() > 0) {
    hash.update(as_bytes(std::string_view(piece.data(), static_cast<std::size_t>(in.gcount()))));
  }
  const auto digest = hash.finish();
  return Bytes(digest.begin(), digest.end());
}

std::string person_name() {
  const passwd* entry = getpwuid(getuid());
  if (entry == nullptr) return {};
  std::string full = entry->pw_gecos == nullptr ? "" : entry->pw_gecos;
  full = full.substr(0, full.find(','));
  if (full.empty() && entry->pw_name != nullptr) full = entry->pw_name;
  if (!is_utf8(full)) return {};
  while (full.size() > 64 || !is_utf8(full)) full.pop_back();
  return full;
}

std::string system_description() {
  std::string name = "Linux";
  std::ifstream in("/etc/os-release");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    name = line.substr(12);
    std::erase(name, '"');
  }
  switch (capture::detect_session_kind()) {
    case capture::SessionKind::X11: name += ", X11"; break;
    case capture::SessionKind::Wayland: name += ", Wayland"; break;
    case capture::SessionKind::None: break;
  }
  return name.substr(0, 96);
}

std::string language_of_environment() {
  for (const char* name : {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"}) {
    const std::string value = environment(name);
    if (value.size() >= 2 && value != "C" && value != "POSIX" && !value.starts_with("C.")) return value.substr(0, 2);
  }
  return "en";
}

}  // namespace beside::app
