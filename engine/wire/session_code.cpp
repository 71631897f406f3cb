// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/session_code.h"

#include <array>
#include <cstdint>

namespace beside::wire {
namespace {

// The totally anti-symmetric quasigroup of order 10 in Damm's thesis.
constexpr std::array<std::array<std::uint8_t, 10>, 10> kQuasigroup{{
    {0, 3, 1, 7, 5, 9, 8, 6, 4, 2},
    {7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
    {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
    {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
    {6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
    {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
    {5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
    {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
    {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
    {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}};

constexpr std::size_t kLeast = 10, kMost = 16, kSecretDigits = 6;

bool all_digits(std::string_view text) {
  for (char c : text)
    if (c < '0' || c > '9') return false;
  return true;
}

}  // namespace

char damm_digit(std::string_view digits) {
  std::uint8_t state = 0;
  for (char c : digits) state = kQuasigroup[state][static_cast<std::size_t>(c - '0') % 10];
  return static_cast<char>('0' + state);
}

tl::expected<SessionCode, CodeFault> parse_code(std::string_view text) {
  std::array<char, kMost> digits{};
  std::size_t count = 0;
  auto done = [&](auto value) {
    wipe({reinterpret_cast<std::uint8_t*>(digits.data()), digits.size()});
    return value;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '-' || c == '.' || c == '\t') continue;
    // A code copied from a page may hold no-break spaces (U+00A0, U+202F).
    if (text.substr(i, 2) == "\xc2\xa0") { i += 1; continue; }
    if (text.substr(i, 3) == "\xe2\x80\xaf") { i += 2; continue; }
    if (c < '0' || c > '9' || count == kMost) return done(tl::make_unexpected(CodeFault::Malformed));
    digits[count++] = c;
  }
  if (count < kLeast) return done(tl::make_unexpected(CodeFault::Malformed));
  const std::string_view all(digits.data(), count);
  if (damm_digit(all) != '0') return done(tl::make_unexpected(CodeFault::CheckDigit));
  const std::size_t border = count - 1 - kSecretDigits;
  SessionCode code;
  code.locator = std::string(all.substr(0, border));
  code.secret = SecretText(all.substr(border, kSecretDigits));
  wipe({reinterpret_cast<std::uint8_t*>(digits.data()), digits.size()});
  return code;
}

std::string make_code(std::string_view locator, const SecretText& secret) {
  const std::string_view digits = secret.reveal();
  if (locator.size() < 3 || locator.size() > 9 || digits.size() != kSecretDigits) return {};
  if (!all_digits(locator) || !all_digits(digits)) return {};
  std::string code(locator);
  code += digits;
  code += damm_digit(code);
  return code;
}

std::string format_code(std::string_view digits) {
  std::string out;
  while (digits.size() > 4) {
    out += digits.substr(0, 3);
    out += ' ';
    digits.remove_prefix(3);
  }
  out += digits;
  return out;
}

}  // namespace beside::wire
