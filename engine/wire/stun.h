// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace beside::wire {

// RFC 7983 section 7 by the first byte, and RFC 5761 section 4 between RTP and RTCP.
enum class DatagramKind : std::uint8_t { Unknown, Stun, Zrtp, Dtls, TurnChannel, Rtp, Rtcp };
DatagramKind classify_datagram(ByteSpan datagram);
inline bool is_stun(ByteSpan datagram) { return classify_datagram(datagram) == DatagramKind::Stun; }

enum class StunClass : std::uint8_t { Request = 0, Indication = 1, Success = 2, Error = 3 };
constexpr std::uint16_t kStunBinding = 0x001;
// Our own attribute, in the comprehension-optional range for first come, first served: the relay's proof that the
// answer was seen at the address it was sent to.
constexpr std::uint16_t kStunRelayCookie = 0xC0BE;
constexpr std::size_t kMaxStunBytes = 1280;
using TransactionId = std::array<std::uint8_t, 12>;

struct StunAddress {                      // XOR-MAPPED-ADDRESS, as a browser's ICE agent expects it
  std::uint16_t port = 0;
  std::array<std::uint8_t, 16> ip{};      // IPv4 in the first four
  bool v6 = false;
  bool operator==(const StunAddress&) const = default;
};

// A Binding request, response or error (RFC 8489). No SOFTWARE is ever sent.
struct StunMessage {
  StunClass cls = StunClass::Request;
  std::uint16_t method = kStunBinding;
  TransactionId transaction{};
  std::string username;                   // USERNAME; 508 bytes at most
  Bytes cookie;                           // kStunRelayCookie; 32 bytes at most
  std::uint16_t error_code = 0;           // ERROR-CODE, 300..699
  std::string error_reason;
  std::optional<StunAddress> mapped;
  bool use_candidate = false;             // RFC 8445 7.1.2
  // Set by the parser only:
  bool has_fingerprint = false;
  std::optional<std::array<std::uint8_t, 32>> mac;  // MESSAGE-INTEGRITY-SHA256, not yet verified
  std::size_t mac_offset = 0;             // of that attribute in the datagram
  std::vector<std::uint16_t> unknown_required;  // comprehension-required attributes that we do not know (420)
};

// HMAC-SHA256 with the short-term key, given by whoever may use engine/crypto.
using StunMac = std::function<std::array<std::uint8_t, 32>(ByteSpan)>;

// Checks magic cookie, lengths, and FINGERPRINT where there is one (it must be last and right). Attributes after the
// integrity are ignored but for FINGERPRINT (14.6). Errors: PeerFault.
Result<StunMessage> parse_stun(ByteSpan datagram);
// What MESSAGE-INTEGRITY-SHA256 covers: everything before it with the length field set as 14.6 says. The caller
// computes the HMAC of this and compares it with message.mac in constant time.
Bytes stun_mac_input(ByteSpan datagram, const StunMessage& message);
// With a mac: USERNAME..., MESSAGE-INTEGRITY-SHA256, FINGERPRINT; without: FINGERPRINT alone.
Bytes build_stun(const StunMessage& message, const StunMac& mac);
// CRC-32 of ISO 3309 (zlib's), as FINGERPRINT uses it.
std::uint32_t crc32(ByteSpan data);
std::string dump_stun(const StunMessage& message);

}  // namespace beside::wire
