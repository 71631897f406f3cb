// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/hostile/secrets.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace beside::test {

void SecretSearch::add(std::string bytes, const std::string& form) {
  const auto start = static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0])) << 8 | static_cast<std::uint8_t>(bytes[1]);
  by_start_[start].push_back(needles_.size());
  needles_.push_back({std::move(bytes), form, secrets_.size() - 1});
}

void SecretSearch::plant(const std::string& secret) {
  secrets_.push_back(secret);
  add(secret, "plain");
  const std::string hex = to_hex(as_bytes(secret));
  std::string upper = hex;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  add(hex, "hex");
  if (upper != hex) add(upper, "HEX");
  std::string wide;
  for (char c : secret) {
    wide.push_back(c);
    wide.push_back('\0');
  }
  add(wide, "UTF-16LE");
  for (std::size_t shift = 0; shift < 3; ++shift) {
    // Only the characters that the secret alone decides.
    const std::string text = to_base64url(as_bytes(std::string(shift, '?') + secret));
    const std::size_t from = shift == 0 ? 0 : shift + 1;
    const std::size_t whole = (shift + secret.size()) * 8 / 6;
    const std::string url = text.substr(from, whole - from);
    if (url.size() < 5) continue;
    add(url, "base64url");
    std::string classic = url;
    std::replace(classic.begin(), classic.end(), '-', '+');
    std::replace(classic.begin(), classic.end(), '_', '/');
    if (classic != url) add(classic, "base64");
  }
}

std::vector<std::string> SecretSearch::find_in(ByteSpan record) const {
  std::set<std::size_t> seen;
  std::vector<std::string> out;
  for (std::size_t at = 0; at + 1 < record.size(); ++at) {
    for (std::size_t n : by_start_[static_cast<std::size_t>(record[at]) << 8 | record[at + 1]]) {
      const Needle& needle = needles_[n];
      if (needle.bytes.size() > record.size() - at || std::memcmp(record.data() + at, needle.bytes.data(), needle.bytes.size()) != 0) continue;
      if (seen.insert(needle.secret).second) out.push_back(secrets_[needle.secret] + " (" + needle.form + ")");
    }
  }
  return out;
}

}  // namespace beside::test
