// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/wire/session.pb.h"

namespace beside::wire {

constexpr std::size_t kMaxInnerBytes = 64 * 1024;  // one Inner message

// One message of the inner channel (package beside.inner), every limit of session.proto checked. An unknown body
// yields BODY_NOT_SET and is to be ignored. Errors: PeerFault, `where` names the field.
Result<inner::Inner> parse_inner(ByteSpan message);
// The same checks on a message of our own.
Result<void> check_inner(const inner::Inner& message);
Bytes serialize_inner(const inner::Inner& message);
// One line for people: the kind and its numbers; no names, reasons or pixels.
std::string dump_inner(const inner::Inner& message);

}  // namespace beside::wire
