// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/address_key.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace beside::relay {
namespace {

struct Parsed {
  int family = 0;  // 4, 6, or 0: no address
  std::array<std::uint8_t, 16> bytes{};
};

Parsed parse(std::string_view ip) {
  Parsed out;
  const std::string text(ip.substr(0, ip.find('%')));  // a scope id says nothing about who it is
  std::array<std::uint8_t, 16> raw{};
  if (inet_pton(AF_INET, text.c_str(), raw.data()) == 1) {
    out.family = 4;
    out.bytes = raw;
    return out;
  }
  if (inet_pton(AF_INET6, text.c_str(), raw.data()) != 1) return out;
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(raw.data(), kMapped.data(), kMapped.size()) == 0) {
    out.family = 4;
    std::memcpy(out.bytes.data(), raw.data() + 12, 4);
    return out;
  }
  out.family = 6;
  out.bytes = raw;
  return out;
}

std::string v4_text(const std::array<std::uint8_t, 16>& bytes, std::size_t keep) {
  std::string out;
  for (std::size_t i = 0; i < keep; ++i) out += (i == 0 ? "" : ".") + std::to_string(bytes[i]);
  return out;
}

std::string v6_text(std::array<std::uint8_t, 16> bytes, std::size_t keep, std::string_view suffix) {
  std::memset(bytes.data() + keep, 0, bytes.size() - keep);
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  return std::string(text) + std::string(suffix);
}

}  // namespace

std::string address_key(std::string_view ip) {
  const Parsed p = parse(ip);
  if (p.family == 4) return v4_text(p.bytes, 4);
  if (p.family == 6) return v6_text(p.bytes, 8, "/64");
  return "?";
}

std::string truncated_address(std::string_view ip) {
  const Parsed p = parse(ip);
  if (p.family == 4) return v4_text(p.bytes, 3) + ".0/24";
  if (p.family == 6) return v6_text(p.bytes, 6, "/48");
  return "?";
}

}  // namespace beside::relay
