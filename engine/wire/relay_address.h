// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/secret.h"

namespace beside::wire {

// Where a relay is, and the SHA-256 of its public key (SPKI) when the address pins one.
struct RelayAddress {
  std::string host;                                 // name, IPv4, or IPv6 without brackets; lower case
  std::uint16_t port = 443;
  std::optional<std::array<std::uint8_t, 32>> pin;
  bool operator==(const RelayAddress&) const = default;
};

// Reads `beside://host[:443][/CODE]#pin=<base64url SHA-256>` and plain `host[:port]`; IPv6 stands in brackets. A session
// code in the address goes to *code (digits as written); without a place for it the address is refused.
// Errors: Refused with a sentence that can be shown to a person.
Result<RelayAddress> parse_relay_address(std::string_view text, SecretText* code = nullptr);
// `beside://host:port#pin=...`; :443 is left out. The pin is left out when there is none.
std::string format_relay_address(const RelayAddress& address);
// `host:port` for Host headers and socket calls, IPv6 in brackets.
std::string format_host_port(const RelayAddress& address);

}  // namespace beside::wire
