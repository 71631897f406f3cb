// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/inner_tls.h"

#include <doctest/doctest.h>

#include <memory>

using namespace beside;
using namespace beside::e2e;

namespace {
struct Pair {
  std::unique_ptr<InnerTls> client, server;
  bool client_failed = false, server_failed = false;
  void run() {
    for (int i = 0; i < 10; ++i) {
      const Bytes a = client->take_outgoing();
      if (!a.empty() && !server->receive(a)) server_failed = true;
      const Bytes b = server->take_outgoing();
      if (!b.empty() && !client->receive(b)) client_failed = true;
    }
  }
};
Pair make(const Identity& client, const Identity& server, const crypto::Digest256& client_expects,
          const crypto::Digest256& server_expects) {
  auto c = InnerTls::create(InnerTls::Side::Client, client, client_expects);
  auto s = InnerTls::create(InnerTls::Side::Server, server, server_expects);
  REQUIRE(c);
  REQUIRE(s);
  return {std::move(*c), std::move(*s)};
}
}  // namespace

TEST_CASE("each identity has a certificate of its own") {
  auto a = Identity::create(), b = Identity::create();
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->fingerprint() != b->fingerprint());
}

TEST_CASE("TLS opens only when each side shows the certificate that the other expects") {
  auto a = Identity::create(), b = Identity::create(), other = Identity::create();
  REQUIRE((a && b && other));
  Pair good = make(*a, *b, b->fingerprint(), a->fingerprint());
  good.run();
  CHECK(good.client->open());
  CHECK(good.server->open());
  CHECK_FALSE(good.client_failed);

  Pair wrong_server = make(*a, *other, b->fingerprint(), a->fingerprint());
  wrong_server.run();
  CHECK_FALSE(wrong_server.client->open());
  CHECK_FALSE(wrong_server.server->open());
  CHECK(wrong_server.client->wrong_certificate());
  CHECK(wrong_server.server->wrong_certificate());  // by the client's alert

  Pair wrong_client = make(*other, *b, b->fingerprint(), a->fingerprint());
  wrong_client.run();
  CHECK_FALSE(wrong_client.server->open());
  CHECK(wrong_client.server->wrong_certificate());
  CHECK(wrong_client.client_failed);
  CHECK(wrong_client.client->wrong_certificate());
}

TEST_CASE("nothing but TLS is taken for TLS, and nothing is sent before it is open") {
  auto a = Identity::create(), b = Identity::create();
  Pair pair = make(*a, *b, b->fingerprint(), a->fingerprint());
  CHECK_FALSE(pair.client->send(as_bytes("x")));
  CHECK_FALSE(pair.server->receive(as_bytes("GET / HTTP/1.1\r\n\r\n")));
  CHECK_FALSE(pair.server->receive(pair.client->take_outgoing()));  // once failed, always failed
}
