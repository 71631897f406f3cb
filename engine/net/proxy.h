// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::net {

// An HTTP proxy for CONNECT (RFC 9110 9.3.6).
struct ProxySetting {
  std::string host;
  std::uint16_t port = 3128;
  std::string user;      // empty = none
  std::string password;
};

// "[http://][user:password@]host[:port][/]"; percent escapes in user and password. Errors: Environment, in a sentence.
Result<ProxySetting> parse_proxy(std::string_view text);
// What HTTPS_PROXY or https_proxy say for this host, NO_PROXY considered; nullopt when nothing is set. A setting that
// cannot be read is an error, so that nobody goes around a proxy by a typing mistake.
Result<std::optional<ProxySetting>> proxy_from_environment(std::string_view host);

enum class ProxyScheme : std::uint8_t { Basic, DigestMd5, DigestSha256 };

struct ProxyChallenge {
  ProxyScheme scheme = ProxyScheme::Basic;
  std::string realm, nonce, opaque;
  bool qop_auth = false;   // the server named qop=auth; otherwise RFC 2069 form
  bool session = false;    // "-sess" algorithms
  bool stale = false;
};

struct ProxyAnswer {
  int status = 0;               // 100..599
  std::string reason;           // printable characters only, at most 80
  std::vector<ProxyChallenge> challenges;  // those that we can answer
  bool other_challenge = false; // Negotiate, NTLM and the like were asked for
  std::size_t head_bytes = 0;   // length of the head, blank line included
};

constexpr std::size_t kProxyHeadLimit = 16 * 1024;

// Parses the head of an answer to CONNECT. nullopt: more bytes are needed. Errors: PeerFault "net/proxy: ..." when it is
// not HTTP/1.x or past kProxyHeadLimit.
Result<std::optional<ProxyAnswer>> parse_proxy_answer(ByteSpan data);
std::string dump_proxy_answer(const ProxyAnswer& answer);

// The request head for CONNECT host:port; `authorization` is the value of Proxy-Authorization, or empty.
std::string make_connect_request(std::string_view host, std::uint16_t port, std::string_view authorization);
// The best of the challenges: SHA-256 before MD5 before Basic. nullptr when there is none.
const ProxyChallenge* choose_challenge(const ProxyAnswer& answer);
// RFC 7617 or RFC 7616 3.4; `target` is "host:port" as in the request line, `cnonce` random hexadecimal digits.
std::string proxy_authorization(const ProxySetting& proxy, const ProxyChallenge& challenge, std::string_view target,
                                std::string_view cnonce, std::uint32_t nonce_count);

}  // namespace beside::net
