// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace beside::relay {

// Why a datagram or message was not passed on: one closed list for logs and metrics.
enum class DropReason : std::uint8_t {
  UnboundSource, PeerNotBound, OverBudget, BadStun, UnknownLeg, TicketExpired, StunFlood, HandOverFull, SendFailed,
  Oversized, TunnelPeerAbsent, TunnelPeerSlow, ForeignPath, WrongIntegrity, ReplayedStun, StaleStun, SlowLeg, SendBufferFull,
  kCount,
};
const char* name_of(DropReason reason);

// Why a peer was closed (PROTOCOL 8).
enum class Violation : std::uint8_t {
  Malformed, OutOfOrder, TooFast, TooMuch, NoHello, NoCommonVersion, SlowReader, MediaNotBound, kCount,
};
const char* name_of(Violation violation);

enum class AuthOutcome : std::uint8_t { Good, Wrong, Throttled, Busy, Disabled, kCount };
const char* name_of(AuthOutcome outcome);

// Numbers of the whole relay; any thread adds, the metrics endpoint reads. All relaxed: they order nothing.
struct Metrics {
  using Count = std::atomic<std::uint64_t>;
  Count control_connections{0}, media_connections{0}, sessions{0}, signed_in{0};  // now
  Count connections_total{0}, sessions_total{0}, joins_total{0}, messages_total{0};
  Count datagrams{0}, bytes{0}, stun_requests{0};
  Count log_rows_lost{0};
  std::array<Count, static_cast<std::size_t>(DropReason::kCount)> drops{};
  std::array<Count, static_cast<std::size_t>(Violation::kCount)> violations{};
  std::array<Count, static_cast<std::size_t>(AuthOutcome::kCount)> auth{};
  // From the kernel's stamp on a UDP datagram to the return of the call that sent it on; upper bounds in microseconds, the last
  // is +Inf.
  static constexpr std::array<std::uint32_t, 18> kDelayBounds{5,   10,  20,   35,   50,   75,    100,   150,   200,
                                                              350, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000};
  std::array<Count, kDelayBounds.size() + 1> delay{};
  Count delay_sum_us{0};

  static void add(Count& count, std::uint64_t n = 1) { count.fetch_add(n, std::memory_order_relaxed); }
  static void sub(Count& count) { count.fetch_sub(1, std::memory_order_relaxed); }
  void drop(DropReason reason, std::uint64_t n = 1) { add(drops[static_cast<std::size_t>(reason)], n); }
  void violation(Violation kind) { add(violations[static_cast<std::size_t>(kind)]); }
  void auth_outcome(AuthOutcome outcome) { add(auth[static_cast<std::size_t>(outcome)]); }
  void forwarded_in(std::uint64_t us, std::uint64_t weight = 1);
  // Prometheus text format 0.0.4.
  std::string text() const;
};

}  // namespace beside::relay
