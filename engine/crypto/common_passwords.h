// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace beside::crypto {

// True when `base` (lower case, look-alike signs already read as letters, signs and digits at both ends cut off) is a
// word that people take as a password.
bool is_common_base(std::string_view base);
// True when the whole password in lower case is a well-known pattern of keys.
bool is_common_pattern(std::string_view lower);

}  // namespace beside::crypto
