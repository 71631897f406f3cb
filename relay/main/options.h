// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/base/result.h"

namespace beside::relay {

// What the command line and the configuration file may say; what neither says keeps the value here.
struct Options {
  std::filesystem::path data;             // empty: $STATE_DIRECTORY, or ~/.local/share/beside-relay
  std::filesystem::path config;           // empty: DATA/relay.toml when it is there
  std::optional<std::string> listen;
  std::optional<std::uint16_t> port, media_port, metrics_port;
  std::optional<std::string> public_host, organisation, minimum_version;
  std::optional<std::string> database;    // postgresql://user@host/name; none: a file in the data folder
  std::filesystem::path certificate, key; // both or neither; empty: DATA/tls.crt and DATA/tls.key, made when missing
};

// Fills what the command line left open from the file. Errors: Environment, naming the line.
Result<void> read_config(Options& options);
// The data folder, made with mode 0700 when it is missing.
Result<std::filesystem::path> data_folder(const Options& options);
// What Store::open takes. After read_config().
std::string database_of(const Options& options, const std::filesystem::path& data);

// Runs the relay until SIGTERM or SIGINT. Returns the exit status.
int serve(Options options);

}  // namespace beside::relay
