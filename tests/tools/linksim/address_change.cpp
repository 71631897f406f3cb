// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/linksim/address_change.h"

#include <arpa/inet.h>

#include <algorithm>

namespace beside::linksim {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17, kIcmp6 = 58;

std::uint16_t word(ByteSpan bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

// RFC 1624 equation 3 for each changed 16-bit word of the checksum at `at`.
void correct(MutableByteSpan packet, std::size_t at, ByteSpan before, ByteSpan after) {
  std::uint32_t sum = static_cast<std::uint16_t>(~word(packet, at));
  for (std::size_t i = 0; i + 1 < before.size(); i += 2) sum += static_cast<std::uint16_t>(~word(before, i)) + std::uint32_t{word(after, i)};
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  const auto out = static_cast<std::uint16_t>(~sum);
  packet[at] = static_cast<std::uint8_t>(out >> 8);
  packet[at + 1] = static_cast<std::uint8_t>(out);
}

}  // namespace

std::optional<AddressChange> AddressChange::parse(const std::string& inside, const std::string& outside) {
  AddressChange out;
  if (inet_pton(AF_INET, inside.c_str(), out.inside_.data()) == 1 && inet_pton(AF_INET, outside.c_str(), out.outside_.data()) == 1) return out;
  out.v6_ = true;
  if (inet_pton(AF_INET6, inside.c_str(), out.inside_.data()) == 1 && inet_pton(AF_INET6, outside.c_str(), out.outside_.data()) == 1) return out;
  return std::nullopt;
}

void AddressChange::rewrite(MutableByteSpan packet, bool source) const {
  const std::size_t size = v6_ ? 16 : 4, fixed = v6_ ? 40 : 20;
  if (packet.size() < fixed || packet[0] >> 4 != (v6_ ? 6 : 4)) return;
  const std::size_t at = v6_ ? (source ? 8u : 24u) : (source ? 12u : 16u);
  const ByteSpan before = ByteSpan(source ? inside_ : outside_).first(size), after = ByteSpan(source ? outside_ : inside_).first(size);
  if (!std::equal(before.begin(), before.end(), packet.begin() + static_cast<std::ptrdiff_t>(at))) return;
  const std::size_t head = v6_ ? 40 : (packet[0] & 15u) * 4u;
  const std::uint8_t protocol = packet[v6_ ? 6 : 9];
  const bool first = v6_ || (word(packet, 6) & 0x1fff) == 0;
  if (!v6_) correct(packet, 10, before, after);
  const std::size_t sum_at = head + (protocol == kTcp ? 16u : protocol == kUdp ? 6u : 2u);
  const bool covered = protocol == kTcp || protocol == kUdp || protocol == kIcmp6;
  // UDP over IPv4 may carry no checksum at all (RFC 768).
  if (first && covered && sum_at + 2 <= packet.size() && !(protocol == kUdp && word(packet, sum_at) == 0)) correct(packet, sum_at, before, after);
  std::copy(after.begin(), after.end(), packet.begin() + static_cast<std::ptrdiff_t>(at));
}

bool AddressChange::gone(ByteSpan packet) const {
  const std::size_t size = v6_ ? 16 : 4, at = v6_ ? 24 : 16;
  return packet.size() >= at + size && packet[0] >> 4 == (v6_ ? 6 : 4) &&
         std::equal(inside_.begin(), inside_.begin() + static_cast<std::ptrdiff_t>(size), packet.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace beside::linksim
