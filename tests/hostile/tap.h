// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "engine/base/bytes.h"

namespace beside::test {

// A forwarder in front of the real relay, for TCP and UDP on one port: listens on `listen_ip`, goes on to 127.0.0.1 from
// `source_ip`, and keeps every byte of both directions. A thread of its own.
class Tap {
 public:
  Tap(const std::string& listen_ip, const std::string& source_ip, std::uint16_t port);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;
  bool works() const { return tcp_ >= 0 && udp_ >= 0; }
  Bytes to_relay() const;
  Bytes from_relay() const;
  std::uint64_t datagrams() const { return datagrams_; }

 private:
  void run();
  const std::string source_ip_;
  const std::uint16_t port_;
  int tcp_ = -1, udp_ = -1, udp_out_ = -1;
  mutable std::mutex mutex_;
  Bytes to_relay_, from_relay_;
  std::atomic<std::uint64_t> datagrams_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace beside::test
