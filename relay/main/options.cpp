// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/main/options.h"

#include <sys/stat.h>

#include <cstdlib>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace beside::relay {
namespace {

Result<void> take_number(const toml::table& table, const char* name, std::optional<std::uint16_t>& out) {
  const auto node = table[name];
  if (!node || out) return {};
  const auto value = node.value<std::int64_t>();
  if (!value || *value < 0 || *value > 65535) {
    return fail(ErrorKind::Environment, "relay/config", std::string(name) + " is no port number");
  }
  out = static_cast<std::uint16_t>(*value);
  return {};
}

Result<void> take_text(const toml::table& table, const char* name, std::optional<std::string>& out) {
  const auto node = table[name];
  if (!node || out) return {};
  out = node.value<std::string>();
  if (!out) return fail(ErrorKind::Environment, "relay/config", std::string(name) + " is no text");
  return {};
}

}  // namespace

Result<void> read_config(Options& options) {
  if (options.config.empty()) {
    const auto data = data_folder(options);
    if (!data) return fail(data);
    std::error_code ec;
    if (!std::filesystem::exists(*data / "relay.toml", ec)) return {};
    options.config = *data / "relay.toml";
  }
  const auto parsed = toml::parse_file(options.config.string());
  if (!parsed) {
    return fail(ErrorKind::Environment, "relay/config",
                options.config.string() + ", line " + std::to_string(parsed.error().source().begin.line) + ": " +
                    std::string(parsed.error().description()));
  }
  const toml::table& table = parsed.table();
  for (auto [name, out] : {std::pair{"port", &options.port}, {"media_port", &options.media_port},
                           {"metrics_port", &options.metrics_port}}) {
    if (auto ok = take_number(table, name, *out); !ok) return ok;
  }
  std::optional<std::string> certificate, key;
  for (auto [name, out] : {std::pair{"listen", &options.listen}, {"public_host", &options.public_host},
                           {"organisation", &options.organisation}, {"database", &options.database},
                           {"minimum_version", &options.minimum_version}, {"certificate", &certificate}, {"key", &key}}) {
    if (auto ok = take_text(table, name, *out); !ok) return ok;
  }
  if (options.certificate.empty() && certificate) options.certificate = *certificate;
  if (options.key.empty() && key) options.key = *key;
  return {};
}

Result<std::filesystem::path> data_folder(const Options& options) {
  std::filesystem::path folder = options.data;
  if (folder.empty()) {
    if (const char* state = std::getenv("STATE_DIRECTORY"); state != nullptr && *state != 0) {
      folder = std::string(state).substr(0, std::string(state).find(':'));
    } else if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && *xdg != 0) {
      folder = std::filesystem::path(xdg) / "beside-relay";
    } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0) {
      folder = std::filesystem::path(home) / ".local/share/beside-relay";
    } else {
      return fail(ErrorKind::Environment, "relay/data", "no HOME: name a folder with --data");
    }
  }
  std::error_code ec;
  const bool made = std::filesystem::create_directories(folder, ec);
  if (ec) return fail(ErrorKind::Environment, "relay/data", "cannot make " + folder.string() + ": " + ec.message());
  if (made) (void)::chmod(folder.c_str(), 0700);
  return folder;
}

std::string database_of(const Options& options, const std::filesystem::path& data) {
  return options.database ? *options.database : (data / "relay.db").string();
}

}  // namespace beside::relay
