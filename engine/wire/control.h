// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/wire/control.pb.h"

namespace beside::wire {

constexpr std::size_t kMaxControlBytes = 256 * 1024;  // one Envelope
constexpr std::size_t kMaxTunnelBytes = 64 * 1024;    // Tunnel.data
constexpr std::size_t kMaxChatBytes = 16 * 1024;      // Chat.sealed

// One binary WebSocket message -> one Envelope whose every field keeps the limits written in control.proto. A body of a
// kind that this version does not know yields body_case() == BODY_NOT_SET, as does an acknowledgement alone.
// Errors: PeerFault, `where` names the field.
Result<control::Envelope> parse_envelope(ByteSpan message);
// The same checks on a message of our own, before it is sent (a text from a person may be too long).
Result<void> check_envelope(const control::Envelope& envelope);
Bytes serialize_envelope(const control::Envelope& envelope);
// False for Hello, Welcome, Goodbye, Ping, Pong, Tunnel and an empty body: these carry no seq.
bool is_sequenced(const control::Envelope& envelope);
// One line for people: kinds, numbers and sizes, never passwords, tokens, or sealed bytes.
std::string dump_envelope(const control::Envelope& envelope);

}  // namespace beside::wire
