// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/secret.h"
#include "engine/wire/stun.h"

namespace beside::flow {

using RandomFn = std::function<void(MutableByteSpan)>;  // the system's generator, or a seeded one in tests

// What a Ticket holds for one leg.
struct StunCredentials {
  std::string ufrag;    // USERNAME
  SecretText password;  // short-term key (RFC 8489 9.1)
};

// True when the message carries MESSAGE-INTEGRITY-SHA256 made with this password (constant time).
bool stun_mac_valid(ByteSpan datagram, const wire::StunMessage& message, const SecretText& password);

// An end's side of one media path to the relay (PROTOCOL 5): proves itself with Binding requests, echoes the relay's
// cookie, keeps consent fresh. One object per path tried (UDP, TLS). No I/O.
//
//   Idle -start-> Probing -answer without cookie-> Bound -30 s without an answer-> Lost
//   Probing: a request every 50 ms for a minute, then every 250 ms (PROTOCOL 1 asks for that much); an answer with a cookie is
//   echoed at once in a fresh request. Bound: a request every 5 s (+-10 %); after probe(), at its pace until the next answer. A cookie while Bound (our
//   address changed) is echoed at once and leaves the state as it is. start() begins anew from every state.
class StunClientLeg {
 public:
  enum class State : std::uint8_t { Idle, Probing, Bound, Lost };
  static constexpr nanoseconds kConsent = seconds(5);
  static constexpr nanoseconds kProbe = milliseconds(250), kEagerProbe = milliseconds(50), kEagerFor = seconds(60);
  static constexpr nanoseconds kSilence = seconds(30);

  StunClientLeg(StunCredentials credentials, RandomFn random);
  void start(LocalTime now);
  // The path looks dead or new: ask now, and every `pace` until an answer comes.
  void probe(LocalTime now, nanoseconds pace = kProbe);
  void renew(StunCredentials credentials);          // a new ticket; state kept
  // The next datagram to send on this path, until nullopt. Call after every other call and at next_deadline().
  std::optional<Bytes> poll(LocalTime now);
  // A datagram that is_stun(). False: not a valid answer to one of our requests; ignored.
  bool receive(ByteSpan datagram, LocalTime now);
  LocalTime next_deadline() const;
  State state() const { return state_; }
  std::optional<nanoseconds> rtt() const { return rtt_; }      // of the last answer
  LocalTime last_answer() const { return last_answer_; }
  bool asking() const { return probing_; }                     // a question of start() or probe() is not answered yet

 private:
  struct Pending {
    wire::TransactionId id{};
    LocalTime sent_at{};
  };
  Bytes make_request(LocalTime now);
  StunCredentials credentials_;
  RandomFn random_;
  State state_ = State::Idle;
  std::deque<Pending> pending_;
  Bytes cookie_;
  LocalTime next_send_ = kNever;
  LocalTime last_answer_ = LocalTime::min();
  bool probing_ = false;
  nanoseconds pace_ = kProbe;                // after probe()
  LocalTime started_at_{};
  std::size_t cookies_ = 0;                  // received in a row
  std::optional<nanoseconds> rtt_;
};

}  // namespace beside::flow
