// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/stun.h"

#include <fmt/core.h>

#include <algorithm>

namespace beside::wire {
namespace {

constexpr std::uint32_t kMagic = 0x2112A442;       // RFC 8489 5
constexpr std::uint32_t kFingerprintXor = 0x5354554e;
constexpr std::size_t kHeader = 20;
// RFC 8489 18.3, RFC 8445 16.1
constexpr std::uint16_t kUsername = 0x0006, kIntegritySha1 = 0x0008, kErrorCode = 0x0009, kUnknown = 0x000A,
                        kIntegritySha256 = 0x001C, kXorMapped = 0x0020, kPriority = 0x0024, kUseCandidate = 0x0025,
                        kFingerprint = 0x8028;

struct CrcTable {
  std::array<std::uint32_t, 256> at{};
  constexpr CrcTable() {
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      at[i] = c;
    }
  }
};
constexpr CrcTable kCrc;

void set_length(Bytes& message, std::size_t length) {
  message[2] = static_cast<std::uint8_t>(length >> 8);
  message[3] = static_cast<std::uint8_t>(length);
}

void put_attribute(ByteWriter& out, std::uint16_t type, ByteSpan value) {
  out.u16(type);
  out.u16(static_cast<std::uint16_t>(value.size()));
  out.bytes(value);
  for (std::size_t pad = value.size(); pad % 4 != 0; ++pad) out.u8(0);
}

// XOR-MAPPED-ADDRESS, 14.2. Its key is the magic cookie followed by the transaction id.
std::array<std::uint8_t, 16> address_key(const TransactionId& id) {
  std::array<std::uint8_t, 16> key{0x21, 0x12, 0xA4, 0x42};
  std::copy(id.begin(), id.end(), key.begin() + 4);
  return key;
}

Result<StunAddress> parse_mapped(ByteSpan value, const TransactionId& id) {
  ByteReader in(value);
  in.skip(1);
  const std::uint8_t family = in.u8();
  BS_PEER_CHECK(family == 1 || family == 2, "wire/stun: mapped address family");
  StunAddress address;
  address.v6 = family == 2;
  address.port = static_cast<std::uint16_t>(in.u16() ^ (kMagic >> 16));
  const ByteSpan raw = in.rest();
  BS_PEER_CHECK(!in.failed() && raw.size() == (address.v6 ? 16u : 4u), "wire/stun: mapped address length");
  const auto key = address_key(id);
  for (std::size_t i = 0; i < raw.size(); ++i) address.ip[i] = raw[i] ^ key[i];
  return address;
}

Result<void> take_attribute(StunMessage& m, std::uint16_t type, ByteSpan value) {
  switch (type) {
    case kUsername:
      BS_PEER_CHECK(value.size() <= 508 && is_utf8(as_text(value)), "wire/stun: username");
      m.username = to_string(value);
      return {};
    case kErrorCode: {
      BS_PEER_CHECK(value.size() >= 4 && value.size() <= 4 + 763, "wire/stun: error code length");
      const unsigned cls = value[2] & 7u, number = value[3];
      BS_PEER_CHECK(cls >= 3 && cls <= 6 && number <= 99, "wire/stun: error code");
      BS_PEER_CHECK(is_utf8(as_text(value.subspan(4))), "wire/stun: error reason");
      m.error_code = static_cast<std::uint16_t>(cls * 100 + number);
      m.error_reason = to_string(value.subspan(4));
      return {};
    }
    case kXorMapped: {
      auto address = parse_mapped(value, m.transaction);
      if (!address) return fail(address);
      m.mapped = *address;
      return {};
    }
    case kUseCandidate:
      BS_PEER_CHECK(value.empty(), "wire/stun: use-candidate length");
      m.use_candidate = true;
      return {};
    case kStunRelayCookie:
      BS_PEER_CHECK(!value.empty() && value.size() <= 32, "wire/stun: cookie length");
      m.cookie = to_bytes(value);
      return {};
    case kIntegritySha1:  // understood, but what counts for us is the SHA-256 one
    case kPriority:
    case kUnknown:
      return {};
    default:
      if (type < 0x8000 && m.unknown_required.size() < 32) m.unknown_required.push_back(type);
      return {};
  }
}

}  // namespace

DatagramKind classify_datagram(ByteSpan datagram) {
  if (datagram.empty()) return DatagramKind::Unknown;
  const std::uint8_t first = datagram[0];
  if (first <= 3) return DatagramKind::Stun;
  if (first >= 16 && first <= 19) return DatagramKind::Zrtp;
  if (first >= 20 && first <= 63) return DatagramKind::Dtls;
  if (first >= 64 && first <= 79) return DatagramKind::TurnChannel;
  if (first >= 128 && first <= 191 && datagram.size() >= 2)
    return datagram[1] >= 192 && datagram[1] <= 223 ? DatagramKind::Rtcp : DatagramKind::Rtp;
  return DatagramKind::Unknown;
}

std::uint32_t crc32(ByteSpan data) {
  std::uint32_t c = 0xFFFFFFFFu;
  for (std::uint8_t byte : data) c = kCrc.at[(c ^ byte) & 0xFFu] ^ (c >> 8);
  return c ^ 0xFFFFFFFFu;
}

Result<StunMessage> parse_stun(ByteSpan datagram) {
  BS_PEER_CHECK(datagram.size() >= kHeader && datagram.size() <= kMaxStunBytes, "wire/stun: size");
  ByteReader in(datagram);
  const std::uint16_t type = in.u16();
  const std::uint16_t length = in.u16();
  BS_PEER_CHECK((type & 0xC000u) == 0, "wire/stun: first bits");
  BS_PEER_CHECK(in.u32() == kMagic, "wire/stun: magic cookie");
  BS_PEER_CHECK(length % 4 == 0 && length == datagram.size() - kHeader, "wire/stun: length");
  StunMessage m;
  m.cls = static_cast<StunClass>((type >> 4 & 1u) | (type >> 7 & 2u));
  m.method = static_cast<std::uint16_t>((type & 0xFu) | (type >> 1 & 0x70u) | (type >> 2 & 0xF80u));
  BS_PEER_CHECK(m.method == kStunBinding, "wire/stun: method");
  const ByteSpan id = in.bytes(12);
  std::copy(id.begin(), id.end(), m.transaction.begin());
  while (in.remaining() > 0) {
    BS_PEER_CHECK(!m.has_fingerprint, "wire/stun: fingerprint not last");
    const std::size_t at = in.position();
    const std::uint16_t attribute = in.u16();
    const std::uint16_t size = in.u16();
    const ByteSpan value = in.bytes(size);
    in.skip((4 - size % 4u) % 4u);
    BS_PEER_CHECK(!in.failed(), "wire/stun: attribute length");
    if (attribute == kFingerprint) {
      BS_PEER_CHECK(value.size() == 4, "wire/stun: fingerprint length");
      BS_PEER_CHECK(ByteReader(value).u32() == (crc32(datagram.first(at)) ^ kFingerprintXor), "wire/stun: fingerprint");
      m.has_fingerprint = true;
    } else if (m.mac) {
      continue;  // 14.6: what follows the integrity is ignored
    } else if (attribute == kIntegritySha256) {
      // Truncated forms (16..28 bytes) are allowed by 14.6 and refused here: both ends are ours.
      BS_PEER_CHECK(value.size() == 32, "wire/stun: integrity length");
      m.mac.emplace();
      std::copy(value.begin(), value.end(), m.mac->begin());
      m.mac_offset = at;
    } else if (auto ok = take_attribute(m, attribute, value); !ok) {
      return fail(ok);
    }
  }
  return m;
}

Bytes stun_mac_input(ByteSpan datagram, const StunMessage& message) {
  if (!message.mac || message.mac_offset < kHeader || message.mac_offset > datagram.size()) return {};
  Bytes covered = to_bytes(datagram.first(message.mac_offset));
  set_length(covered, message.mac_offset - kHeader + 36);
  return covered;
}

Bytes build_stun(const StunMessage& m, const StunMac& mac) {
  Bytes out;
  out.reserve(128);
  ByteWriter w(out);
  const unsigned cls = static_cast<unsigned>(m.cls);
  w.u16(static_cast<std::uint16_t>((m.method & 0xFu) | (m.method & 0x70u) << 1 | (m.method & 0xF80u) << 2 | (cls & 1u) << 4 |
                                   (cls & 2u) << 7));
  w.u16(0);
  w.u32(kMagic);
  w.bytes(m.transaction);
  if (!m.username.empty()) put_attribute(w, kUsername, as_bytes(m.username));
  if (m.error_code != 0) {
    Bytes value{0, 0, static_cast<std::uint8_t>(m.error_code / 100), static_cast<std::uint8_t>(m.error_code % 100)};
    value.insert(value.end(), m.error_reason.begin(), m.error_reason.end());
    put_attribute(w, kErrorCode, value);
  }
  if (m.mapped) {
    const auto key = address_key(m.transaction);
    Bytes value{0, static_cast<std::uint8_t>(m.mapped->v6 ? 2 : 1)};
    ByteWriter(value).u16(static_cast<std::uint16_t>(m.mapped->port ^ (kMagic >> 16)));
    for (std::size_t i = 0; i < (m.mapped->v6 ? 16u : 4u); ++i) value.push_back(m.mapped->ip[i] ^ key[i]);
    put_attribute(w, kXorMapped, value);
  }
  if (m.use_candidate) put_attribute(w, kUseCandidate, {});
  if (!m.cookie.empty()) put_attribute(w, kStunRelayCookie, m.cookie);
  if (mac) {
    set_length(out, out.size() - kHeader + 36);
    put_attribute(w, kIntegritySha256, mac(out));
  }
  set_length(out, out.size() - kHeader + 8);
  const std::uint32_t fingerprint = crc32(out) ^ kFingerprintXor;
  w.u16(kFingerprint);
  w.u16(4);
  w.u32(fingerprint);
  return out;
}

std::string dump_stun(const StunMessage& m) {
  static constexpr const char* kClasses[] = {"request", "indication", "success", "error"};
  std::string out = fmt::format("STUN Binding {} id={}", kClasses[static_cast<std::size_t>(m.cls) & 3u], to_hex(m.transaction));
  if (!m.username.empty()) out += fmt::format(" username={} bytes", m.username.size());
  if (!m.cookie.empty()) out += fmt::format(" cookie={} bytes", m.cookie.size());
  if (m.error_code != 0) out += fmt::format(" error={}", m.error_code);
  if (m.use_candidate) out += " use-candidate";
  if (m.mac) out += " integrity";
  if (m.has_fingerprint) out += " fingerprint";
  return out;
}

}  // namespace beside::wire
