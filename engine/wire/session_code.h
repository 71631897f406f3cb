// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "engine/base/secret.h"

namespace beside::wire {

// PROTOCOL 2: locator (three digits or more), six secret digits, one check digit (Damm) over all before it.
struct SessionCode {
  std::string locator;
  SecretText secret;  // six ASCII digits
};
enum class CodeFault {
  Malformed,   // not digits, or fewer than 10, or more than 16
  CheckDigit,  // a digit was mistyped: caught before anything is spent
};

// Spaces, hyphens and dots between digits are skipped. Split from the right, so that a relay cannot move the border.
tl::expected<SessionCode, CodeFault> parse_code(std::string_view text);
// Digits only, check digit appended. The locator has 3..9 digits, the secret six; others give an empty text.
std::string make_code(std::string_view locator, const SecretText& secret);
// "4829135074" -> "482 913 5074".
std::string format_code(std::string_view digits);
// Damm's check digit (H. M. Damm, 2004) of decimal digits: finds every single wrong digit and every swap of neighbours.
char damm_digit(std::string_view digits);

}  // namespace beside::wire
