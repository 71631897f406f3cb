// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/forwarder.h"

#include <algorithm>

#include "engine/wire/stun.h"

namespace beside::relay {

Forwarder::Forwarder(flow::RandomFn random, Limits limits)
    : random_(std::move(random)), limits_(limits) {}

Forwarder::LegNo Forwarder::put_leg(const MediaLeg& in, LocalTime now) {
  std::uint32_t pair_no = 0;
  if (const auto it = by_session_.find(in.session_id); it != by_session_.end()) {
    pair_no = it->second;
  } else {
    if (free_pairs_.empty()) {
      pair_no = static_cast<std::uint32_t>(pairs_.size());
      pairs_.emplace_back();
    } else {
      pair_no = free_pairs_.back();
      free_pairs_.pop_back();
    }
    pairs_[pair_no].session_id = in.session_id;
    by_session_[in.session_id] = pair_no;
  }
  const LegNo no = pair_no * 2 + static_cast<LegNo>(index(in.side));
  Leg& leg = leg_at(no);
  leg.expires = now + in.life;
  if (leg.stun && leg.ufrag == in.ufrag) return no;
  unbind(no);
  by_ufrag_.erase(leg.ufrag);
  leg.ufrag = in.ufrag;
  leg.stun = std::make_unique<flow::StunServerLeg>(flow::StunCredentials{in.ufrag, SecretText(in.stun_password)}, random_);
  leg.budget = TokenBucket(limits_.leg_bytes_per_second, limits_.leg_burst_bytes);
  leg.stun_bound = leg.stun_other = TokenBucket(limits_.leg_stun_per_second, limits_.leg_stun_burst);
  by_ufrag_[in.ufrag] = no;
  return no;
}

std::optional<Forwarder::Totals> Forwarder::remove_session(const std::string& session_id) {
  const auto it = by_session_.find(session_id);
  if (it == by_session_.end()) return std::nullopt;
  const std::uint32_t pair_no = it->second;
  by_session_.erase(it);
  for (LegNo leg : {pair_no * 2, pair_no * 2 + 1}) {
    unbind(leg);
    by_ufrag_.erase(leg_at(leg).ufrag);
  }
  const Totals totals = pairs_[pair_no].totals;
  pairs_[pair_no] = Pair{};
  free_pairs_.push_back(pair_no);
  return totals;
}

void Forwarder::unbind(LegNo no) {
  Leg& leg = leg_at(no);
  if (leg.path != 0) by_path_.erase(leg.path);
  leg.path = 0;
}

Forwarder::StunResult Forwarder::on_stun(std::uint64_t path, ByteSpan datagram, LocalTime now, Metrics& metrics) {
  Metrics::add(metrics.stun_requests);
  const auto message = wire::parse_stun(datagram);
  if (!message || message->cls != wire::StunClass::Request || message->method != wire::kStunBinding || !message->mac) {
    metrics.drop(DropReason::BadStun);
    return {};
  }
  // An ICE agent sends "ours:theirs" (RFC 8445 7.2.2); our own clients send ours alone.
  const auto it = by_ufrag_.find(message->username.substr(0, message->username.find(':')));
  if (it == by_ufrag_.end()) {
    metrics.drop(DropReason::UnknownLeg);
    return {};
  }
  const LegNo no = it->second;
  Leg& leg = leg_at(no);
  if (leg.expires <= now) {
    metrics.drop(DropReason::TicketExpired);
    return {};
  }
  // A path that another leg has bound stays that leg's.
  if (const LegNo taken = by_path_.find(path); taken != kNoLeg && taken != no) {
    metrics.drop(DropReason::ForeignPath);
    return {};
  }
  if (!(path == leg.path ? leg.stun_bound : leg.stun_other).take(1, now)) {
    metrics.drop(DropReason::StunFlood);
    return {};
  }
  auto outcome = leg.stun->receive(path, datagram, *message, now);
  using V = flow::StunServerLeg::Verdict;
  if (outcome.verdict == V::Rejected) {
    metrics.drop(DropReason::WrongIntegrity);
    return {};
  }
  if (outcome.verdict == V::Replayed) metrics.drop(DropReason::ReplayedStun);
  if (outcome.verdict == V::Challenged && !message->cookie.empty()) metrics.drop(DropReason::StaleStun);
  StunResult out;
  out.reply = std::move(outcome.reply);
  out.leg = no;
  const std::uint64_t bound = leg.stun->bound_path().value_or(0);
  if (bound != leg.path) {
    unbind(no);
    leg.path = bound;
    if (bound != 0) by_path_.insert(bound, no);
    out.path_changed = bound == path;
  }
  if (leg.path != 0) next_silence_ = std::min(next_silence_, leg.stun->next_deadline());
  return out;
}

Forwarder::Route Forwarder::on_media(LegNo from, std::size_t bytes, std::size_t datagrams, LocalTime now) {
  const LegNo to = from ^ 1;
  Pair& pair = pairs_[from / 2];
  if (!pair.legs[from % 2].budget.take(static_cast<double>(bytes + datagrams * kOverheadBytes), now)) {
    return {kNoLeg, 0, DropReason::OverBudget};
  }
  const std::uint64_t out = pair.legs[to % 2].path;
  if (out == 0) return {kNoLeg, 0, DropReason::PeerNotBound};
  pair.totals.bytes[from % 2] += bytes;
  pair.totals.datagrams[from % 2] += datagrams;
  return {to, out, DropReason::UnboundSource};
}

void Forwarder::path_closed(std::uint64_t path) {
  const LegNo no = by_path_.find(path);
  if (no == kNoLeg) return;
  leg_at(no).stun->path_closed(path);
  unbind(no);
}

std::vector<Forwarder::Unbound> Forwarder::poll(LocalTime now) {
  std::vector<Unbound> out;
  next_silence_ = kNever;
  for (const auto& [session_id, pair_no] : by_session_) {
    for (LegNo no : {pair_no * 2, pair_no * 2 + 1}) {
      Leg& leg = leg_at(no);
      if (!leg.stun || leg.path == 0) continue;
      if (leg.stun->poll(now)) {
        unbind(no);
        out.push_back({no, session_id, side_of(no)});
      } else {
        next_silence_ = std::min(next_silence_, leg.stun->next_deadline());
      }
    }
  }
  return out;
}

}  // namespace beside::relay
