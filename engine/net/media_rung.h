// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "engine/flow/stun_client_leg.h"
#include "engine/net/media_path.h"

namespace beside::net {

// One way to the relay with its STUN leg: off, being tried, or bound. Used by MediaPath only.
// Thread: the loop's. Handlers may start and stop rungs, this one too.
class MediaRungRunner {
 public:
  struct Handlers {
    std::function<void()> bound;               // the relay takes our media here (again)
    std::function<void(ByteSpan)> datagram;    // anything but STUN, from a way that was proven
    std::function<void()> failed;              // off again: unreachable, closed, or silent for 30 s
  };
  static std::unique_ptr<MediaRungRunner> make_udp(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket,
                                                   MediaPath::Counters& counters, Handlers handlers);
  static std::unique_ptr<MediaRungRunner> make_tls(Loop& loop, const MediaPathConfig& config, const MediaTicket& ticket,
                                                   MediaPath::Counters& counters, std::optional<ProxySetting> proxy,
                                                   Handlers handlers);
  virtual ~MediaRungRunner() = default;
  virtual MediaRung kind() const = 0;
  // No effect while running, but that one that is held and shall be no longer goes on. Held: the carrier is brought up and nothing is
  // asked of the relay yet, so that the leg stays where it is.
  virtual void start(bool held = false) = 0;
  virtual void stop() = 0;
  virtual void give_up() = 0;   // it had its time without an answer: stop(), and counted
  virtual void linger() = 0;    // asks nothing more, still hands on what arrives; stop() follows
  virtual void probe(nanoseconds pace) = 0;   // asked now, and again at that pace until there is an answer
  virtual void renew() = 0;     // the ticket changed
  virtual bool running() const = 0;
  virtual bool held() const = 0;
  virtual bool bound() const = 0;
  virtual LocalTime last_answer() const = 0;
  virtual nanoseconds rtt() const = 0;   // to the relay, of the last answer; 0: none yet
  virtual bool send(std::span<const ByteSpan> datagrams) = 0;
  virtual std::size_t max_datagram() const = 0;   // as flow::Link's
  virtual LocalTime arrived() const { return LocalTime::min(); }   // as MediaPath's
};

}  // namespace beside::net
