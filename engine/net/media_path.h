// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/net/relay_control.h"

namespace beside::flow {
class Link;
}

namespace beside::net {

// The ladder of PROTOCOL 5, best first.
enum class MediaRung : std::uint8_t { None, Udp, Tls, TlsProxy };
enum class MediaReason : std::uint8_t {
  Best,           // this is the best there is
  Starting,       // nothing has answered yet
  UdpBlocked,     // UDP gets no answer while TLS works
  UdpNotOffered,  // the ticket names no UDP port
  PolicyTls,      // paths = tls
  Unreachable,    // every rung was tried and none works (now)
  Expired,        // the relay does not know our credentials any more: renew the ticket
};
const char* to_string(MediaRung rung);
const char* to_string(MediaReason reason);

// What the relay's Ticket says (engine/wire/control.proto).
struct MediaTicket {
  std::string host;               // empty: the host of the control connection
  std::uint16_t udp_port = 0;     // 0: UDP is not offered
  std::string ufrag, password;    // STUN short-term credential (RFC 8489 9.1)
  LocalTime expires = kNever;
};

struct MediaPathConfig {
  RelayRoute control;             // TLS rungs go there, with its pin and proxy
  std::string path = "/v1/media";
  bool tls_only = false;          // paths = tls: no UDP packet is sent
  nanoseconds stagger = 250ms;    // between the starts of rungs
  nanoseconds udp_patience = 1s;  // no answer for so long while TLS works: UdpBlocked
  nanoseconds retry_better = 30s; // better rungs are tried again so often
};

// The way of one session's media to the relay: races the rungs, keeps the best, proves consent (RFC 7675), comes back
// by itself. Thread: the loop's. Handlers may call anything but the destructor.
class MediaPath {
 public:
  struct State {
    MediaRung rung = MediaRung::None;
    MediaReason reason = MediaReason::Starting;
    bool operator==(const State&) const = default;
  };
  struct Handlers {
    std::function<void(ByteSpan)> on_datagram;      // what the other end sent; STUN is kept here
    std::function<void(const State&)> on_state;     // only changes
  };
  struct Counters {
    std::uint64_t sent = 0, received = 0, dropped_no_rung = 0, dropped_backlog = 0, bad_stun = 0, roamed = 0;
  };
  static std::unique_ptr<MediaPath> create(Loop& loop, MediaPathConfig config, MediaTicket ticket, Handlers handlers);
  virtual ~MediaPath() = default;
  virtual void start() = 0;
  // A renewed ticket; takes effect at the next check, without a gap.
  virtual void set_ticket(MediaTicket ticket) = 0;
  // The network changed or media stalled: race all rungs again now; the working one stays until a better answers.
  virtual void probe_now() = 0;
  virtual flow::Link& link() = 0;                   // for sending; datagrams go out on the rung of the moment
  virtual State state() const = 0;
  // While on_datagram runs: when this machine got the datagram; LocalTime::min(): not known (TLS).
  virtual LocalTime arrived() const = 0;
  virtual const Counters& counters() const = 0;
};

}  // namespace beside::net
