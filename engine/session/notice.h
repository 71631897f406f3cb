// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace beside::session {

// What a person must be told. The views find the sentence for each in the text catalogue: what happened, what it means,
// what to do. `args` fill it, in the order the catalogue entry names.
enum class NoticeKind : std::uint8_t {
  None,
  // relay
  RelayUnreachable,        // args: address, reason
  RelayWrongPin,           // args: address. Not the company's relay; nothing was sent
  RelayUntrusted,          // args: address, reason. Its certificate is not valid
  RelayOtherVersion,       // args: relay's or our range
  RelayRestarting,
  RelayTooOld,             // our program is below the organisation's minimum
  AddressMalformed,        // args: what was typed
  // code
  CodeMistyped,            // the check digit says that a digit is wrong; nothing was sent
  CodeUnknown,             // no such code, or no longer
  CodeExpired,
  CodeUsed,
  CodeWrong,               // the guess is spent; the code is dead. Ask for a new one
  CodeSilent,              // no answer in time; the code is dead as a precaution
  CodeTampered,            // certificate or message mismatch: somebody between; the code is dead
  CodeThrottled,           // args: seconds
  SomebodyTriedWrongCode,  // operator: this code is dead, here is the next
  PeerDisconnected,        // in mid-exchange
  PeerOtherVersion,
  // sign-in
  SignInWrong,
  SignInThrottled,         // args: seconds
  SignInDisabled,
  PasswordWeak,            // args: rule: length, upper, digit, special
  PasswordCommon,
  InvitationUsed,
  InvitationExpired,
  TokenFileUnreadable,     // args: path
  // session
  Reconnecting,
  Reconnected,
  RightsPausedAfterGap,
  RightsVoidAfterGap,
  PanelHidden,             // capture and control stopped until the panel is visible again
  MonitorGone,             // customer: the monitor that was shared is no longer there; its rights are taken back
  DisplayLost,             // the customer's display went away
  CaptureLimited,          // args: what is missing (XDamage, MIT-SHM)
  ControlUnavailable,      // args: what is missing (XTEST)
  WaylandUnsupported,      // sharing and control need X11 here; chat works
  VideoRefused,            // args: reason
  VideoFellBack,           // args: from, to
  UdpBlocked,              // media goes over TLS
  DiskFull,                // journal could not be written
  PeerCannotShare,         // operator: the customer's system can share nothing; chat works. args: the system
  PeerCannotBeControlled,  // operator: looking on works, control does not
  KeysDropped,             // operator: the line was down for too long for what he had typed. args: how many keys and clicks at most
};

struct Notice {
  NoticeKind kind = NoticeKind::None;
  std::vector<std::string> args;
  std::uint64_t id = 0;        // grows; a view may dismiss by it
  bool operator==(const Notice&) const = default;
};

}  // namespace beside::session
