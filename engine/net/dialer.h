// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/net/loop.h"
#include "engine/net/proxy.h"

namespace beside::net {

struct DialTarget {
  std::string host;  // name or address, without brackets
  std::uint16_t port = 443;
  std::optional<ProxySetting> proxy;
  nanoseconds timeout = 10s;
  // When all addresses were tried and none has answered for so long, all are tried again beside the attempts under way: TCP
  // repeats its first packet only after 1, 3, 7 s, and a line that just came back would wait for that. 0: never.
  nanoseconds again = 0s;
};

// A TCP way to a host, through a proxy when one is set: names are looked up without blocking, all addresses are tried,
// families in turn, 250 ms between starts (after RFC 8305), the first that answers wins.
// Thread: the loop's. `done` is called once, later, with a non-blocking descriptor that is the callee's from then on.
// Errors: Environment "net/resolve", "net/connect", "net/proxy" with a sentence; Refused "net/proxy" when the proxy wants
// other credentials or forbids the way; PeerFault "net/proxy..." when its answer is nonsense.
// Cancel: destroy it; `done` is not called any more.
class Dialer {
 public:
  using Done = std::function<void(Result<int>)>;
  static std::unique_ptr<Dialer> start(Loop& loop, DialTarget target, Done done);
  virtual ~Dialer() = default;
};

}  // namespace beside::net
