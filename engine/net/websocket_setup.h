// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "engine/net/tls_identity.h"

struct ssl_st;

// What the Beast file needs but need not compile.
namespace beside::net {

// A new TLS state of this context; the caller owns it. Never null (running out of memory ends the program).
ssl_st* new_ssl(const TlsContext& context);
// Sets the name to ask for (SNI, RFC 6066 3: names only) and the name or address that the certificate must carry.
void expect_server_name(ssl_st* ssl, const std::string& host);

}  // namespace beside::net
