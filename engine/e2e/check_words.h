// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"

namespace beside::e2e {

constexpr std::size_t kWordCount = 2048;

// The list of a language ("en", "de", "it", also "de_AT" and the like); English for any other. From assets/words,
// embedded at build time.
std::span<const std::string_view, kWordCount> word_list(std::string_view language);

// Four words for the first 44 bits of `digest` (at least 6 bytes). The same digest gives the same places in every list.
std::array<std::string, 4> check_words_of(ByteSpan digest, std::string_view language);

}  // namespace beside::e2e
