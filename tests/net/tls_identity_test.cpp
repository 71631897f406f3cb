// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

namespace {
struct TempDir {
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "beside-net-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};
}  // namespace

TEST_CASE("an identity keeps its pin through files and its key file is for the owner only") {
  const TempDir dir;
  const auto cert = dir.path / "c.pem", key = dir.path / "k.pem";
  { std::ofstream(key) << "old"; }
  ::chmod(key.c_str(), 0644);
  REQUIRE(test_identity().save(cert, key));
  struct stat info {};
  REQUIRE(::stat(key.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const auto loaded = TlsIdentity::load(cert, key);
  REQUIRE(loaded);
  CHECK(loaded->spki_sha256() == test_identity().spki_sha256());
  CHECK(parse_pin(dump_pin(loaded->spki_sha256())) == loaded->spki_sha256());
}

TEST_CASE("a key that belongs to another certificate is refused, as are missing files and bad names") {
  const TempDir dir;
  const auto other = TlsIdentity::create_self_signed("relay.example", unix_now_ms());
  REQUIRE(other);
  REQUIRE(test_identity().save(dir.path / "a.pem", dir.path / "a.key"));
  REQUIRE(other->save(dir.path / "b.pem", dir.path / "b.key"));
  CHECK_FALSE(TlsIdentity::load(dir.path / "a.pem", dir.path / "b.key"));
  CHECK_FALSE(TlsIdentity::load(dir.path / "none.pem", dir.path / "b.key"));
  CHECK_FALSE(TlsIdentity::create_self_signed("a,DNS:b", unix_now_ms()));
  CHECK_FALSE(TlsIdentity::create_self_signed("", unix_now_ms()));
  CHECK(other->spki_sha256() != test_identity().spki_sha256());
}

TEST_CASE("an added certificate authority is trusted for the right host and for no other") {
  for (const bool right : {true, false}) {
    CAPTURE(right);
    const TempDir dir;
    const auto identity = TlsIdentity::create_self_signed(right ? "127.0.0.1" : "relay.example", unix_now_ms());
    REQUIRE(identity);
    REQUIRE(identity->save(dir.path / "ca.pem", dir.path / "k.pem"));
    Loop loop;
    const auto server = WsServer::create(loop, local_server(), *identity, {});
    REQUIRE(server);
    RelayRoute route = local_route((*server)->port(), std::nullopt);
    route.extra_ca_file = dir.path / "ca.pem";
    const auto control = make_relay_control(loop, {route, "/v1/control"});
    bool up = false;
    std::string_view where;
    control->open({[&] { up = true; }, {}, [&](const Error& error) { where = error.where; }});
    CHECK(run_until(loop, [&] { return up || !where.empty(); }));
    CHECK(up == right);
    if (!right) CHECK(where == "net/trust");
  }
}
