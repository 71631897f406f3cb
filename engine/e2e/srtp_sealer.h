// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/ports/secure_channel.h"

namespace beside::e2e {

// SRTP AEAD_AES_256_GCM (RFC 7714), header extensions 1 to 4 encrypted (RFC 6904), replay window 1024, and the chat seal;
// keys from the open channel's exporter. One master key per direction: what one end sealed, only the other opens.
// A sequence number is sealed once per SSRC, in rising order; a sender that must go back takes a new SSRC (PROTOCOL 4).
// Thread: net. PeerFault on open: not authentic, replayed or malformed. Refused on seal: the number was used before.
Result<std::unique_ptr<ports::Sealer>> make_sealer(const ports::SecureChannel& channel, ports::End self,
                                                   std::string session_id);

}  // namespace beside::e2e
