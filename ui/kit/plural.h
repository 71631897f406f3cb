// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace beside::kit {

// The value of a Plural-Forms expression ("n != 1", C's operators, GNU gettext manual 11.2.6) for n; 0 when it is
// malformed or nested deeper than 32.
std::size_t plural_form(std::string_view expression, std::uint64_t n);

}  // namespace beside::kit
