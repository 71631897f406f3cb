// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/net/websocket_connection.h"
#include "engine/wire/relay_address.h"

namespace beside::net {

// Why a client's connection ended, as an error with a sentence for a person.
Error to_error(const CloseReason& reason, bool pinned, const wire::RelayAddress& address);

}  // namespace beside::net
