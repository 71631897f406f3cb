// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/ports/secure_channel.h"

namespace beside::e2e {

struct CodeChannelConfig {
  ports::End role = ports::End::Customer;
  SecretText secret_digits;       // the six digits of the code that the relay never learns (ASCII)
  std::string relay_name;         // as the relay's Hello gave it: both ends must have been told the same
  std::string locator;            // the digits before the secret, as typed or shown
  std::uint16_t protocol_min = 1, protocol_max = 1;  // end-to-end versions that this program speaks
  Bytes capabilities;             // opaque here; at most kMaxCapabilities; authenticated by the exchange
};
constexpr std::size_t kMaxCapabilities = 1024;

// The channel of a session made by code (PROTOCOL 2, 3): CPace, then mutual TLS 1.3 with ephemeral certificates. The
// customer is CPace initiator and TLS client. Call take_outgoing() at once: the customer's nonce waits there.
// Thread: net. Refused: the digits are not six, the range is empty, or the capabilities are too long.
Result<std::unique_ptr<ports::SecureChannel>> make_code_channel(CodeChannelConfig config, LocalTime now);

}  // namespace beside::e2e
