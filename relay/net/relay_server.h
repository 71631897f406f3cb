// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/net/tls_identity.h"
#include "relay/core/records.h"
#include "relay/helpdesk/account_records.h"
#include "relay/net/control_hub.h"

namespace beside::relay {

// The running relay: control thread (one loop for all TCP), two auth workers, db thread, media thread.
// Thread: create(), stop() and the destructor on the one that made it.
// Lifetime: the records must outlive it; they are used on the db thread only, from create() until stop() has returned.
// Failure: Environment with a sentence when a port cannot be had.
class RelayServer {
 public:
  struct Config {
    std::string bind_address = "::";
    std::uint16_t port = 443;          // 0: the kernel chooses
    std::uint16_t media_port = 0;      // 0: the same as port
    int metrics_port = -1;             // loopback; 0: the kernel chooses; -1: no endpoint
    ControlHub::Config hub;            // udp_port is filled in here
    Forwarder::Limits media;
  };
  static Result<std::unique_ptr<RelayServer>> create(const Config& config, const net::TlsIdentity& identity,
                                                     SessionRecords& sessions, AccountRecords& accounts);
  ~RelayServer();
  std::uint16_t port() const;
  std::uint16_t media_port() const;
  std::uint16_t metrics_port() const;  // 0: none
  // Tells the clients, commits what was taken, ends all threads; within 2 s.
  void stop(std::uint32_t restart_in_ms);

  struct Impl;

 private:
  explicit RelayServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace beside::relay
