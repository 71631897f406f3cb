// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/secret.h"

namespace beside::crypto {

// The first rule that a proposed password breaks, in the order in which people should hear of it.
enum class PasswordRule {
  None,       // it may be used
  TooShort,   // fewer than 8 characters (code points)
  TooLong,    // more than 256 bytes
  NotText,    // not well-formed UTF-8, or a control character
  NoUpper,    // no upper case letter
  NoDigit,
  NoSpecial,  // nothing but letters and digits
  TooCommon,  // on the list of common passwords, a variant of one, or made of the login name
};

// `login` may be empty. Upper case letters are ASCII, Latin-1 and the Latin, Greek and Cyrillic blocks that come in pairs.
PasswordRule check_password(const SecretText& password, std::string_view login);
// "length", "upper", "digit", "special", "text" or "common", as the relay names it to clients; empty for None.
const char* name_of(PasswordRule rule);

// Argon2id (RFC 9106), 64 MiB, 3 passes, 1 lane, as the usual "$argon2id$v=19$m=65536,t=3,p=1$..." text.
// Takes about a tenth of a second: never call on a thread that serves others. Environment: no memory.
Result<std::string> hash_password(const SecretText& password);
// False for a wrong password and for text that is no such hash.
bool verify_password(std::string_view encoded, const SecretText& password);
// True when `encoded` was made with other costs than today's and should be made anew at the next good sign-in.
bool password_needs_rehash(std::string_view encoded);

}  // namespace beside::crypto
