// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/clock.h"
#include "engine/flow/stun_client_leg.h"
#include "engine/wire/stun.h"

namespace beside::flow {

// The relay's side of one leg (PROTOCOL 5). A path is an opaque number that the relay gives to a 5-tuple or WebSocket.
// The relay finds the leg by StunMessage::username. No I/O.
//
// 1. Only a request with the right integrity has any effect; others get no answer.
// 2. A transaction id counts once.
// 3. A path becomes the bound one only by a fresh request that arrived on it and echoes the cookie made for it within
//    the last 20 s (or, from a browser, carries USE-CANDIDATE after such a cookie was answered). Until then it gets only
//    answers, none longer than three times its request.
// 4. 30 s without a valid request on the bound path unbind it.
class StunServerLeg {
 public:
  enum class Verdict : std::uint8_t { Rejected, Replayed, Challenged, Bound, Refreshed };
  struct Outcome {
    Verdict verdict = Verdict::Rejected;
    Bytes reply;                                  // empty: say nothing; goes to the path that the request came from
  };
  static constexpr nanoseconds kSilence = seconds(30);

  StunServerLeg(StunCredentials credentials, RandomFn random);
  // `message` is what parse_stun made of `datagram`.
  Outcome receive(std::uint64_t path, ByteSpan datagram, const wire::StunMessage& message, LocalTime now);
  // A new ticket was given out; the old credentials hold on until the new ones are used first.
  void renew(StunCredentials credentials);
  std::optional<std::uint64_t> bound_path() const { return bound_; }
  // True when the bound path fell silent and was unbound.
  bool poll(LocalTime now);
  LocalTime next_deadline() const { return bound_ ? last_valid_ + kSilence : kNever; }
  void path_closed(std::uint64_t path);           // a WebSocket went away

 private:
  Bytes make_cookie(std::uint64_t path, std::int64_t slot) const;
  bool cookie_valid(std::uint64_t path, ByteSpan cookie, LocalTime now) const;
  bool first_use(const wire::TransactionId& id);
  StunCredentials credentials_;
  std::optional<StunCredentials> next_;
  Secret<32> cookie_key_;
  std::optional<std::uint64_t> bound_;
  LocalTime last_valid_{};
  // The last kRemembered transactions by 32 bits of each (ids are 96 random bits, and only whoever has the password gets one in
  // here): a relay holds thousands of these. It grows with use, so that a short session costs little. 1 in 4 million fresh
  // requests is taken for a repetition, which the next request mends.
  std::vector<std::uint32_t> seen_;
  std::size_t seen_next_ = 0;
  static constexpr std::size_t kRemembered = 1024;
  std::optional<std::uint64_t> challenged_path_;  // for USE-CANDIDATE
  LocalTime challenged_at_{};
};

}  // namespace beside::flow
