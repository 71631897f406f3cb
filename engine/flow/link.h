// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/bytes.h"

namespace beside::flow {

// A way for sealed datagrams to the other end: a UDP socket towards the relay, or /v1/media over TLS. Unreliable and
// unordered by contract. What arrives is handed over by whoever owns the link. Thread: net.
class Link {
 public:
  virtual ~Link() = default;
  // Sends these as one burst; all but the last have the same size (UDP_SEGMENT), 64 at most. False: nothing more can be
  // taken now (socket buffer or TCP backlog full) and the burst, or its end, was dropped.
  virtual bool send(std::span<const ByteSpan> datagrams) = 0;
  bool send_one(ByteSpan datagram) { return send({&datagram, 1}); }
  // Largest datagram that this machine can put on it, bytes; whether it gets through is another question (PathMtu).
  virtual std::size_t max_datagram() const = 0;
};

}  // namespace beside::flow
