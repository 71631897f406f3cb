// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/net/proxy.h"
#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

namespace {
Error connect_error(const TestProxy& proxy, std::uint16_t target, const std::string& password) {
  Loop loop;
  RelayRoute route = local_route(target, test_identity().spki_sha256());
  route.proxy = proxy.setting(password);
  const auto control = make_relay_control(loop, {route, "/v1/control"});
  Error seen{ErrorKind::Cancelled, "", ""};
  control->open({{}, {}, [&](const Error& error) { seen = error; }});
  run_until(loop, [&] { return !seen.where.empty(); });
  return seen;
}
}  // namespace

TEST_CASE("Digest answers are those of RFC 7616 for the account of its example") {
  // Section 3.9.1 signs GET /dir/index.html; ours is CONNECT relay.example:443. The values come from a separate script
  // that gives the document's own responses (8ca523f5..., 753927fa...) for the document's own request.
  ProxyChallenge challenge;
  challenge.realm = "http-auth@example.org";
  challenge.nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
  challenge.qop_auth = true;
  const ProxySetting proxy{"proxy", 1, "Mufasa", "Circle of Life"};
  challenge.scheme = ProxyScheme::DigestMd5;
  const char* cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  CHECK(proxy_authorization(proxy, challenge, "relay.example:443", cnonce, 1).find("response=\"603069722c2bf91b03570451bc188763\"") != std::string::npos);
  challenge.scheme = ProxyScheme::DigestSha256;
  CHECK(proxy_authorization(proxy, challenge, "relay.example:443", cnonce, 1).find("response=\"194bbc7855e22bc89807db976c5f76144cf95152e44410ab46bfd65670c6d382\"") != std::string::npos);
  challenge.session = true;
  CHECK(proxy_authorization(proxy, challenge, "relay.example:443", cnonce, 1).find("response=\"3d7f15c4bbe0c54def36e9fb553128924656a5e27a2e8823a5bd0aa785603323\"") != std::string::npos);
  CHECK(proxy_authorization({"p", 1, "Aladdin", "open sesame"}, {}, "x:1", "", 1) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_CASE("proxy settings are read, and bad ones refused without repeating the password") {
  auto full = parse_proxy("http://k%40m:p%3Ass@proxy.corp:8080/");
  REQUIRE(full);
  CHECK(full->user == "k@m");
  CHECK(full->password == "p:ss");
  CHECK(full->host == "proxy.corp");
  CHECK(full->port == 8080);
  auto v6 = parse_proxy("[2001:db8::1]:81");
  REQUIRE(v6);
  CHECK(v6->host == "2001:db8::1");
  CHECK(v6->port == 81);
  CHECK(parse_proxy("proxy")->port == 3128);
  for (const char* bad : {"", "socks5://h:1", "http://secret@", "h:0", "h:99999", "h:x", "[::1", "http://h/path", "a%zz@h:1"}) {
    CAPTURE(bad);
    const auto parsed = parse_proxy(bad);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().detail.find("secret") == std::string::npos);
  }
}

TEST_CASE("the strongest of several challenges in one field is chosen") {
  const std::string head =
      "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate, Basic realm=\"a, b\", Digest realm=\"r\\\"q\", nonce=n1, qop=\"auth-int,auth\"\r\n"
      "Proxy-authenticate: Digest realm=r, nonce=n2, algorithm=SHA-256, stale=TRUE, qop=auth\r\n"
      "Proxy-Authenticate: Digest realm=r, nonce=n3, algorithm=SHA-512-256\r\n\r\nbody";
  const auto parsed = parse_proxy_answer(as_bytes(head));
  REQUIRE(parsed);
  REQUIRE(*parsed);
  const ProxyAnswer& answer = **parsed;
  CHECK(answer.other_challenge);
  CHECK(answer.head_bytes == head.size() - 4);
  REQUIRE(answer.challenges.size() == 3);
  CHECK(answer.challenges[0].realm == "a, b");
  CHECK(answer.challenges[1].realm == "r\"q");
  CHECK(answer.challenges[1].qop_auth);
  const ProxyChallenge* best = choose_challenge(answer);
  REQUIRE(best != nullptr);
  CHECK(best->nonce == "n2");
  CHECK(best->stale);
}

TEST_CASE("an unfinished head asks for more and a foreign protocol is refused at its first byte") {
  CHECK_FALSE(*parse_proxy_answer(as_bytes("HTTP/1.1 200 OK\r\n")));
  CHECK_FALSE(*parse_proxy_answer(as_bytes("HT")));
  CHECK_FALSE(parse_proxy_answer(as_bytes("\x15")));
  CHECK_FALSE(parse_proxy_answer(as_bytes("HTTP/2 200 OK\r\n\r\n")));
  CHECK_FALSE(parse_proxy_answer(as_bytes("HTTP/1.1 2x0 OK\r\n\r\n")));
  CHECK_FALSE(parse_proxy_answer(as_bytes("HTTP/1.1 200 OK\r\n: x\r\n\r\n")));
  CHECK_FALSE(parse_proxy_answer(as_bytes("HTTP/1.1 200 " + std::string(kProxyHeadLimit, 'x'))));
}

TEST_CASE("control goes through proxies that want Basic or Digest, or nothing") {
  for (const ProxyMode mode : {ProxyMode::Open, ProxyMode::Basic, ProxyMode::DigestMd5, ProxyMode::DigestSha256}) {
    CAPTURE(static_cast<int>(mode));
    Loop loop;
    WsServer* server_at = nullptr;
    auto server = WsServer::create(loop, local_server(), test_identity(),
                                   {{}, [&](ConnectionId id, ByteSpan message) { server_at->send(id, to_bytes(message)); }, {}});
    REQUIRE(server);
    server_at = server->get();
    const TestProxy proxy(mode, (*server)->port());
    // Port 1 leads nowhere without the proxy.
    RelayRoute route = local_route(1, test_identity().spki_sha256());
    route.proxy = proxy.setting();
    const auto control = make_relay_control(loop, {route, "/v1/control"});
    std::string heard;
    control->open({[&] { CHECK(control->send(to_bytes(as_bytes("through")))); },
                   [&](Bytes message) { heard = to_string(ByteSpan(message)); },
                   [&](const Error& error) { FAIL_CHECK(dump_error(error)); }});
    CHECK(run_until(loop, [&] { return heard == "through"; }));
    CHECK(proxy.tunnels() == 1);
    CHECK(control->describe().find("through a proxy") != std::string::npos);
  }
}

TEST_CASE("a proxy's refusal, nonsense and a wrong password each give a clear error") {
  const Error wrong = connect_error(TestProxy(ProxyMode::DigestSha256, 1), 1, "wrong");
  CHECK(wrong.kind == ErrorKind::Refused);
  CHECK(wrong.detail.find("does not accept the user name or password") != std::string::npos);
  const Error basic = connect_error(TestProxy(ProxyMode::Basic, 1), 1, "wrong");
  CHECK(basic.detail.find("does not accept the user name or password") != std::string::npos);
  const Error forbidden = connect_error(TestProxy(ProxyMode::Forbid, 1), 1, "pa:ss");
  CHECK(forbidden.kind == ErrorKind::Refused);
  CHECK(forbidden.detail.find("403 Not from here") != std::string::npos);
  const Error nonsense = connect_error(TestProxy(ProxyMode::Nonsense, 1), 1, "pa:ss");
  CHECK(nonsense.kind == ErrorKind::PeerFault);
  CHECK(nonsense.detail.find("does not answer like an HTTP proxy") != std::string::npos);
}
