// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/relay_address.h"

#include <doctest/doctest.h>

#include "engine/base/bytes.h"

using namespace beside;
using namespace beside::wire;

namespace {
const std::string kPin = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
}

TEST_CASE("a full address is read and written again") {
  SecretText code;
  const auto a = parse_relay_address(" beside://Help.Example.com:8443/482-913-5074#pin=" + kPin + "\n", &code);
  REQUIRE(a);
  CHECK(a->host == "help.example.com");
  CHECK(a->port == 8443);
  REQUIRE(a->pin);
  CHECK((*a->pin)[31] == 31);
  CHECK(code.reveal() == "482-913-5074");
  CHECK(format_relay_address(*a) == "beside://help.example.com:8443#pin=" + kPin);
  CHECK(parse_relay_address(format_relay_address(*a)).value() == *a);
}

TEST_CASE("plain hosts, ports and IPv6 in brackets are read") {
  CHECK(parse_relay_address("localhost")->port == 443);
  CHECK(parse_relay_address("192.0.2.1:444")->host == "192.0.2.1");
  const auto v6 = parse_relay_address("[2001:DB8::1]:1");
  REQUIRE(v6);
  CHECK(v6->host == "2001:db8::1");
  CHECK(format_host_port(*v6) == "[2001:db8::1]:1");
  CHECK(format_relay_address(*parse_relay_address("beside://[::1]")) == "beside://[::1]");
}

TEST_CASE("a bad address is refused with a sentence") {
  for (const std::string text :
       {"", "   ", "https://x", "beside://", "beside://x:0", "beside://x:65536", "beside://x:", "beside://x:44 3", "a b", "-x", "x-", "x..y",
        "2001:db8::1", "[2001:db8::1", "[::1]x", "[x]", "beside://x#pin=abc", "beside://x#key=1", "beside://x/abc", "x/482"}) {
    CAPTURE(text);
    SecretText code;
    const auto a = parse_relay_address(text, &code);
    REQUIRE_FALSE(a);
    CHECK(a.error().kind == ErrorKind::Refused);
    CHECK(a.error().detail.back() == '.');
  }
  CHECK_FALSE(parse_relay_address("beside://x/4829135074"));  // no place for a code was offered
  CHECK_FALSE(parse_relay_address("beside://x#pin=" + kPin + "A"));
}
