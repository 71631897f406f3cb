// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/net/proxy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  const auto parsed = net::parse_proxy_answer(ByteSpan(data, size));
  if (!parsed || !*parsed) return 0;
  const net::ProxyAnswer& answer = **parsed;
  if (answer.head_bytes > size || answer.status < 100 || answer.status > 599) std::abort();
  if (net::dump_proxy_answer(answer).empty()) std::abort();
  const net::ProxyChallenge* best = net::choose_challenge(answer);
  if (best == nullptr) return 0;
  const net::ProxySetting proxy{"proxy", 3128, "user", "pass\"word"};
  const std::string header = net::proxy_authorization(proxy, *best, "relay:443", "0a0b", 1);
  // Whatever the proxy sent, it never puts a line of its own into our next request.
  if (header.find('\r') != std::string::npos || header.find('\n') != std::string::npos) std::abort();
  return 0;
}
