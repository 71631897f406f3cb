// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/password.h"

#include <sodium.h>

#include <array>
#include <bitset>
#include <string>

#include "engine/crypto/common_passwords.h"
#include "engine/crypto/sodium_ready.h"

namespace beside::crypto {
namespace {

constexpr std::size_t kMinCharacters = 8;
constexpr std::size_t kMaxBytes = 256;
constexpr unsigned long long kPasses = 3;
constexpr std::size_t kMemoryBytes = 64u << 20;
// More signs and digits than this around a common word make a password of their own.
constexpr std::size_t kMaxTrimmings = 8;

// Reads one code point of text known to be well-formed.
char32_t next_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  char32_t c = length == 1 ? byte(0) : byte(0) & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) c = c << 6 | (byte(i) & 0x3Fu);
  text.remove_prefix(length);
  return c;
}

bool is_upper(char32_t c) {
  const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (in('A', 'Z')) return true;
  if (in(0xC0, 0xDE)) return c != 0xD7;
  if (in(0x100, 0x137) || in(0x14A, 0x177)) return c % 2 == 0;
  if (in(0x139, 0x148) || in(0x179, 0x17E)) return c % 2 == 1;
  return c == 0x178 || c == 0x1E9E || c == 0x386 || in(0x388, 0x38F) || in(0x391, 0x3AB) || in(0x400, 0x42F);
}

bool is_special(char32_t c) {
  const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  return in(0x20, 0x2F) || in(0x3A, 0x40) || in(0x5B, 0x60) || in(0x7B, 0x7E) ||
         (in(0xA0, 0xBF) && c != 0xAA && c != 0xBA) || c == 0xD7 || c == 0xF7 || in(0x2000, 0x2BFF) ||
         in(0x3000, 0x303F) || c >= 0x1F000;
}

// ASCII letters, and the two-byte upper case letters of Latin-1 (Ä, Ö, Ü).
std::string lower_case(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    if (c >= 'A' && c <= 'Z') out[i] = static_cast<char>(c + 32);
    if (i > 0 && static_cast<unsigned char>(out[i - 1]) == 0xC3 && c >= 0x80 && c <= 0x9E && c != 0x97)
      out[i] = static_cast<char>(c + 32);
  }
  return out;
}

bool is_letter_byte(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

// Signs and digits at both ends cut off, spaces and joints inside dropped, look-alikes read as letters.
std::string base_of(std::string_view lower, bool look_alike_ends) {
  const auto as_letter = [](char c) -> char {
    switch (c) {
      case '0': return 'o';
      case '1': case '!': case '|': return 'i';
      case '3': return 'e';
      case '4': case '@': return 'a';
      case '5': case '$': return 's';
      case '7': case '+': return 't';
      case '8': return 'b';
      case '9': return 'g';
      default: return c;
    }
  };
  const auto keeps = [&](char c) { return is_letter_byte(c) || (look_alike_ends && (c == '@' || c == '$' || c == '0')); };
  while (!lower.empty() && !keeps(lower.front())) lower.remove_prefix(1);
  while (!lower.empty() && !keeps(lower.back())) lower.remove_suffix(1);
  std::string out;
  for (char c : lower)
    if (is_letter_byte(as_letter(c))) out += as_letter(c);
  return out;
}

bool is_repetition(const std::string& text, std::string& unit) {
  for (std::size_t n = 1; n <= text.size() / 2; ++n) {
    if (text.size() % n != 0) continue;
    bool same = true;
    for (std::size_t i = n; i < text.size() && same; ++i) same = text[i] == text[i - n];
    if (same) {
      unit = text.substr(0, n);
      return true;
    }
  }
  return false;
}

bool is_common(std::string_view password, std::string_view login) {
  const std::string lower = lower_case(password);
  if (is_common_pattern(lower)) return true;
  std::bitset<256> seen;
  for (char c : lower) seen.set(static_cast<unsigned char>(c));
  if (seen.count() <= 4) return true;

  std::string own = lower_case(login.substr(0, login.find('@')));
  for (const bool look_alike_ends : {false, true}) {
    std::string base = base_of(lower, look_alike_ends);
    // Hardly a letter in it: mostly a date or a row of digits with the one capital that the rules ask for.
    if (base.size() <= 2 && lower.size() <= 10) return true;
    if (lower.size() - base.size() > kMaxTrimmings) continue;
    std::string unit;
    if (is_repetition(base, unit)) base = unit;
    if (base.size() <= 2 || is_common_base(base)) return true;
    if (own.size() >= 3 && base == base_of(own, look_alike_ends)) return true;
  }
  // The login name as it stands, with a few digits and signs before or after it.
  if (own.size() >= 3) {
    const std::size_t at = lower.find(own);
    if (at != std::string::npos) {
      std::size_t letters_left = 0;
      for (std::size_t i = 0; i < lower.size(); ++i)
        if ((i < at || i >= at + own.size()) && is_letter_byte(lower[i])) ++letters_left;
      if (letters_left <= 2) return true;
    }
  }
  return false;
}

}  // namespace

PasswordRule check_password(const SecretText& password, std::string_view login) {
  const std::string_view text = password.reveal();
  if (text.size() > kMaxBytes) return PasswordRule::TooLong;
  if (!is_utf8(text)) return PasswordRule::NotText;
  std::size_t characters = 0;
  bool upper = false, digit = false, special = false;
  for (std::string_view rest = text; !rest.empty(); ++characters) {
    const char32_t c = next_code_point(rest);
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return PasswordRule::NotText;
    upper |= is_upper(c);
    digit |= c >= '0' && c <= '9';
    special |= is_special(c);
  }
  if (characters < kMinCharacters) return PasswordRule::TooShort;
  if (!upper) return PasswordRule::NoUpper;
  if (!digit) return PasswordRule::NoDigit;
  if (!special) return PasswordRule::NoSpecial;
  return is_common(text, login) ? PasswordRule::TooCommon : PasswordRule::None;
}

const char* name_of(PasswordRule rule) {
  switch (rule) {
    case PasswordRule::None: return "";
    case PasswordRule::TooShort: case PasswordRule::TooLong: return "length";
    case PasswordRule::NotText: return "text";
    case PasswordRule::NoUpper: return "upper";
    case PasswordRule::NoDigit: return "digit";
    case PasswordRule::NoSpecial: return "special";
    case PasswordRule::TooCommon: return "common";
  }
  return "";
}

Result<std::string> hash_password(const SecretText& password) {
  sodium_ready();
  std::array<char, crypto_pwhash_STRBYTES> out{};
  const std::string_view text = password.reveal();
  if (crypto_pwhash_argon2id_str(out.data(), text.data(), text.size(), kPasses, kMemoryBytes) != 0)
    return fail(ErrorKind::Environment, "crypto/password: hash", "out of memory");
  return std::string(out.data());
}

bool verify_password(std::string_view encoded, const SecretText& password) {
  sodium_ready();
  if (encoded.size() >= crypto_pwhash_STRBYTES) return false;
  // The library reads up to the terminator.
  std::array<char, crypto_pwhash_STRBYTES> text{};
  encoded.copy(text.data(), encoded.size());
  const std::string_view typed = password.reveal();
  return crypto_pwhash_argon2id_str_verify(text.data(), typed.data(), typed.size()) == 0;
}

bool password_needs_rehash(std::string_view encoded) {
  sodium_ready();
  if (encoded.size() >= crypto_pwhash_STRBYTES) return true;
  std::array<char, crypto_pwhash_STRBYTES> text{};
  encoded.copy(text.data(), encoded.size());
  return crypto_pwhash_argon2id_str_needs_rehash(text.data(), kPasses, kMemoryBytes) != 0;
}

}  // namespace beside::crypto
