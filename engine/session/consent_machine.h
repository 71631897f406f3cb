// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/rights.h"
#include "engine/ports/rights_gate.h"
#include "engine/session/snapshot.h"

namespace beside::session {

// The customer's word on what an operator may do (PROTOCOL 6). The only writer of the gate, the only maker of grants.
//
// Invariants
//  1. The gate holds a right only while: the state is Open, the person granted it in this session and has not revoked
//     it, the panel is visible (or was hidden for less than 1 s), and the line is not in a gap of more than 15 s.
//  2. Rights only come into being in decide(), from an ask that is shown, with a click that is more than 500 ms away
//     from the last injected event, and only rights that were asked for. A question that was swapped for another under the
//     person's hand is not answered by it.
//  3. stop() shuts the gate before it does anything else, and nothing ever fills it again: a new session needs a new
//     machine. Whoever shuts the gate from outside (the stop keys, the panel) has stopped the machine's rights for good.
//
//   state    | event                         | next
//   ---------+-------------------------------+---------------------------------------------------------
//   Closed   | peer_verified                 | Open
//   Open     | ask, withdraw, decide, revoke | Open
//   Open     | gap of > 15 s                 | Open, rights paused
//   Open     | line back, gap <= resume_for  | Open, rights as granted
//   Open     | line back, gap > resume_for   | Open, rights void (none granted)
//   Closed, Open | stop                      | Stopped
//
// Thread: net. The gate may be read anywhere.
class ConsentMachine {
 public:
  static constexpr auto kClickGuard = 500ms;
  static constexpr auto kSwapGuard = 700ms;
  static constexpr auto kPanelGrace = 1s;
  static constexpr auto kGapPause = 15s;

  enum class State : std::uint8_t { Closed, Open, Stopped };
  enum class Decision : std::uint8_t { Granted, NotNow, IgnoredClick, NoSuchAsk, PanelHidden };

  // resume_for: how long after the line was lost rights may come back (5 min in a code session, 45 s otherwise).
  ConsentMachine(ports::RightsGate& gate, nanoseconds resume_for) : gate_(gate), resume_for_(resume_for) { gate_.open(); }
  ConsentMachine(const ConsentMachine&) = delete;
  ConsentMachine& operator=(const ConsentMachine&) = delete;
  ~ConsentMachine() { gate_.shut(); }

  State state() const { return state_; }
  void peer_verified();

  // A newer ask replaces an open one; no click within kSwapGuard allows it then, or where the one before was withdrawn as shortly
  // ago: it lies where that one lay. PeerFault: not open, unknown or unbuilt rights, an id that does not grow, or a
  // reason over 200 bytes or not UTF-8.
  Result<void> ask(std::uint32_t id, Rights rights, std::string reason, LocalTime now);
  void withdraw(std::uint32_t id, LocalTime now);
  const std::optional<AskView>& open_ask() const { return ask_; }

  // clicked_at: when the person decided; last_injection: of the operator's last injected event.
  Decision decide(std::uint32_t id, Rights wanted, std::uint32_t monitor_id, LocalTime clicked_at,
                  LocalTime last_injection, LocalTime now);
  // Less is always allowed; never fails.
  void revoke(Rights rights, LocalTime now);
  void stop();

  void panel_visible(bool visible, LocalTime now);
  void line_lost(LocalTime now);
  // True when rights were void by then and the person must grant anew.
  bool line_back(LocalTime now);
  void poll(LocalTime now);
  LocalTime next_deadline() const;

  // Proof for starting a grabber or injector; nullopt while the right is not in force.
  std::optional<ports::Grant> grant(Right right) const;
  Rights granted() const { return granted_; }                        // as the person decided
  Rights in_force() const { return gate_.now(); }
  Rights paused() const { return granted_ - gate_.now(); }
  bool paused_by_panel() const { return panel_pause_; }
  bool paused_by_gap() const { return gap_pause_; }
  std::uint32_t monitor_id() const { return monitor_id_; }
  std::uint32_t revision() const { return revision_; }               // grows with each change of what is in force

 private:
  void apply();

  ports::RightsGate& gate_;
  const nanoseconds resume_for_;
  State state_ = State::Closed;
  std::optional<AskView> ask_;
  LocalTime guarded_until_{};          // clicks that allow something; LocalTime{}: none
  std::optional<LocalTime> withdrawn_at_;
  std::uint32_t last_ask_id_ = 0;
  Rights granted_;
  std::uint32_t monitor_id_ = 0;
  std::uint32_t revision_ = 0;
  std::optional<LocalTime> hidden_since_;
  std::optional<LocalTime> lost_since_;
  bool panel_pause_ = false;
  bool gap_pause_ = false;
};

}  // namespace beside::session
