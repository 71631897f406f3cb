// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace beside::relay {

// What limits are counted by: an IPv4 address as it is, an IPv6 address as its /64, since one customer's line owns at
// least that many (RFC 6177). IPv4-mapped IPv6 counts as IPv4. Text that is no address is a key of its own, "?".
std::string address_key(std::string_view ip);

// For the log: the address shortened to /24 or /48 once the full one may no longer be kept.
std::string truncated_address(std::string_view ip);

}  // namespace beside::relay
