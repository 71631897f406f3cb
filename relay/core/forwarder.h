// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/flow/stun_server_leg.h"
#include "relay/core/metrics.h"
#include "relay/core/path_table.h"
#include "relay/core/records.h"
#include "relay/core/token_bucket.h"

namespace beside::relay {

// What a media leg needs; given at creation and after a restart.
struct MediaLeg {
  std::string session_id;
  Side side = Side::Operator;
  std::string ufrag;
  std::string stun_password;
  nanoseconds life{0};  // of the ticket, from now
};

// Decides for each datagram where it goes; moves no byte itself (PROTOCOL 5). A path is a number that stands for a
// 5-tuple or a WebSocket, see flow::StunServerLeg.
// Invariants: 1. What is sent on is sent only to the bound path of the other leg of the same session. 2. A path that is not
// bound gets nothing but the answer to a STUN request whose integrity is right, at most three times as long. 3. A path belongs to at most one leg.
// Thread: media only. on_media() neither locks nor allocates.
class Forwarder {
 public:
  using LegNo = std::uint32_t;
  static constexpr LegNo kNoLeg = 0xffffffff;
  // Bytes count with kOverheadBytes for each datagram, so that a leg cannot get more packets by making them small.
  struct Limits {
    double leg_bytes_per_second = 64e6;
    double leg_burst_bytes = 16e6;
    // Requests that name a leg, each of which costs an HMAC. Those from the leg's bound path have a budget of their own: whoever
    // floods with the leg's name from elsewhere does not take its consent away.
    double leg_stun_per_second = 50;
    double leg_stun_burst = 200;
  };
  static constexpr std::size_t kOverheadBytes = 48;
  struct StunResult {
    Bytes reply;                 // to where the request came from; empty: silence
    LegNo leg = kNoLeg;          // whose request it was, when its integrity was right
    bool path_changed = false;   // this path is the bound one now and was not before
  };
  struct Route {
    LegNo to = kNoLeg;           // kNoLeg: drop
    std::uint64_t path = 0;
    DropReason reason = DropReason::UnboundSource;
  };
  struct Unbound {
    LegNo leg;
    std::string session_id;
    Side side;
  };
  struct Totals {
    std::uint64_t bytes[2] = {0, 0};       // sent by each side and passed on
    std::uint64_t datagrams[2] = {0, 0};
  };

  explicit Forwarder(flow::RandomFn random, Limits limits);
  // Also replaces the life of a leg that is there already (a renewed ticket). Returns its number.
  LegNo put_leg(const MediaLeg& leg, LocalTime now);
  std::optional<Totals> remove_session(const std::string& session_id);
  StunResult on_stun(std::uint64_t path, ByteSpan datagram, LocalTime now, Metrics& metrics);
  // `bytes` of media in `datagrams` packets came in on the path that leg_of() says is this leg's; takes them from its budget.
  Route on_media(LegNo from, std::size_t bytes, std::size_t datagrams, LocalTime now);
  void path_closed(std::uint64_t path);
  // Legs that fell silent.
  std::vector<Unbound> poll(LocalTime now);
  LocalTime next_deadline() const { return next_silence_; }   // never later than the first silence, sometimes earlier

  LegNo leg_of(std::uint64_t path) const { return by_path_.find(path); }
  const std::string& session_of(LegNo leg) const { return pairs_[leg / 2].session_id; }
  static Side side_of(LegNo leg) { return leg % 2 == 0 ? Side::Operator : Side::Customer; }
  std::size_t size() const { return by_session_.size(); }

 private:
  struct Leg {
    std::unique_ptr<flow::StunServerLeg> stun;
    std::string ufrag;
    LocalTime expires{};
    std::uint64_t path = 0;      // 0: not bound
    TokenBucket budget{0, 0}, stun_bound{0, 0}, stun_other{0, 0};
  };
  struct Pair {
    std::string session_id;
    Leg legs[2];
    Totals totals;
  };
  Leg& leg_at(LegNo leg) { return pairs_[leg / 2].legs[leg % 2]; }
  void unbind(LegNo leg);
  flow::RandomFn random_;
  Limits limits_;
  std::vector<Pair> pairs_;
  std::vector<std::uint32_t> free_pairs_;
  std::unordered_map<std::string, std::uint32_t> by_session_;
  std::unordered_map<std::string, LegNo> by_ufrag_;
  PathTable by_path_;
  LocalTime next_silence_ = kNever;
};

}  // namespace beside::relay
