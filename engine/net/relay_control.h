// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/net/loop.h"
#include "engine/net/proxy.h"
#include "engine/net/tls_identity.h"
#include "engine/net/way_book.h"
#include "engine/ports/relay_control.h"
#include "engine/wire/relay_address.h"

namespace beside::net {

// Where the relay is and how to get there; the control connection and the TLS rungs of the media path share it.
struct RelayRoute {
  wire::RelayAddress address;         // when it pins a key, only that counts
  std::filesystem::path extra_ca_file;
  std::optional<ProxySetting> proxy;  // from the configuration; goes before the environment's
  bool use_environment_proxy = true;  // HTTPS_PROXY, NO_PROXY
  std::shared_ptr<WayBook> ways = std::make_shared<WayBook>();   // of all that go to this address; never null
};
// The proxy that this route takes, if any. Errors: Environment, when the environment's cannot be read.
Result<std::optional<ProxySetting>> proxy_of(const RelayRoute& route);

struct RelayControlConfig {
  RelayRoute route;
  std::string path = "/v1/control";
};

// Errors in Handlers::down: Refused "net/pin" (another certificate than the pinned one), Refused "net/trust" (not trusted
// or another name), Refused "net/proxy", Environment "net/connect" with a sentence, PeerFault "net/websocket".
// Retries on its own: 0.25-15 s with jitter; eager: every 250 ms for 60 s from the first loss, then as idle.
std::unique_ptr<ports::RelayControl> make_relay_control(Loop& loop, RelayControlConfig config);

}  // namespace beside::net
