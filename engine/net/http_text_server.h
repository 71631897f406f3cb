// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/net/loop.h"

namespace beside::net {

// Answers GET /metrics on 127.0.0.1 with a text, one request a connection, anything else with 404. No TLS: loopback only.
// Thread: the loop's; `text` is called there for each request.
class HttpTextServer {
 public:
  static Result<std::unique_ptr<HttpTextServer>> create(Loop& loop, std::uint16_t port, std::function<std::string()> text);
  virtual ~HttpTextServer() = default;
  virtual std::uint16_t port() const = 0;
};

}  // namespace beside::net
