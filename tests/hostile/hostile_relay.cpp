// SPDX-License-Identifier: GPL-3.0-or-later
// The relay double that attacks, as a program: real windows connect to it. `hostile_relay honest|faces|silent|certificates` prints
// its address and serves until it is ended.
#include <cstdio>
#include <optional>
#include <string_view>

#include "engine/net/loop.h"
#include "engine/wire/relay_address.h"
#include "tests/hostile/evil_relay.h"

using namespace beside;
using namespace beside::test;

int main(int argc, char** argv) {
  const std::string_view how = argc == 2 ? argv[1] : "";
  SystemClock clock;
  net::Loop loop;
  RelayDouble relay(clock);
  const auto identity = net::TlsIdentity::create_self_signed("127.0.0.1", unix_now_ms());
  if (!identity) return 1;
  SocketFront front(loop, relay, *identity);
  std::optional<TwoFaces> faces;
  std::optional<CertificateSwap> swap;
  if (how == "faces" || how == "silent") {
    faces.emplace(relay, clock, "777777");
    // Its first word is its guess; what would show that the guess was wrong never follows.
    if (how == "silent") {
      faces->silent_after = 62;
      relay.lies.ended = [](auto&, End, auto&) { return false; };
    }
  } else if (how == "certificates") {
    swap.emplace(relay, clock);
  } else if (how != "honest") {
    std::fprintf(stderr, "hostile_relay honest|faces|silent|certificates\n");
    return 2;
  }
  std::printf("%s\n", wire::format_relay_address({"127.0.0.1", front.port(), identity->spki_sha256()}).c_str());
  std::fflush(stdout);
  loop.run();
}
