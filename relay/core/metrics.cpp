// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/metrics.h"

namespace beside::relay {

const char* name_of(DropReason reason) {
  switch (reason) {
    case DropReason::UnboundSource: return "unbound_source";
    case DropReason::PeerNotBound: return "peer_not_bound";
    case DropReason::OverBudget: return "over_budget";
    case DropReason::BadStun: return "bad_stun";
    case DropReason::UnknownLeg: return "unknown_leg";
    case DropReason::TicketExpired: return "ticket_expired";
    case DropReason::StunFlood: return "stun_flood";
    case DropReason::HandOverFull: return "hand_over_full";
    case DropReason::SendFailed: return "send_failed";
    case DropReason::Oversized: return "oversized";
    case DropReason::TunnelPeerAbsent: return "tunnel_peer_absent";
    case DropReason::TunnelPeerSlow: return "tunnel_peer_slow";
    case DropReason::ForeignPath: return "foreign_path";
    case DropReason::WrongIntegrity: return "wrong_integrity";
    case DropReason::ReplayedStun: return "replayed_stun";
    case DropReason::StaleStun: return "stale_stun";
    case DropReason::SlowLeg: return "slow_leg";
    case DropReason::SendBufferFull: return "send_buffer_full";
    case DropReason::kCount: break;
  }
  return "?";
}

const char* name_of(Violation violation) {
  switch (violation) {
    case Violation::Malformed: return "malformed";
    case Violation::OutOfOrder: return "out_of_order";
    case Violation::TooFast: return "too_fast";
    case Violation::TooMuch: return "too_much";
    case Violation::NoHello: return "no_hello";
    case Violation::NoCommonVersion: return "no_common_version";
    case Violation::SlowReader: return "slow_reader";
    case Violation::MediaNotBound: return "media_not_bound";
    case Violation::kCount: break;
  }
  return "?";
}

const char* name_of(AuthOutcome outcome) {
  switch (outcome) {
    case AuthOutcome::Good: return "good";
    case AuthOutcome::Wrong: return "wrong";
    case AuthOutcome::Throttled: return "throttled";
    case AuthOutcome::Busy: return "busy";
    case AuthOutcome::Disabled: return "disabled";
    case AuthOutcome::kCount: break;
  }
  return "?";
}

void Metrics::forwarded_in(std::uint64_t us, std::uint64_t weight) {
  std::size_t bucket = 0;
  while (bucket < kDelayBounds.size() && us > kDelayBounds[bucket]) ++bucket;
  add(delay[bucket], weight);
  add(delay_sum_us, us * weight);
}

std::string Metrics::text() const {
  std::string out;
  auto value = [](const Count& c) { return std::to_string(c.load(std::memory_order_relaxed)); };
  auto type = [&](const char* name, const char* kind) { out += "# TYPE beside_relay_" + std::string(name) + " " + kind + "\n"; };
  auto one = [&](const char* name, const char* kind, const Count& c) {
    type(name, kind);
    out += "beside_relay_" + std::string(name) + " " + value(c) + "\n";
  };
  one("control_connections", "gauge", control_connections);
  one("media_connections", "gauge", media_connections);
  one("sessions", "gauge", sessions);
  one("operators_signed_in", "gauge", signed_in);
  one("connections_total", "counter", connections_total);
  one("sessions_total", "counter", sessions_total);
  one("joins_total", "counter", joins_total);
  one("control_messages_total", "counter", messages_total);
  one("forwarded_datagrams_total", "counter", datagrams);
  one("forwarded_bytes_total", "counter", bytes);
  one("stun_requests_total", "counter", stun_requests);
  one("log_rows_lost_total", "counter", log_rows_lost);
  auto by_kind = [&](const char* name, const char* label, const auto& counts, auto name_at) {
    type(name, "counter");
    for (std::size_t i = 0; i < counts.size(); ++i) {
      out += "beside_relay_" + std::string(name) + "{" + label + "=\"" + name_at(i) + "\"} " + value(counts[i]) + "\n";
    }
  };
  by_kind("drops_total", "reason", drops, [](std::size_t i) { return name_of(static_cast<DropReason>(i)); });
  by_kind("violations_total", "kind", violations, [](std::size_t i) { return name_of(static_cast<Violation>(i)); });
  by_kind("auth_total", "outcome", auth, [](std::size_t i) { return name_of(static_cast<AuthOutcome>(i)); });
  type("forward_delay_us", "histogram");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < delay.size(); ++i) {
    sum += delay[i].load(std::memory_order_relaxed);
    const std::string bound = i < kDelayBounds.size() ? std::to_string(kDelayBounds[i]) : "+Inf";
    out += "beside_relay_forward_delay_us_bucket{le=\"" + bound + "\"} " + std::to_string(sum) + "\n";
  }
  out += "beside_relay_forward_delay_us_sum " + value(delay_sum_us) + "\n";
  out += "beside_relay_forward_delay_us_count " + std::to_string(sum) + "\n";
  return out;
}

}  // namespace beside::relay
