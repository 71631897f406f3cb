// SPDX-License-Identifier: GPL-3.0-or-later
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/wire/relay_address.h"
#include "relay/main/options.h"
#include "relay/net/relay_server.h"
#include "relay/store/store.h"

namespace beside::relay {
namespace {

constexpr std::uint16_t kUsualPort = 443, kOpenPort = 8443;
constexpr std::uint32_t kRestartInMs = 2000;

int complain(const Error& error) {
  std::fprintf(stderr, "beside-relay: %s\n", error.detail.empty() ? dump_error(error).c_str() : error.detail.c_str());
  return 1;
}

std::string host_of(const Options& options) {
  if (options.public_host) return *options.public_host;
  if (options.listen && *options.listen != "::" && *options.listen != "0.0.0.0") return *options.listen;
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

Result<net::TlsIdentity> identity_of(const Options& options, const std::filesystem::path& data, const std::string& host) {
  if (!options.certificate.empty() || !options.key.empty()) {
    return net::TlsIdentity::load(options.certificate, options.key);
  }
  const auto certificate = data / "tls.crt", key = data / "tls.key";
  std::error_code ec;
  if (std::filesystem::exists(certificate, ec) && std::filesystem::exists(key, ec)) {
    return net::TlsIdentity::load(certificate, key);
  }
  auto made = net::TlsIdentity::create_self_signed(host, unix_now_ms());
  if (!made) return made;
  if (auto saved = made->save(certificate, key); !saved) return fail(saved);
  return made;
}

}  // namespace

int serve(Options options) {
  log::open(log::Level::Info);
  // Blocked before any thread starts, so that only sigwait() below ever sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // A connection is a descriptor: as many as this process may have.
  if (rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &files);
  }

  if (auto read = read_config(options); !read) return complain(read.error());
  const auto data = data_folder(options);
  if (!data) return complain(data.error());
  const std::string host = host_of(options);
  const auto identity = identity_of(options, *data, host);
  if (!identity) return complain(identity.error());
  auto store = Store::open(database_of(options, *data));
  if (!store) return complain(store.error());
  // Asked now: once the server runs the store is its db thread's alone.
  const auto operators = (*store)->operators();
  const bool nobody = operators && operators->empty();

  RelayServer::Config config;
  config.bind_address = options.listen.value_or("::");
  config.port = options.port.value_or(kUsualPort);
  config.media_port = options.media_port.value_or(0);
  if (options.metrics_port) config.metrics_port = *options.metrics_port;
  config.hub.relay_name = host.substr(0, 64);
  config.hub.organisation = options.organisation.value_or(std::string()).substr(0, 64);
  config.hub.minimum_version = options.minimum_version.value_or(std::string());
  auto server = RelayServer::create(config, *identity, **store, **store);
  if (!server && !options.port) {
    std::printf("Port %u cannot be had (%s); trying %u. To use %u, start beside-relay as the systemd unit does, or allow "
                "it with: setcap cap_net_bind_service=+ep <beside-relay>\n",
                unsigned{kUsualPort}, server.error().detail.c_str(), unsigned{kOpenPort}, unsigned{kUsualPort});
    config.port = kOpenPort;
    server = RelayServer::create(config, *identity, **store, **store);
  }
  if (!server) return complain(server.error());

  wire::RelayAddress address;
  address.host = host;
  address.port = (*server)->port();
  address.pin = identity->spki_sha256();
  const std::string text = wire::format_relay_address(address);
  // For scripts and for the commands that make invitations; the address holds no secret.
  std::ofstream(*data / "address") << text << "\n";
  std::printf("Relay address: %s\n", text.c_str());
  if ((*server)->media_port() != (*server)->port()) std::printf("Media: UDP %u\n", unsigned{(*server)->media_port()});
  if ((*server)->metrics_port() != 0) {
    std::printf("Metrics: http://127.0.0.1:%u/metrics\n", unsigned{(*server)->metrics_port()});
  }
  if (nobody) {
    std::printf("Nobody can sign in yet. Make the first administrator:\n  beside-relay --data %s operator invite --login NAME --admin\n",
                data->c_str());
  }
  std::printf("Ready.\n");
  std::fflush(stdout);

  int number = 0;
  do {
    sigwait(&signals, &number);
  } while (number == SIGHUP);  // nothing to read again; a terminal that closes is no reason to drop sessions
  (*server)->stop(kRestartInMs);
  std::printf("Stopped.\n");
  return 0;
}

}  // namespace beside::relay
